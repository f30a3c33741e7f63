"""The account that an application should hold for a person: who gets one, and what it says, within what the application may know."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, or_, select, true

from clients.registry import RegisteredClient
from idp.database import table_of
from idp.entry import is_entitled
from idp.oidc.subjects import subject_for
from idp.people.models import INTEGRATION_CHECK, Person, PersonState, Unit
from idp.people.units import below

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE, OFFICIAL = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:hopnhat:scim:schemas:1.0:User"
_p, _u = table_of(Person), table_of(Unit)
COLUMNS = (
    _p.c.id, _p.c.subject, _p.c.username, _p.c.name, _p.c.family_name, _p.c.middle_name, _p.c.given_name, _p.c.mail, _p.c.phone, _p.c.title,
    _p.c.staff_code, _p.c.staff_category, _p.c.state, _u.c.name.label("unit_name"), _u.c.code.label("unit_code"),
)  # fmt: skip
_people = select(*COLUMNS).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))
_one = _people.where(_p.c.id == bindparam("person"))


@dataclass(frozen=True)
class Account:
    """An account as it should be. `resource`: the attributes as SCIM has them; `digest`: 32 bytes that change with them."""

    is_active: bool
    resource: dict[str, Any]
    digest: bytes


def due(client: RegisteredClient, units: Sequence[str]) -> Any:
    """The condition on a person to have an account: active, with a username, let in by the rules of the application, and in one of the
    units or below them; none named: anywhere."""
    within = _p.c.unit_id.in_(select(below([uuid.UUID(unit) for unit in units]).c.id)) if units else true()
    counted = and_(_p.c.state == PersonState.ACTIVE, _p.c.source != INTEGRATION_CHECK, _p.c.username.is_not(None))
    return and_(counted, is_entitled(client.entry), within)


def people(condition: Any) -> Select[Any]:
    """People with what an account may say of them."""
    return _people.where(condition)


def find_account(connection: Connection, client: RegisteredClient, units: Sequence[str], person_id: uuid.UUID) -> Account:
    """The account that this person should have now."""
    row = connection.execute(_one, {"person": person_id}).one()
    is_due = connection.execute(select(_p.c.id).where(_p.c.id == person_id, due(client, units))).first() is not None
    return account_of(client, row, is_active=is_due)


def account_of(client: RegisteredClient, row: Any, *, is_active: bool) -> Account:
    """The account of a person for a client: as much of them as its scopes open. `externalId` is the `sub` they sign in with."""
    scopes = client.scopes
    resource: dict[str, Any] = {"userName": row.username, "externalId": subject_for(client, row.subject), "active": is_active}
    if "profile" in scopes:
        parts = {"familyName": row.family_name, "middleName": row.middle_name, "givenName": row.given_name}
        resource |= {"name": {"formatted": row.name, **{name: part for name, part in parts.items() if part}}, "displayName": row.name}
    if "email" in scopes and row.mail:
        resource["emails"] = [{"value": row.mail, "type": "work", "primary": True}]
    if "phone" in scopes and row.phone:
        resource["phoneNumbers"] = [{"value": row.phone, "type": "work"}]
    if "staff" in scopes:
        resource |= _of_staff(row)
    written = json.dumps(resource, sort_keys=True).encode()
    return Account(is_active, resource, hashlib.sha256(written).digest())


def _of_staff(row: Any) -> dict[str, Any]:
    enterprise = {"employeeNumber": row.staff_code, "department": row.unit_name}
    official = {"unitCode": row.unit_code, "category": row.staff_category}
    told: dict[str, Any] = {"title": row.title} if row.title else {}
    for urn, facts in ((ENTERPRISE, enterprise), (OFFICIAL, official)):
        known = {name: value for name, value in facts.items() if value}
        if known:
            told[urn] = known
    return told


def changed_since(instant: Any) -> Any:
    """The condition on people of whom something has changed since then."""
    return or_(_p.c.updated_at >= instant, _p.c.state_changed_at >= instant)
