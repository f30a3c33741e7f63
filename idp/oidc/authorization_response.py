"""The one writer of authorization responses: codes and errors, as a redirect or a form, always with `iss` (RFC 9207)."""

import base64
import hashlib
from urllib.parse import urlencode

from flask import Response, render_template

from idp.settings import current_settings
from idp.web.headers import forms_may_lead_to, set_policy

QUERY, FORM_POST = "query", "form_post"
SEND_SCRIPT = "document.forms[0].submit()"
_SCRIPT_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(SEND_SCRIPT.encode()).digest()).decode() + "'"


def respond(redirect_uri: str, response_mode: str, state: str | None, **parameters: str) -> Response:
    """Send the parameters to a redirect URI that was found registered (RFC 6749 §4.1.2; OAuth 2.0 Form Post Response Mode §2).

    The redirect is a 303, so that a browser never repeats a posted password at the client (RFC 9700 §4.12).
    """
    sent = {**parameters, "iss": current_settings().issuer}
    if state is not None:
        sent["state"] = state
    if response_mode == FORM_POST:
        return _form(redirect_uri, sent)
    joint = "&" if "?" in redirect_uri else "?"
    response = Response(status=303)
    response.headers["Location"] = redirect_uri + joint + urlencode(sent)
    response.headers["Cache-Control"] = "no-store"
    return response


def _form(redirect_uri: str, sent: dict[str, str]) -> Response:
    set_policy(script_src=_SCRIPT_HASH)
    forms_may_lead_to(redirect_uri)
    response = Response(render_template("oidc/form_post.html", redirect_uri=redirect_uri, sent=sent, send_script=SEND_SCRIPT))
    response.headers["Cache-Control"] = "no-store"
    return response
