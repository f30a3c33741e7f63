"""grant_type=urn:ietf:params:oauth:grant-type:device_code: a device asks whether its person has answered (RFC 8628 §3.4, §3.5)."""

from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidGrantError, InvalidRequestError, OAuth2Error
from authlib.oauth2.rfc8628 import AuthorizationPendingError, ExpiredTokenError, SlowDownError
from sqlalchemy import Connection, bindparam, select

from clients.registry import RegisteredClient
from idp import audit, clock
from idp.database import in_transaction, table_of
from idp.entry import may_enter
from idp.oidc import authorizations, consents, device_authorizations
from idp.oidc.authorization_code import GrantedCode
from idp.oidc.id_token import Authentication
from idp.oidc.refresh_chains import first_token, new_chain
from idp.oidc.resource_indicators import narrowed
from idp.oidc.token_response import Issued, new_access_token
from idp.people.models import Person

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
_p = table_of(Person)
_subject = select(_p.c.subject).where(_p.c.id == bindparam("person"))


def ask_for_device(client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None) -> Issued | OAuth2Error:
    """What the person has answered, in one transaction."""
    return in_transaction(lambda connection: _ask(connection, client, form, confirmation))


def _ask(
    connection: Connection, client: RegisteredClient, form: dict[str, str], confirmation: dict[str, str] | None
) -> Issued | OAuth2Error:
    """That the device asked is written down, so every refusal but the first is returned."""
    if "device_code" not in form:
        raise InvalidRequestError(description="device_code is required")
    row = device_authorizations.find(connection, form["device_code"])
    if row is None or row.client_id != client.key:
        raise InvalidGrantError(description="the device code is not valid here")
    if row.denied_at is not None:
        return AccessDeniedError(description="the person refused", status_code=400)
    if row.expires_at <= clock.now():
        return ExpiredTokenError(description="the device code has expired")
    if row.approved_at is None:
        too_soon = device_authorizations.note_poll(connection, row)
        return SlowDownError() if too_soon else AuthorizationPendingError()
    audience = narrowed(row.resource, client, form.get("resource"))
    if not device_authorizations.take(connection, row):
        return InvalidGrantError(description="the device code is not valid here")
    granted = _granted(connection, row)
    if client.metadata.require_consent and not consents.still_stands(connection, granted):
        return AccessDeniedError(description="the person has taken it back", status_code=400)
    return _redeem(connection, client, granted, audience, confirmation)


def _granted(connection: Connection, row: Any) -> GrantedCode:
    auth_time: datetime = row.auth_time
    return GrantedCode(
        authorization_id=row.authorization_id,
        client=row.client_id,
        person_id=row.person_id,
        subject=connection.execute(_subject, {"person": row.person_id}).scalar_one(),
        session_id=row.session_id,
        redirect_uri="",
        scope=row.scope,
        nonce=None,
        code_challenge=None,
        acr=row.acr,
        amr=row.amr,
        auth_time=auth_time,
        expires_at=row.expires_at,
        resource=tuple(row.resource or ()),
    )


def _redeem(
    connection: Connection,
    client: RegisteredClient,
    granted: GrantedCode,
    audience: tuple[str, ...],
    confirmation: dict[str, str] | None,
) -> Issued | OAuth2Error:
    if not may_enter(connection, granted.person_id, client):
        return AccessDeniedError(description="the person may not enter this application", status_code=400)
    names = granted.scope.split()
    offline = "offline_access" in names and "refresh_token" in client.metadata.grant_types
    offline = offline and authorizations.may_outlive_session(connection, granted.person_id)
    scope = granted.scope if offline else " ".join(name for name in names if name != "offline_access")
    about: dict[str, Any] = {"person_id": granted.person_id, "client_id": client.key, "authorization_id": str(granted.authorization_id)}
    event = audit.row_of(audit.Event.AUTHORIZATION_GRANTED, actor=f"person:{granted.person_id}", scope=scope, acr=granted.acr, **about)
    bound = confirmation if client.is_public else None
    if not authorizations.redeem(connection, granted, event, new_chain(client) if offline else None, bound):
        # The person has left or signed out since they let the device in.
        audit.record(connection, audit.Event.AUTHORIZATION_REFUSED, actor=f"client:{client.client_id}", reason="session_over", **about)
        return AccessDeniedError(description="the person's sign-in has ended", status_code=400)
    return Issued(
        access_token=new_access_token(client, granted.authorization_id, scope, audience=audience, confirmation=confirmation),
        refresh_token=first_token(granted, scope, bound) if offline else None,
        person_id=granted.person_id,
        authentication=Authentication(granted.subject, granted.session_id, granted.acr, granted.amr, granted.auth_time),
        has_id_token="openid" in names,
    )
