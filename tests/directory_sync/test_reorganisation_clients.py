"""Rules of what becomes of applications' rules when the unit that they name ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Connection

from clients.entry import RoleRule
from clients.entry_rules import kept_rules
from clients.role_rules import give_role, kept_roles
from directory_sync import reorganisations
from directory_sync.models import RunState
from directory_sync.reorganisation_file import SchemeRow
from directory_sync.reorganisation_models import Origin
from directory_sync.reorganisation_preview import preview_rows
from idp.database import in_transaction, reader
from idp.people.unit_models import SuccessionKind
from idp.web.formats import today
from tests.support.entry import let_in, only, shut
from tests.support.relying_party import RelyingParty, register_party
from tests.support.staff_directory import DEPARTMENT, TOP, StaffDirectory, sync, unit
from tests.support.trail import kinds

NEW = f"ou=Sở Nội vụ và Tài chính,{TOP}"


@pytest.fixture
def app(install: Callable[..., Flask]) -> Flask:
    return install(sync_move_limit_people=10)


@pytest.fixture
def party(app: Flask, empty_directory: StaffDirectory) -> RelyingParty:
    """An application that only the department may enter, where its people read."""
    empty_directory.add_person("nv0", "Vàng Văn Nội")
    assert sync().state == RunState.APPLIED
    found, department = register_party(), unit("Sở Nội vụ").id
    only(found.client_id, "unit", department)
    in_transaction(lambda c: give_role(c, found.client_id, RoleRule("reader", unit_id=department, title="Chuyên viên"), actor="cli:test"))
    return found


def carry_out(directory: StaffDirectory, kind: SuccessionKind) -> int:
    """Propose, approve and bring about a scheme for the department; the number of rules that its page counted before."""
    row = SchemeRow(2, kind, old_code="S01", new_code=None if kind == SuccessionKind.VANISH else "S12")

    def keep(connection: Connection) -> int:
        number: int = reorganisations.propose(
            connection, [row], name="Sắp xếp", decision="12/NQ", effective_on=today(), origin=Origin.FILE, actor="cli:first"
        )
        reorganisations.approve(connection, number, actor="cli:second")
        return number

    scheme = reorganisations.require_reorganisation(reader(), in_transaction(keep))
    (told,) = preview_rows(reader(), reorganisations.rows_of(reader(), scheme.id))
    directory.add_unit(NEW, "S12")
    directory.move(f"uid=nv0,{DEPARTMENT}", NEW)
    directory.remove(DEPARTMENT)
    assert sync().state == RunState.APPLIED
    return told.others["client_entry_rule"] + told.others["client_role_rule"]


def test_the_rules_go_on_for_the_successor(party: RelyingParty, empty_directory: StaffDirectory) -> None:
    let_in(party.client_id, "unit", unit("Sở Nội vụ").id, valid_to=today() - timedelta(days=1))
    assert carry_out(empty_directory, SuccessionKind.MERGE) == 3
    successor = unit("Sở Nội vụ và Tài chính").id
    assert [(row.kind, row.unit_id, row.valid_to, row.added_by) for row in kept_rules(reader(), party.key)] == [
        ("unit", successor, None, "cli:second")
    ]
    assert [(row.name, row.unit_id, row.title) for row in kept_roles(reader(), party.key)] == [("reader", successor, "Chuyên viên")]
    assert {"client_entry.added", "client_entry.removed", "client_role.given", "client_role.taken"} <= set(
        kinds("client_entry.added", "client_entry.removed", "client_role.given", "client_role.taken")
    )


def test_the_rules_end_with_a_unit_without_a_successor(party: RelyingParty, empty_directory: StaffDirectory) -> None:
    carry_out(empty_directory, SuccessionKind.VANISH)
    assert kept_rules(reader(), party.key) == []
    assert kept_roles(reader(), party.key) == []


def test_what_was_taken_back_before_stays_so(party: RelyingParty, empty_directory: StaffDirectory) -> None:
    shut(party.client_id)
    assert carry_out(empty_directory, SuccessionKind.RENAME) == 1
    assert kept_rules(reader(), party.key) == []
