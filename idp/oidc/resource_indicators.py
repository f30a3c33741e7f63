"""Resource indicators (RFC 8707): whom an access token is for, in which form, and with which of the granted scopes."""

from collections.abc import Collection, Iterable
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import OAuth2Error

from clients.metadata import JWT, SCOPES
from clients.registry import RegisteredClient
from clients.resources import find_resource
from idp.settings import current_settings

LONGEST, MOST = 500, 8


class InvalidTarget(OAuth2Error):  # type: ignore[misc]  # authlib has no types
    """A resource that is unknown, or that this client or this authorization may not be for (RFC 8707 §2)."""

    error = "invalid_target"


def read_resources(client: RegisteredClient, written: str | None) -> tuple[str, ...]:
    """The resources that the parameter names, separated by spaces; () without it. Raises InvalidTarget for what is no absolute URI
    without a fragment, and for one that the client is not registered for. This provider itself may always be asked for."""
    asked = tuple(dict.fromkeys((written or "").split()))
    allowed = {current_settings().issuer, *client.metadata.resources}
    if len(asked) > MOST or not all(_is_identifier(name) and name in allowed for name in asked):
        raise InvalidTarget(description="the client may not ask for this resource")
    return asked


def narrowed(granted: Collection[str] | None, client: RegisteredClient, written: str | None) -> tuple[str, ...]:
    """Whom a token is for: the resources asked for at the token endpoint, else all that were granted and that the client is still
    registered for. Raises InvalidTarget for one that was not granted (RFC 8707 §2.2), and when none is left; an authorization for
    none may give a token for this provider only."""
    held = tuple(name for name in granted or () if name in {current_settings().issuer, *client.metadata.resources})
    if granted and not held:
        raise InvalidTarget(description="the client may not ask for this resource any more")
    if written is None:
        return held
    asked = read_resources(client, written)
    if not set(asked) <= {*held, current_settings().issuer}:
        raise InvalidTarget(description="the authorization is not for this resource")
    return asked or held


def scope_for(scope: str, audience: tuple[str, ...]) -> str:
    """What of the granted scope a token for this audience carries: scopes of other resources are of no use there, and would let
    one resource act at another. Scopes that only this provider understands go to tokens that it accepts."""
    resources = [found for name in audience if (found := find_resource(name)) is not None]
    if not resources or not any(found.scopes for found in resources):
        return scope
    fitting = {name for found in resources for name in found.scopes} | ({*SCOPES} if current_settings().issuer in audience else set())
    return " ".join(name for name in scope.split() if name in fitting)


def scopes_of(resources: Iterable[str]) -> frozenset[str]:
    """The scopes that these resources define."""
    return frozenset(scope for name in resources if (found := find_resource(name)) is not None for scope in found.scopes)


def is_jwt(client: RegisteredClient, audience: tuple[str, ...]) -> bool:
    """Whether a token for this audience is a JWT: as its one resource wants it, else as the client is registered."""
    found = find_resource(audience[0]) if len(audience) == 1 else None
    return ((found.access_token_format if found else "") or client.metadata.access_token_format) == JWT


def _is_identifier(name: str) -> bool:
    try:
        parts = urlsplit(name)
    except ValueError:
        return False
    return bool(parts.scheme and len(name) <= LONGEST and "#" not in name and name.isascii())
