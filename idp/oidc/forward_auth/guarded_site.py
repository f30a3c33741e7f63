"""A site that a proxy guards in the name of one client, and the paths below which the site's own host leads to us.

The proxy names the client in the URL that it asks; the origin is what it says of the request (X-Forwarded-Proto and -Host), and
must be one of the client's own, byte for byte. Nothing is believed because of these headers: the cookie that admits somebody is
sealed for one client and one origin, so a made-up header opens nothing but what its sender has already.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request

from clients.failure_models import FailureKind
from clients.forward_auth_origins import CALLBACK_PATH, PATH
from clients.registry import RegisteredClient, find_client
from idp.oidc.failure_notes import because, remember

SIGN_IN, SIGN_OUT = f"{PATH}/sign-in", f"{PATH}/sign-out"
LONGEST_TARGET = 1000
_TARGET = re.compile(r"/[\x21-\x7e]*")


class NotGuarded(Exception):
    """The proxy asks about a site that is not this client's: a mistake in its configuration. The text is for the operator."""


@dataclass(frozen=True)
class GuardedSite:
    """One origin of one client."""

    client: RegisteredClient
    origin: str

    @property
    def callback_uri(self) -> str:
        """The redirect URI of its sign-ins."""
        return self.origin + CALLBACK_PATH

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.origin.startswith("https://")

    @property
    def cookie_name(self) -> str:
        """The cookie that admits. With the prefix no other host of the same domain can put one in its place (RFC 6265bis §4.1.3.2);
        with the client_id in it, sites on several ports of one host do not overwrite each other's."""
        return f"{'__Host-' if self.is_https else ''}hopnhat-site-{self.client.client_id}"

    @property
    def browser_cookie_name(self) -> str:
        """The cookie that binds a sign-in under way to the browser in which it began."""
        return f"{'__Host-' if self.is_https else ''}hopnhat-browser-{self.client.client_id}"

    def sign_in_url(self, target: str, **wanted: str) -> str:
        """Where the browser goes to sign in and come back to `target`, a path of the site."""
        return f"{self.origin}{SIGN_IN}?" + urlencode({"to": target, **wanted})


def guarded_site(client_id: str) -> GuardedSite:
    """The site that this request came to. Raises NotGuarded."""
    client = find_client(client_id)
    if client is None:
        remember({"client_id": client_id})
        because(FailureKind.CLIENT_UNKNOWN, "no such client, or disabled")
        raise NotGuarded("no such client, or disabled")
    scheme, host = request.headers.get("X-Forwarded-Proto", ""), request.headers.get("X-Forwarded-Host", "")
    origin = f"{scheme}://{host}"
    if origin not in client.metadata.forward_auth_origins:
        remember({"client_id": client_id, "origin": origin})
        raise NotGuarded("X-Forwarded-Proto and X-Forwarded-Host are none of the client's forward_auth_origins")
    return GuardedSite(client, origin)


def path_of_site(written: str) -> str:
    """The path and query of the site that somebody wants; its start page for what is none, or is too long to be carried. It is
    only ever put behind the site's own origin, so it cannot lead elsewhere."""
    return written if len(written) <= LONGEST_TARGET and _TARGET.fullmatch(written) else "/"
