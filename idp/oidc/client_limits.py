"""How much of what leaves a row behind one client may ask for: a program gone wild fills no database."""

from functools import lru_cache

from authlib.oauth2.rfc6749 import OAuth2Error
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute

from clients.registry import RegisteredClient
from idp.settings import current_settings
from idp.web.address_limits import is_within_for

MINUTES_A_DAY = 100  # of the full number: what is kept for a day is bounded as well


class TooManyOfClient(OAuth2Error):  # type: ignore[misc]  # authlib has no types
    """The client asks for more than it could need (RFC 9126 §2.3; RFC 6585 §4)."""

    error = "temporarily_unavailable"
    status_code = 429


def check_waiting(client: RegisteredClient, what: str) -> None:
    """For requests that wait for a person: pushed ones, devices. Raises TooManyOfClient."""
    most = current_settings().client_requests_per_minute
    _check(client, what, (RateLimitItemPerMinute(most), RateLimitItemPerDay(most * MINUTES_A_DAY)))


def check_tokens(client: RegisteredClient) -> None:
    """For tokens that a client gets without a person at a browser: its own, and exchanged ones. Raises TooManyOfClient."""
    _check(client, "tokens", (_per_minute(current_settings().client_tokens_per_minute),))


_per_minute = lru_cache(RateLimitItemPerMinute)  # a limit is a fact, and making one is a third of what counting costs


def _check(client: RegisteredClient, what: str, limits: tuple[RateLimitItem, ...]) -> None:
    """A public client proves nothing: anybody could use its number up in its name. It is counted by address, where it is served."""
    if not client.is_public and not is_within_for(client.client_id, f"client-{what}", limits):
        raise TooManyOfClient(description="the client asks too often")
