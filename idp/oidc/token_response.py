"""What a grant gives, and how it is told: the token response (RFC 6749 §5.1) with its ID token."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from clients.lifetimes import ACCESS_TOKEN, lasting
from clients.registry import RegisteredClient
from idp import clock
from idp.database import reader, table_of
from idp.oidc.access_token import AccessToken, Bearer, seal_access_token, sign_access_token
from idp.oidc.claims import allowed_claims, claims_of, with_roles
from idp.oidc.confirmation import token_type
from idp.oidc.id_token import Authentication, issue_id_token
from idp.oidc.resource_indicators import is_jwt, scope_for
from idp.oidc.subjects import subject_for
from idp.opaque_tokens import Secret
from idp.people.career_models import Appointment
from idp.people.models import Person, Unit


@dataclass(frozen=True)
class Issued:
    """The tokens of one successful request. `authentication`: of whom, None for the client itself; `person_id` too. With
    `has_id_token` an ID token is told, which says `nonce` and `requested_claims` (names asked for, Core §5.5). `more`: what else
    the answer holds."""

    access_token: AccessToken
    person_id: uuid.UUID | None
    authentication: Authentication | None
    refresh_token: Secret | None = None
    has_id_token: bool = False
    nonce: str | None = None
    requested_claims: dict[str, Any] | None = None
    more: dict[str, Any] | None = None


_p, _u, _ap = table_of(Person), table_of(Unit), table_of(Appointment)
_has_posts = select(_ap.c.id).where(_ap.c.person_id == _p.c.id).correlate(_p).exists()
PERSON_COLUMNS = (
    _p.c.subject, _p.c.username, _p.c.name, _p.c.family_name, _p.c.middle_name, _p.c.given_name, _p.c.mail, _p.c.phone, _p.c.staff_code,
    _p.c.staff_category, _p.c.title, _p.c.updated_at, _p.c.unit_id, _u.c.code.label("unit_code"), _u.c.name.label("unit_name"),
    _u.c.level.label("unit_level"), _p.c.id.label("of_person"), _has_posts.label("has_posts"),
)  # fmt: skip
_person = select(*PERSON_COLUMNS).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(_p.c.id == bindparam("person_id"))


def new_access_token(
    client: RegisteredClient,
    authorization_id: uuid.UUID,
    scope: str,
    *,
    audience: tuple[str, ...] = (),
    confirmation: dict[str, str] | None = None,
    not_after: datetime | None = None,
    own_id: bytes | None = None,
) -> AccessToken:
    """An access token of an authorization of this client, from now on, with what of the scope its audience can use; `not_after` ends it sooner."""
    expires_at = clock.now() + timedelta(seconds=lasting(client.metadata, ACCESS_TOKEN))
    expires_at = expires_at if not_after is None else min(expires_at, not_after)
    scope = scope_for(scope, audience) if audience else scope
    return AccessToken(authorization_id, scope, expires_at, audience, confirmation, own_id=own_id)


def describe(issued: Issued, client: RegisteredClient) -> dict[str, Any]:
    """The token response. Signing takes longer than all of the database, so it happens after the transaction."""
    token = issued.access_token
    written = _written(issued, client)
    told: dict[str, Any] = {
        "access_token": written,
        "token_type": token_type(token.confirmation),
        "expires_in": round((token.expires_at - clock.now()).total_seconds()),
    }
    if token.scope:
        told["scope"] = token.scope
    if issued.has_id_token and issued.authentication is not None:
        told["id_token"] = _id_token(issued, issued.authentication, client, written)
    if issued.refresh_token is not None:
        told["refresh_token"] = issued.refresh_token
    return told if issued.more is None else told | issued.more


def _written(issued: Issued, client: RegisteredClient) -> Secret:
    token = issued.access_token
    if not is_jwt(client, token.audience):
        return seal_access_token(token)
    about = issued.authentication
    if about is None:
        bearer = Bearer(client.client_id, client.client_id, {})
    else:
        proved = {"auth_time": int(about.auth_time.timestamp()), "acr": about.acr, "amr": about.amr.split()}
        bearer = Bearer(client.client_id, subject_for(client, about.subject), proved)
    return sign_access_token(token, client.id_token_signed_response_alg, bearer)


def _id_token(issued: Issued, authentication: Authentication, client: RegisteredClient, access_token: str) -> str:
    names = allowed_claims((issued.requested_claims or {}).get("id_token", ()), client.scopes)
    person = reader().execute(_person, {"person_id": issued.person_id}).one() if names else None
    return issue_id_token(
        client,
        authentication,
        access_token,
        nonce=issued.nonce,
        more=with_roles(claims_of(person, "", names), person, client) if names else {},
    )
