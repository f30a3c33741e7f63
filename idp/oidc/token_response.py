"""What a grant gives, and how it is told: the token response (RFC 6749 §5.1) with its ID token."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from clients.registry import RegisteredClient
from idp import clock
from idp.database import reader, table_of
from idp.oidc.access_token import AccessToken, seal_access_token
from idp.oidc.claims import claims_of
from idp.oidc.id_token import Authentication, issue_id_token
from idp.opaque_tokens import Secret
from idp.people.models import Person, Unit
from idp.settings import current_settings


@dataclass(frozen=True)
class Issued:
    """The tokens of one successful request, and what the ID token will say. `requested_claims`: names asked for (Core §5.5)."""

    access_token: Secret
    refresh_token: Secret | None
    scope: str
    person_id: uuid.UUID
    authentication: Authentication
    nonce: str | None
    requested_claims: dict[str, Any] | None


_p, _u = table_of(Person), table_of(Unit)
PERSON_COLUMNS = (
    _p.c.subject, _p.c.username, _p.c.name, _p.c.family_name, _p.c.middle_name, _p.c.given_name, _p.c.mail, _p.c.phone, _p.c.staff_code,
    _p.c.staff_category, _p.c.title, _p.c.updated_at, _p.c.unit_id, _u.c.code.label("unit_code"), _u.c.name.label("unit_name"),
    _u.c.level.label("unit_level"),
)  # fmt: skip
_person = select(*PERSON_COLUMNS).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id)).where(_p.c.id == bindparam("person_id"))


def new_access_token(authorization_id: uuid.UUID, scope: str) -> Secret:
    """An access token of an authorization, from now on."""
    expires_at = clock.now() + timedelta(seconds=current_settings().access_token_seconds)
    return seal_access_token(AccessToken(authorization_id, scope, expires_at))


def describe(issued: Issued, client: RegisteredClient) -> dict[str, Any]:
    """The token response. Signing takes longer than all of the database, so it happens after the transaction."""
    names = (issued.requested_claims or {}).get("id_token", [])
    person = reader().execute(_person, {"person_id": issued.person_id}).one() if names else None
    told: dict[str, Any] = {
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": current_settings().access_token_seconds,
        "scope": issued.scope,
        "id_token": issue_id_token(
            client,
            issued.authentication,
            issued.access_token,
            nonce=issued.nonce,
            more=claims_of(person, "", names) if names else {},
        ),
    }
    if issued.refresh_token is not None:
        told["refresh_token"] = issued.refresh_token
    return told
