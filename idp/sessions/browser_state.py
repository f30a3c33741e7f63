"""The browser state: a cookie that scripts of our own iframe may read, and that changes when somebody else is signed in or nobody.

It is a keyed digest of the session's id: it stays while the person proves more, and tells nothing to whoever reads it (OpenID
Connect Session Management 1.0 §3).
"""

import hmac
import uuid

from werkzeug.wrappers import Response

from idp.at_hand import this_application, this_request
from idp.sealing import current_keys
from idp.settings import current_settings

KEY = "hopnhat.browser_state_key"


def cookie_name() -> str:
    """The cookie's name."""
    return "__Host-hopnhat-state" if current_settings().is_https else "hopnhat_state"


def state_of(session_id: uuid.UUID | None) -> str:
    """What the cookie holds while this session lives; empty when nobody is signed in."""
    if session_id is None:
        return ""
    known = this_application().extensions
    key: bytes | None = known.get(KEY)
    if key is None:
        key = known[KEY] = current_keys().derive_key("browser state")
    return hmac.digest(key, session_id.bytes, "sha256")[:16].hex()


def keep(response: Response, state: str) -> None:
    """Let the browser hold this state; nothing is sent when it does already."""
    name, brought = cookie_name(), this_request().environ.get("HTTP_COOKIE", "")  # looked for as text: each answer to a client passes here
    if f"{name}={state}" in brought if state else f"{name}=" not in brought:
        return
    https = current_settings().is_https
    if not state:
        response.delete_cookie(name, path="/", secure=https, samesite="None" if https else "Lax")
        return
    # Not HttpOnly: our iframe's script reads it. SameSite=None: the iframe stands in a page of another site.
    response.set_cookie(name, state, path="/", secure=https, samesite="None" if https else "Lax")


def forget(response: Response) -> None:
    """Another session begins or none is left: applications that look find a change."""
    keep(response, "")
