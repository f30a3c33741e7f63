"""grant_type=refresh_token: each token once, its successor in its place; a second use ends the whole chain (RFC 9700 §4.14.2).

A client whose profile forbids rotation (FAPI 2.0 Security Profile §5.3.2.1 no. 9) keeps its token: it proves itself, and its
access tokens are bound to a key, so a copied refresh token is of no use to anybody else.
"""

from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, OAuth2Error
from sqlalchemy import Connection

from clients.failure_models import FailureKind
from clients.profiles import profile_of
from clients.registry import RegisteredClient
from idp import audit
from idp.database import at_once, in_transaction, reader
from idp.entry import may_enter
from idp.oidc import authorizations, refresh_chains
from idp.oidc.access_token import AccessToken
from idp.oidc.confirmation import is_same_key
from idp.oidc.failure_notes import because
from idp.oidc.id_token import Authentication
from idp.oidc.refresh_token import OLD, RefreshToken, RefreshTokenUnreadable
from idp.oidc.resource_indicators import narrowed
from idp.oidc.token_response import Issued, new_access_token
from idp.sessions import assurance

REPLAYED = "refresh_token_replayed"


def refresh(client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> Issued | OAuth2Error:
    """Exchange a refresh token, in one statement. Whatever stands against it, a token in wrong hands ends its authorization; any
    other refusal wrote nothing, and the token may be shown again."""
    shown, rotates = _require_token(form), profile_of(client.metadata).rotates_refresh_tokens
    try:
        scope, access_token = _wanted(shown, client, form, confirmation)
        taken = at_once(lambda connection: refresh_chains.take(connection, shown, client, rotates=rotates))
        refusal = None
    except OAuth2Error as error:
        taken, refusal = None, error
    if taken is not None and not may_enter(reader(), taken.person_id, client):
        return in_transaction(lambda connection: _end_entry(connection, shown, client))
    if taken is not None:
        return _issue(shown, taken, form, scope, access_token)
    return in_transaction(lambda connection: _end_in_wrong_hands(connection, shown, client, rotates=rotates)) or refusal or _refusal()


def _require_token(form: dict[str, str]) -> RefreshToken:
    if "refresh_token" not in form:
        raise InvalidRequestError(description="refresh_token is required")
    try:
        return refresh_chains.require_token(reader(), form["refresh_token"])
    except RefreshTokenUnreadable:
        raise _refusal() from None


def _wanted(
    shown: RefreshToken, client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None
) -> tuple[str, AccessToken]:
    """The scope and the access token that it would be exchanged for, if it is alive. Raises the refusal of what may not be asked for."""
    if shown.client != client.key or not is_same_key(shown.confirmation, confirmation):
        raise _refusal()
    if not assurance.is_enough(shown.acr, client.minimum_acr):
        raise _refusal()  # what the client asks of its people has been raised since: they must prove more
    scope, audience = _narrowed_scope(form, shown, client), narrowed(shown.resource, client, form.get("resource"))
    return scope, new_access_token(client, shown.authorization_id, scope, audience=audience, confirmation=confirmation)


def _narrowed_scope(form: dict[str, str], shown: RefreshToken, client: RegisteredClient) -> str:
    """What was granted and the client is still registered for, or less."""
    held = [name for name in shown.scope.split() if name in client.scopes]
    asked = form["scope"].split() if "scope" in form else held
    if not asked or not set(asked) <= set(held):
        raise InvalidScopeError(description="scope may only be narrowed")
    return " ".join(asked)


def _issue(shown: RefreshToken, taken: Any, form: dict[str, str], scope: str, access_token: AccessToken) -> Issued:
    return Issued(
        access_token=access_token,
        refresh_token=refresh_chains.written_now(shown, taken.refresh_sequence, form["refresh_token"]),
        person_id=taken.person_id,
        authentication=Authentication(taken.subject, taken.session_id, shown.acr, taken.amr, taken.auth_time),
        has_id_token="openid" in scope.split(),
        requested_claims=taken.requested_claims,
    )


def _end_entry(connection: Connection, shown: RefreshToken, client: RegisteredClient) -> OAuth2Error:
    """The rules let its person in no more: what they had is over, and being let in again begins with a sign-in."""
    because(FailureKind.ENTRY, "the person may not enter this application any more")
    authorizations.revoke(connection, shown.authorization_id, reason="may_not_enter", actor=f"client:{client.client_id}")
    return _refusal()


def _end_in_wrong_hands(connection: Connection, shown: RefreshToken, client: RegisteredClient, *, rotates: bool) -> OAuth2Error | None:
    """End the whole authorization if that must be, and refuse for that reason."""
    found = refresh_chains.find_state(connection, shown)
    breach = _breach(shown, found, client, rotates=rotates) if found is not None else None
    if breach is None:
        return None
    because(FailureKind.GRANT, f"the refresh token is refused: {breach}")
    actor = f"client:{client.client_id}"
    if breach == REPLAYED:
        about = {"person_id": found.person_id, "client_id": found.client_id, "authorization_id": str(found.id)}
        audit.record(connection, audit.Event.REFRESH_TOKEN_REPLAYED, actor=actor, **about)
    authorizations.revoke(connection, found.id, reason=breach, actor=actor)
    return _refusal()


def _breach(shown: RefreshToken, found: Any, client: RegisteredClient, *, rotates: bool) -> str | None:
    """Why it must: the token is in wrong hands, or the person may not hold one any more."""
    if shown.client != client.key:
        return "refresh_token_of_another_client"
    may_be_shown_again = shown.sequence == OLD and not rotates
    if shown.sequence < (found.refresh_sequence or OLD) and not may_be_shown_again:
        return REPLAYED
    return "person_became_administrator" if found.is_administrator else None


def _refusal() -> OAuth2Error:
    return InvalidGrantError(description="the refresh token is not valid here")
