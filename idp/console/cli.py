"""`hopnhat role grant|revoke|list` and `hopnhat people suspend|restore`: deeds on persons, by name."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection, select

from idp import access
from idp.command_line import json_option, operator, show_json, show_table
from idp.database import in_transaction, reader, table_of
from idp.errors import NotFound
from idp.people.models import Person, Unit
from idp.people.roster import require_person_named
from idp.roles import grants
from idp.roles.grants import Terms
from idp.roles.models import Role
from idp.web.formats import today

_p, _u = table_of(Person), table_of(Unit)
ROLE = click.Choice([role.value for role in Role])


@click.group("role")
def role_group() -> None:
    """Roles of administrators, leaders and auditors."""


@role_group.command("grant")
@click.argument("person")
@click.argument("role", type=ROLE)
@click.option("--unit", help="Code or id of the unit that the role is for; without, the whole province.")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), help="First day; without, today.")
@click.option("--until", "last", type=click.DateTime(["%Y-%m-%d"]), help="Last day; without, until it is revoked.")
@click.option("--reason", help="Why; kept with the grant and in the audit trail.")
def grant_role(person: str, role: str, unit: str | None, first: datetime | None, last: datetime | None, reason: str | None) -> None:
    """Give PERSON (username, official mail address, staff code or id) the ROLE. The operator of the server needs no second person."""
    terms = Terms(first.date() if first else None, last.date() if last else None, reason)
    found, unit_id = require_person_named(reader(), person), _unit_id(unit)

    def give(connection: Connection) -> bool:
        given = grants.grant(connection, found.id, Role(role), unit_id=unit_id, actor=operator(), terms=terms)
        if given and (
            terms.valid_from is None or terms.valid_from <= today()
        ):  # an administrator's session is shorter and asks for two factors: it begins with the role
            access.role_granted(connection, found.id, actor=operator())
        return given

    click.echo(f"{found.name}: {role}" + ("" if in_transaction(give) else " was held already"))


@role_group.command("revoke")
@click.argument("person")
@click.argument("role", type=ROLE)
@click.option("--unit", help="Code or id of the unit that the role was for; without, the one for the whole province.")
@click.option("--reason", help="Why; kept in the audit trail.")
def revoke_role(person: str, role: str, unit: str | None, reason: str | None) -> None:
    """Take the ROLE from PERSON."""
    found, unit_id = require_person_named(reader(), person), _unit_id(unit)
    taken = in_transaction(
        lambda connection: grants.revoke(connection, found.id, Role(role), unit_id=unit_id, actor=operator(), reason=reason)
    )
    if not taken:
        raise click.ClickException(f"{found.name} does not hold {role} there.")
    click.echo(f"{found.name}: {role} revoked.")


@role_group.command("list")
@json_option
def list_roles(as_json: bool) -> None:
    """List the roles in force."""
    held = grants.find_grants(reader())
    wanted = select(_p.c.id, _p.c.name, _p.c.username).where(_p.c.id.in_({row.person_id for row in held}))
    people = {row.id: row for row in reader().execute(wanted)}
    units = {row.id: row.name for row in reader().execute(select(_u.c.id, _u.c.name))}
    found: list[dict[str, Any]] = [
        {
            "person_id": row.person_id,
            "username": people[row.person_id].username,
            "name": people[row.person_id].name,
            "role": row.role,
            "unit_id": row.unit_id,
            "unit": units.get(row.unit_id),
            "granted_at": row.granted_at,
            "granted_by": row.granted_by,
            "approved_by": row.approved_by,
            "reason": row.reason,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "begun_at": row.begun_at,
        }
        for row in held
    ]
    if as_json:
        show_json(found)
    else:
        lines = [
            (one["name"], one["username"], one["role"], one["unit"] or "whole province", one["granted_at"], one["valid_until"] or "–")
            for one in found
        ]
        show_table(["Name", "Username", "Role", "For", "Since", "Until"], lines, "Nobody holds a role.")


def _unit_id(written: str | None) -> uuid.UUID | None:
    if written is None:
        return None
    try:
        condition = _u.c.id == uuid.UUID(written)
    except ValueError:
        condition = _u.c.code == written
    found: Sequence[uuid.UUID] = reader().execute(select(_u.c.id).where(condition).limit(2)).scalars().all()
    if len(found) != 1:
        raise NotFound(f"{len(found)} units are called {written}; name one by its id.")
    return found[0]


@click.command("suspend")
@click.argument("person")
@click.option("--reason", required=True, help="Why; kept in the audit trail.")
def suspend(person: str, reason: str) -> None:
    """Withdraw PERSON's access everywhere: sessions, tokens, applications."""
    _withdraw_or_restore(access.withdraw, person, reason, "suspended")


@click.command("restore")
@click.argument("person")
@click.option("--reason", required=True, help="Why; kept in the audit trail.")
def restore(person: str, reason: str) -> None:
    """Let a suspended PERSON sign in again."""
    _withdraw_or_restore(access.restore, person, reason, "active")


def _withdraw_or_restore(deed: Callable[..., bool], person: str, reason: str, state: str) -> None:
    found = require_person_named(reader(), person)
    done = in_transaction(lambda connection: deed(connection, found.id, reason=reason, actor=operator()))
    click.echo(f"{found.name}: {state}" + ("" if done else " already"))
