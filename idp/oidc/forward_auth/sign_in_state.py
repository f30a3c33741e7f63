"""What travels as `state` while somebody signs in to a guarded site: sealed, and good in the one browser in which it began.

The PKCE verifier is in it as well: nobody but this provider can read it, and nothing has to be stored for a sign-in under way.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import request
from werkzeug.wrappers import Response

from idp import clock
from idp.oidc.forward_auth.guarded_site import GuardedSite
from idp.opaque_tokens import digest, new_token
from idp.sealing import SealBroken, current_keys
from idp.settings import current_settings

CONTEXT = "forward-auth state"
LONGEST = 2000


class StateUnusable(Exception):
    """Not a state of this site, not of this browser, or too old."""


@dataclass(frozen=True)
class SignInState:
    """Where the person wants to get, a path of the site, and the verifier of the code that will come (RFC 7636)."""

    target: str
    code_verifier: str


def begin(response: Response, site: GuardedSite, binding: str) -> None:
    """Let the browser keep what binds a sign-in to it. One value for all its sign-ins: people open several tabs."""
    response.set_cookie(site.browser_cookie_name, binding, path="/", secure=site.is_https, httponly=True, samesite="Lax")


def binding_of_browser(site: GuardedSite) -> str:
    """The value that this browser keeps, or a fresh one."""
    return request.cookies.get(site.browser_cookie_name) or new_token()


def seal_state(site: GuardedSite, state: SignInState, binding: str) -> str:
    """The value of the parameter `state`."""
    facts = [site.client.key.hex, site.origin, digest(binding).hex(), clock.now().timestamp(), state.target, state.code_verifier]
    return current_keys().seal_text(json.dumps(facts, separators=(",", ":")).encode(), CONTEXT)


def open_state(site: GuardedSite, sealed: str) -> SignInState:
    """What a state says. Raises StateUnusable, also for one that began in another browser: whoever sends their own answer to
    somebody else must not have them work under the sender's name."""
    try:
        facts = json.loads(current_keys().open_text(sealed[: LONGEST + 1], CONTEXT))
    except SealBroken:
        raise StateUnusable("not ours") from None
    client, origin, binding, started, target, verifier = facts
    kept = request.cookies.get(site.browser_cookie_name)
    if (client, origin) != (site.client.key.hex, site.origin) or kept is None or digest(kept).hex() != binding:
        raise StateUnusable("of another site or browser")
    if clock.now() - datetime.fromtimestamp(started, UTC) >= timedelta(seconds=current_settings().sign_in_seconds):
        raise StateUnusable("too old")
    return SignInState(target, verifier)
