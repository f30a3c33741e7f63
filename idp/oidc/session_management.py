"""OpenID Connect Session Management 1.0: applications ask in an iframe of ours whether the sign-in they know of is still the one."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Blueprint, Response

from clients.registry import RegisteredClient
from idp.errors import NotFound
from idp.oidc.check_session_page import PAGE, SCRIPT_HASH
from idp.sessions import browser_state
from idp.sessions.browser_sessions import current
from idp.settings import current_settings
from idp.web.headers import set_policy
from idp.web.viewer import anyone

SALT_BYTES, CACHE_SECONDS, ORIGINS = 8, 3600, 4096
DEFAULT_PORTS = {"https": 443, "http": 80}
blueprint = Blueprint("session_management", __name__)


@blueprint.get("/check_session")
@anyone
def check_session() -> Response:
    """The iframe (§3.3): it answers each message of an application with "unchanged", "changed" or "error". No request is made."""
    if not current_settings().session_management:
        raise NotFound("")
    set_policy(script_src=SCRIPT_HASH, style_src=None, frame_ancestors=None)  # it stands in pages of every application
    cache = {"Cache-Control": f"public, max-age={CACHE_SECONDS}"}
    return Response(PAGE.replace("{cookie}", browser_state.cookie_name()), content_type="text/html; charset=utf-8", headers=cache)


@dataclass(frozen=True)
class Told:
    """What an answer says (`session_state`), and the state it was calculated with, which the browser has to hold."""

    session_state: str
    browser_state: str


def told_at(client: RegisteredClient, redirect_uri: str) -> Told | None:
    """What an answer to this client says (§2); None when session management is off, or the address is no web page."""
    origin = origin_of(redirect_uri) if current_settings().session_management else None
    if origin is None:
        return None
    live = current()
    state = browser_state.state_of(live.session_id if live else None)
    return Told(calculate(client.client_id, origin, state, secrets.token_hex(SALT_BYTES)), state)


def calculate(client_id: str, origin: str, state: str, salt: str) -> str:
    """What the iframe calculates as well (§3.2): a digest that shows a change of the state and not the state."""
    return hashlib.sha256(f"{client_id} {origin} {state} {salt}".encode()).hexdigest() + "." + salt


@lru_cache(ORIGINS)
def origin_of(url: str) -> str | None:
    """The origin as browsers write it (RFC 6454 §6.1): lower case, without the port that goes without saying."""
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, DEFAULT_PORTS[parts.scheme]) else "")
