"""grant_type=refresh_token: each token once, its successor in its place; a second use ends the whole chain (RFC 9700 §4.14.2).

A client whose profile forbids rotation (FAPI 2.0 Security Profile §5.3.2.1 no. 9) keeps its token: it proves itself, and its
access tokens are bound to a key, so a copied refresh token is of no use to anybody else.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, OAuth2Error
from sqlalchemy import Connection

from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import at_once, in_transaction, reader
from idp.oidc import authorizations
from idp.oidc.access_token import AccessToken
from idp.oidc.confirmation import is_same_key
from idp.oidc.id_token import Authentication
from idp.oidc.resource_indicators import narrowed
from idp.oidc.token_response import Issued, new_access_token
from idp.opaque_tokens import Secret
from idp.sessions import assurance

REPLAYED = "refresh_token_replayed"


def refresh(client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> Issued | OAuth2Error:
    """Exchange a refresh token. A token in wrong hands ends its authorization; any other refusal is raised and wrote nothing."""
    found = _require_found(form)
    breach = _breach(found, client)
    if breach is None:
        _check_alive(found, client, confirmation)
        scope, audience = _narrowed_scope(form, found, client), narrowed(found.resource, client, form.get("resource"))
        successor = at_once(lambda connection: _successor(connection, client, found, form["refresh_token"]))
        if successor is not None:
            return _issue(found, new_access_token(found.id, scope, audience=audience, confirmation=confirmation), successor, scope)
        breach = REPLAYED
    reason = breach
    return in_transaction(lambda connection: _revoke(connection, found, client, reason))


def _require_found(form: dict[str, str]) -> Any:
    if "refresh_token" not in form:
        raise InvalidRequestError(description="refresh_token is required")
    found = authorizations.find_refresh_token(reader(), form["refresh_token"])
    if found is None:
        raise _refusal()
    return found


def _breach(found: Any, client: RegisteredClient) -> str | None:
    """Why the whole authorization must end, if it must: the token is in wrong hands, or the person may not hold one any more."""
    if found.client_id != client.key:
        return "refresh_token_of_another_client"
    if found.used_at is not None:
        return REPLAYED
    return "person_became_administrator" if found.is_administrator else None


def _check_alive(found: Any, client: RegisteredClient, confirmation: dict[str, str] | None) -> None:
    if found.revoked_at is not None or not found.may_sign_in or clock.now() >= min(found.idle_expires_at, found.expires_at):
        raise _refusal()
    if not is_same_key(found.confirmation, confirmation):
        raise _refusal()  # not used up: whoever holds the key may still come
    if not assurance.is_enough(found.acr, client.minimum_acr):
        raise _refusal()  # what the client asks of its people has been raised since: they must prove more


def _narrowed_scope(form: dict[str, str], found: Any, client: RegisteredClient) -> str:
    """What was granted and the client is still registered for, or less."""
    held = [name for name in found.scope.split() if name in client.scopes]
    asked = form["scope"].split() if "scope" in form else held
    if not asked or not set(asked) <= set(held):
        raise InvalidScopeError(description="scope may only be narrowed")
    return " ".join(asked)


def _successor(connection: Connection, client: RegisteredClient, found: Any, token: str) -> Secret | None:
    """The refresh token for next time; None when another caller has just used this one."""
    if not profile_of(client.metadata).rotates_refresh_tokens:
        return Secret(token) if authorizations.prolong_refresh_token(connection, token, found.expires_at) else None
    successor, row = authorizations.new_refresh_token(found.id, found.expires_at)
    return successor if authorizations.use_refresh_token(connection, token, row) else None


def _issue(found: Any, access_token: AccessToken, successor: Secret, scope: str) -> Issued:
    return Issued(
        access_token=access_token,
        refresh_token=successor,
        person_id=found.person_id,
        authentication=Authentication(found.subject, found.session_id, found.acr, found.amr, found.auth_time),
        has_id_token="openid" in scope.split(),
        requested_claims=found.requested_claims,
    )


def _revoke(connection: Connection, found: Any, client: RegisteredClient, reason: str) -> OAuth2Error:
    actor = f"client:{client.client_id}"
    if reason == REPLAYED:
        about = {"person_id": found.person_id, "client_id": found.client_id, "authorization_id": str(found.id)}
        audit.record(connection, audit.Event.REFRESH_TOKEN_REPLAYED, actor=actor, **about)
    authorizations.revoke(connection, found.id, reason=reason, actor=actor)
    return _refusal()


def _refusal() -> OAuth2Error:
    return InvalidGrantError(description="the refresh token is not valid here")
