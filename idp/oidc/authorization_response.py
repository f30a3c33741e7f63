"""The one writer of authorization responses: codes and errors, as a redirect or a form, plain with `iss` (RFC 9207) or signed (JARM)."""

import base64
import hashlib
from datetime import timedelta
from urllib.parse import urlencode

import structlog
from flask import Response, render_template

from clients.profiles import profile_of
from idp import clock
from idp.oidc import signing_keys
from idp.oidc.destination import FORM_POST, FORM_POST_JWT, QUERY_JWT, Destination, unreadable
from idp.oidc.encryption import NoEncryptionKey, encrypt
from idp.oidc.session_management import told_at
from idp.sessions import browser_state
from idp.settings import current_settings
from idp.web.headers import forms_may_lead_to, set_policy

_log = structlog.get_logger()
SEND_SCRIPT = "document.forms[0].submit()"
SIGNED_SECONDS = 300  # at most ten minutes (JARM §2.1)
SCRIPT_HASH = "'sha256-" + base64.b64encode(hashlib.sha256(SEND_SCRIPT.encode()).digest()).decode() + "'"


def respond(to: Destination, **parameters: str) -> Response:
    """Send the parameters to a redirect URI that was found registered (RFC 6749 §4.1.2; OAuth 2.0 Form Post Response Mode §2).

    The redirect is a 303, so that a browser never repeats a posted password at the client (RFC 9700 §4.12).
    """
    sent = {**parameters, "iss": current_settings().issuer}
    if to.state is not None:
        sent["state"] = to.state
    session = told_at(to.client, to.redirect_uri)
    if session is not None:
        sent["session_state"] = session.session_state
    if to.response_mode in (QUERY_JWT, FORM_POST_JWT):
        sent = {"response": _signed(to, sent)}
    response = _form(to.redirect_uri, sent) if to.response_mode in (FORM_POST, FORM_POST_JWT) else _redirect(to.redirect_uri, sent)
    response.headers["Cache-Control"] = "no-store"
    if session is not None:
        browser_state.keep(response, session.browser_state)
    return response


def _redirect(redirect_uri: str, sent: dict[str, str]) -> Response:
    response = Response(status=303)
    response.headers["Location"] = redirect_uri + ("&" if "?" in redirect_uri else "?") + urlencode(sent)
    return response


def _signed(to: Destination, sent: dict[str, str]) -> str:
    """The response as a JWT (JARM §2.1, §2.2), encrypted where the client wants that. Raises Refusal when nothing can be encrypted
    to it: then what it is told cannot be sent."""
    metadata = to.client.metadata
    alg = metadata.authorization_signed_response_alg or (profile_of(metadata).signing_algorithms or ("RS256",))[0]
    expires = clock.now() + timedelta(seconds=SIGNED_SECONDS)
    signed = signing_keys.sign(alg, "JWT", {**sent, "aud": to.client.client_id, "exp": int(expires.timestamp())})
    if metadata.authorization_encrypted_response_alg is None:
        return signed
    try:
        return encrypt(
            to.client, signed, metadata.authorization_encrypted_response_alg, metadata.authorization_encrypted_response_enc, cty="JWT"
        )
    except NoEncryptionKey as none:
        _log.warning("authorization.not_encrypted", client_id=to.client.client_id, why=str(none))
        raise unreadable("no_encryption_key") from None


def _form(redirect_uri: str, sent: dict[str, str]) -> Response:
    set_policy(script_src=SCRIPT_HASH)
    forms_may_lead_to(redirect_uri)
    return Response(render_template("oidc/form_post.html", redirect_uri=redirect_uri, sent=sent, send_script=SEND_SCRIPT))
