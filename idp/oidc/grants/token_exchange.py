"""Token exchange (RFC 8693): a service that was called with a person's token gets one of its own for the service behind it.

It never impersonates: the new token says who acts (`act`), holds no more than the old one, ends no later, and dies with the
person's authorization. Who may exchange whose tokens, and for which resources, stands in the client's registration.
"""

from dataclasses import replace
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, OAuth2Error, UnauthorizedClientError
from sqlalchemy import Connection

from clients.registry import RegisteredClient, find_client
from clients.resources import find_resource
from idp import audit
from idp.database import in_transaction, new_id
from idp.entry import may_enter
from idp.oidc import authorizations, live_tokens
from idp.oidc.access_token import AccessToken, AccessTokenUnreadable, open_access_token
from idp.oidc.client_limits import check_tokens
from idp.oidc.id_token import Authentication
from idp.oidc.resource_indicators import InvalidTarget, read_resources
from idp.oidc.token_response import Issued, new_access_token
from idp.sessions import assurance

ACCESS_TOKEN, JWT = "urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:jwt"
LONGEST_CHAIN = 4


def exchange(client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> Issued | OAuth2Error:
    """A token by which this client acts for the person of the subject token, at the resources it names; in one transaction."""
    return in_transaction(lambda connection: _exchange(connection, client, form, confirmation))


def _exchange(
    connection: Connection, client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None
) -> Issued | OAuth2Error:
    if client.is_public:
        raise UnauthorizedClientError(description="a public client cannot exchange tokens")
    check_tokens(client)
    _check_form(form)
    subject = _require_subject(form["subject_token"])
    held = live_tokens.find_live(connection, subject)
    if held is None or held.person_id is None or held.amr == assurance.TEST:  # a made-up person is for the application under check alone
        raise _invalid_subject()
    _check_policy(client, subject, held)
    _check_entry(connection, client, held)
    audience = read_resources(client, form.get("resource") or form.get("audience"))
    if not audience or (held.client_id == client.key and not set(audience) <= set(held.resource or ())):
        # A client's own token opens no resource that was not granted with it.
        raise InvalidTarget(description="resource is required, and within what the subject token may be for")
    return _derive(connection, client, subject, held, _narrowed_scope(client, form, subject), audience, confirmation)


def _check_form(form: dict[str, str]) -> None:
    if "subject_token" not in form or form.get("subject_token_type") not in (ACCESS_TOKEN, JWT):
        raise InvalidRequestError(description="subject_token and its type (access_token or jwt) are required")
    if "actor_token" in form or "actor_token_type" in form:
        raise InvalidRequestError(description="the actor is the client that asks; actor_token is not supported")
    if form.get("requested_token_type", ACCESS_TOKEN) != ACCESS_TOKEN:
        raise InvalidRequestError(description="requested_token_type is access_token")


def _require_subject(written: str) -> AccessToken:
    try:
        return open_access_token(written)
    except AccessTokenUnreadable:
        raise _invalid_subject() from None


def _check_policy(client: RegisteredClient, subject: AccessToken, held: Any) -> None:
    """The token is the client's own, or it was sent to the client: issued for a resource that it serves, to a client from whom it
    may exchange. A token that fell into its hands is not enough."""
    if held.client_id == client.key:
        return
    served = [name for name in subject.audience if (found := find_resource(name)) is not None and found.client_id == client.client_id]
    if not served or held.issued_to not in client.metadata.token_exchange_from:
        raise _invalid_subject()


def _check_entry(connection: Connection, client: RegisteredClient, held: Any) -> None:
    """The person may enter the application that their token was issued to, and the one that acts for them."""
    issued_to = client if held.client_id == client.key else find_client(held.issued_to)
    if issued_to is None or not all(may_enter(connection, held.person_id, one) for one in (issued_to, client)):
        raise _invalid_subject()


def _narrowed_scope(client: RegisteredClient, form: dict[str, str], subject: AccessToken) -> str:
    """What the subject token and the client's own registration have in common, or less."""
    most = [name for name in subject.scope.split() if name in client.scopes and name not in ("openid", "offline_access")]
    asked = form["scope"].split() if "scope" in form else most
    if not set(asked) <= set(most):
        raise InvalidScopeError(description="scope may only be narrowed")
    return " ".join(asked)


def _derive(
    connection: Connection,
    client: RegisteredClient,
    subject: AccessToken,
    held: Any,
    scope: str,
    audience: tuple[str, ...],
    confirmation: dict[str, str] | None,
) -> Issued:
    acting = {"sub": client.client_id} | ({"act": subject.act} if subject.act else {})
    under = (subject.authorization_id, *subject.under)
    if len(under) > LONGEST_CHAIN:
        raise InvalidRequestError(description="the chain of actors is too long")
    authorization_id = new_id()
    event = audit.row_of(
        audit.Event.TOKEN_EXCHANGED, actor=f"client:{client.client_id}", person_id=held.person_id, client_id=client.key,
        authorization_id=str(authorization_id), derived_from=str(subject.authorization_id), issued_to=held.issued_to, scope=scope,
        resource=list(audience),
    )  # fmt: skip
    authorizations.open_without_code(
        connection, authorization_id, client.key, scope, event, person_id=held.person_id, session_id=held.session_id, offline=held.offline,
        acr=held.acr, amr=held.amr, auth_time=held.auth_time, resource=list(audience),
    )  # fmt: skip
    fresh = new_access_token(client, authorization_id, scope, audience=audience, confirmation=confirmation, not_after=subject.expires_at)
    return Issued(
        access_token=replace(fresh, act=acting, under=under),
        person_id=held.person_id,
        authentication=Authentication(held.subject, held.session_id, held.acr, held.amr, held.auth_time),
        more={"issued_token_type": ACCESS_TOKEN},
    )


def _invalid_subject() -> OAuth2Error:
    return InvalidGrantError(description="the subject_token is not valid here")
