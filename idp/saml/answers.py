"""A response on its way to an application: a form that the browser posts to it by itself, or at a press (SAML Bindings §3.5)."""

import base64

from flask import Response, render_template

from idp.oidc.authorization_response import SCRIPT_HASH, SEND_SCRIPT
from idp.web.headers import forms_may_lead_to, set_policy


def post_to(url: str, message: bytes, relay_state: str | None) -> Response:
    """The page that posts it. RelayState goes back as it came, escaped."""
    sent = {"SAMLResponse": base64.b64encode(message).decode()} | ({"RelayState": relay_state} if relay_state else {})
    set_policy(script_src=SCRIPT_HASH)
    forms_may_lead_to(url)
    response = Response(render_template("oidc/form_post.html", redirect_uri=url, sent=sent, send_script=SEND_SCRIPT))
    response.headers["Cache-Control"] = "no-store"
    return response
