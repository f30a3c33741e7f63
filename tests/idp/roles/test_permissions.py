"""Rules of roles."""

import uuid

from flask import Flask
from sqlalchemy import Connection, select

from idp import audit
from idp.database import in_transaction, reader, table_of
from idp.roles.grants import find_grants, grant, revoke
from idp.roles.models import Role
from idp.roles.permissions import ROLES, WITHIN_A_UNIT, is_administrator, permissions_of, scope_of
from idp.web.viewer import Permission
from tests.support.people import add_person, add_unit


def _grant(person_id: uuid.UUID, role: Role, unit_id: uuid.UUID | None = None) -> bool:
    return in_transaction(lambda c: grant(c, person_id, role, unit_id=unit_id, actor="cli:test"))


def _events(connection: Connection) -> list[str]:
    events = table_of(audit.AuditEvent)
    return list(connection.execute(select(events.c.event).order_by(events.c.id)).scalars())


def test_nobody_may_anything_without_a_role(app: Flask) -> None:
    person_id = add_person()
    assert permissions_of(person_id) == frozenset()
    assert not is_administrator(person_id)


def test_a_role_holds_from_its_grant_to_its_end_and_both_are_on_record(app: Flask) -> None:
    person_id = add_person()
    assert _grant(person_id, Role.AUDITOR)
    assert permissions_of(person_id) == ROLES[Role.AUDITOR]
    assert is_administrator(person_id)
    assert in_transaction(lambda c: revoke(c, person_id, Role.AUDITOR, actor="cli:test"))
    assert permissions_of(person_id) == frozenset()
    assert _events(reader()) == [audit.Event.ROLE_GRANTED, audit.Event.ROLE_REVOKED]


def test_what_is_held_already_is_not_given_twice_and_what_is_not_held_cannot_be_taken(app: Flask) -> None:
    person_id = add_person()
    assert _grant(person_id, Role.LEADER)
    assert not _grant(person_id, Role.LEADER)
    assert not in_transaction(lambda c: revoke(c, person_id, Role.AUDITOR, actor="cli:test"))
    assert [row.role for row in find_grants(reader())] == [Role.LEADER]
    assert _events(reader()) == [audit.Event.ROLE_GRANTED]


def test_a_role_for_one_unit_allows_nothing_that_belongs_to_the_whole_province(app: Flask) -> None:
    person_id, unit_id = add_person(), add_unit()
    _grant(person_id, Role.IT_ADMIN, unit_id)
    assert permissions_of(person_id) == WITHIN_A_UNIT
    scope = scope_of(person_id, Permission.SEE_PEOPLE)
    assert scope.within == frozenset({unit_id})


def test_a_role_for_the_province_beside_one_for_a_unit_is_for_the_province(app: Flask) -> None:
    person_id, unit_id = add_person(), add_unit()
    _grant(person_id, Role.HR_OFFICER, unit_id)
    _grant(person_id, Role.AUDITOR)
    assert scope_of(person_id, Permission.SEE_PEOPLE).within is None
    assert scope_of(person_id, Permission.SUSPEND_PEOPLE).within == frozenset({unit_id})


def test_only_administrators_and_owners_change_clients_and_only_auditors_and_administrators_read_the_trail() -> None:
    assert {role for role, held in ROLES.items() if Permission.CHANGE_CLIENTS in held} == {Role.IT_ADMIN, Role.CLIENT_OWNER}
    assert {role for role, held in ROLES.items() if Permission.APPROVE_CLIENTS in held} == {Role.IT_ADMIN}
    assert {role for role, held in ROLES.items() if Permission.SEE_AUDIT in held} == {Role.IT_ADMIN, Role.AUDITOR}
    assert {role for role, held in ROLES.items() if Permission.SUSPEND_PEOPLE in held} == {Role.IT_ADMIN, Role.HR_OFFICER}
    assert {role for role, held in ROLES.items() if Permission.HELP_PEOPLE in held} == {Role.IT_ADMIN, Role.HELP_DESK}
