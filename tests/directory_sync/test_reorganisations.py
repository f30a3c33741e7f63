"""Rules of reorganisations: proposed, approved by somebody else, carried out by the sync that brings them, and no further."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from directory_sync import reorganisations
from directory_sync.models import RunState
from directory_sync.reorganisation_file import SchemeRow
from directory_sync.reorganisation_models import Origin, ReorganisationState, RoleFate
from directory_sync.reorganisation_preview import preview_rows
from directory_sync.reorganisation_proposal import propose_rows
from directory_sync.run import preview
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.errors import Refusal
from idp.people.models import Unit
from idp.people.unit_history import predecessors_of, successors_of, tree_in_force, tree_on
from idp.people.unit_models import SuccessionKind, UnitVersion
from idp.roles import api_grants
from idp.roles.grants import find_grants, grant
from idp.roles.models import Role
from idp.web.formats import today
from tests.support.machine import Machine
from tests.support.slapd import BASE_DN
from tests.support.staff_directory import COMMUNE, DEPARTMENT, DISTRICT, TOP, StaffDirectory, person, sync, unit

MANY = 25  # more than the guard lets move unexplained
OTHER = f"ou=Sở Tài chính,{TOP}"
MERGED = f"ou=Sở Nội vụ và Tài chính,{TOP}"


@pytest.fixture
def app(install: Callable[..., Flask]) -> Flask:
    """An installation whose guard lets few people move unexplained."""
    return install(sync_move_limit_people=10)


@pytest.fixture
def crowd(empty_directory: StaffDirectory, app: Flask) -> list[str]:
    """A department and a commune's office with many people, known to us; the DNs of those of the department."""
    empty_directory.add_unit(OTHER, "S02")
    for number in range(6):
        empty_directory.add_person(f"kt{number}", f"Lù Thị Kế {number}", OTHER)
        empty_directory.add_person(f"xa{number}", f"Sùng Mí Xã {number}", COMMUNE)
    found = [empty_directory.add_person(f"nv{number}", f"Vàng Văn Nội {number}") for number in range(MANY)]
    assert sync().state == RunState.APPLIED
    return found


def _merge(directory: StaffDirectory, people: list[str]) -> None:
    """The department's people go to a new one, and the old one is gone."""
    directory.add_unit(MERGED, "S12")
    for dn in people:
        directory.move(dn, MERGED)
    directory.remove(DEPARTMENT)


def _scheme(*rows: SchemeRow, effective_on: date | None = None, approved_by: str | None = "cli:second") -> int:
    def keep(connection: Any) -> int:
        day = effective_on or today()
        number = reorganisations.propose(
            connection, rows, name="Hợp nhất hai sở", decision="12/NQ-HĐND", effective_on=day, origin=Origin.FILE, actor="cli:first"
        )
        if approved_by:
            reorganisations.approve(connection, number, actor=approved_by)
        return number

    return in_transaction(keep)


def _state(number: int) -> str:
    return str(reorganisations.require_reorganisation(reader(), number).state)


def _row(kind: SuccessionKind, old: str | None = None, new: str | None = None, **given: Any) -> SchemeRow:
    return SchemeRow(2, kind, old_code=old, new_code=new, **given)


def test_what_an_approved_scheme_explains_is_not_judged_and_carried_out_in_one_run(
    crowd: list[str], empty_directory: StaffDirectory
) -> None:
    old, number = unit("Sở Nội vụ"), _scheme(_row(SuccessionKind.RENAME, "S01", "S12"))
    before = {row.username: row.subject for row in (person(f"nv{one}") for one in range(MANY))}
    _merge(empty_directory, crowd)
    report = sync()
    assert (report.state, report.found["moved"], report.found["suspended"]) == (RunState.APPLIED, MANY, 0)
    new = unit("Sở Nội vụ và Tài chính")
    assert [(row.id, row.kind, row.people, row.reorganisation) for row in successors_of(reader(), old.id)] == [
        (new.id, "rename", MANY, number)
    ]
    assert [row.id for row in predecessors_of(reader(), new.id)] == [old.id]
    assert _state(number) == ReorganisationState.APPLIED
    assert before == {row.username: row.subject for row in (person(f"nv{one}") for one in range(MANY))}
    assert sync().state == RunState.UNCHANGED


def test_without_a_scheme_or_with_a_draft_the_guard_judges_everything(crowd: list[str], empty_directory: StaffDirectory) -> None:
    _scheme(_row(SuccessionKind.RENAME, "S01", "S12"), approved_by=None)
    _merge(empty_directory, crowd)
    report = sync()
    assert report.state == RunState.STOPPED
    assert "too_many_moves" in (report.reason or "")


def test_a_scheme_explains_nothing_before_its_day(crowd: list[str], empty_directory: StaffDirectory, time: ManualClock) -> None:
    _scheme(_row(SuccessionKind.RENAME, "S01", "S12"), effective_on=today() + timedelta(days=1))
    _merge(empty_directory, crowd)
    assert sync().state == RunState.STOPPED
    time.advance(days=1)
    assert sync().state == RunState.APPLIED


def test_the_guard_still_judges_who_goes_where_no_row_leads(crowd: list[str], empty_directory: StaffDirectory) -> None:
    _scheme(_row(SuccessionKind.RENAME, "S02", "S12"))
    _merge(empty_directory, crowd)
    assert sync().state == RunState.STOPPED


def test_a_scheme_never_explains_that_somebody_is_gone(crowd: list[str], empty_directory: StaffDirectory) -> None:
    _scheme(_row(SuccessionKind.VANISH, "S01"))
    for dn in crowd:
        empty_directory.remove(dn)
    empty_directory.remove(DEPARTMENT)
    report = sync()
    assert report.state == RunState.STOPPED
    assert "too_many_suspensions" in (report.reason or "")


def test_people_of_a_unit_that_vanishes_may_go_anywhere(crowd: list[str], empty_directory: StaffDirectory) -> None:
    number = _scheme(_row(SuccessionKind.VANISH, "S01"))
    for place, dn in enumerate(crowd):
        empty_directory.move(dn, OTHER if place % 2 else COMMUNE)
    empty_directory.remove(DEPARTMENT)
    assert sync().state == RunState.APPLIED
    assert _state(number) == ReorganisationState.APPLIED


def test_the_difference_proposes_the_scheme_that_explains_it(crowd: list[str], empty_directory: StaffDirectory) -> None:
    _merge(empty_directory, crowd)
    changes, objections = preview()
    assert objections
    rows = propose_rows(reader(), changes)
    assert [(row.kind, row.old_name, row.new_name) for row in rows] == [(SuccessionKind.RENAME, "Sở Nội vụ", "Sở Nội vụ và Tài chính")]
    number = _scheme(*rows)
    assert sync().state == RunState.APPLIED
    assert _state(number) == ReorganisationState.APPLIED


def test_a_scheme_is_approved_once_and_by_somebody_else(crowd: list[str]) -> None:
    number = _scheme(_row(SuccessionKind.RENAME, "S01", "S12"), approved_by=None)
    with pytest.raises(Refusal):
        in_transaction(lambda connection: reorganisations.approve(connection, number, actor="cli:first"))
    in_transaction(lambda connection: reorganisations.approve(connection, number, actor="cli:second"))
    with pytest.raises(Refusal):
        in_transaction(lambda connection: reorganisations.approve(connection, number, actor="cli:third"))


def test_two_of_one_name_under_different_parents_are_two_units(empty_directory: StaffDirectory, app: Flask) -> None:
    for parent in (DEPARTMENT, DISTRICT):
        empty_directory.add_unit(f"ou=Văn phòng,{parent}")
        empty_directory.add_person(f"vp{len(parent)}", "Ma Văn Phòng", f"ou=Văn phòng,{parent}")
    assert sync().state == RunState.APPLIED
    u = table_of(Unit)
    assert reader().execute(select(func.count()).where(u.c.name == "Văn phòng")).scalar_one() == 2
    empty_directory.move(f"uid=vp{len(DISTRICT)},ou=Văn phòng,{DISTRICT}", DISTRICT)
    empty_directory.remove(f"ou=Văn phòng,{DISTRICT}")
    sync()
    still = reader().execute(select(u.c.parent_id).where(u.c.name == "Văn phòng", u.c.valid_to.is_(None))).scalars().all()
    assert still == [unit("Sở Nội vụ").id]
    with pytest.raises(Refusal):
        _scheme(SchemeRow(2, SuccessionKind.VANISH, old_name="Văn phòng nào đó"))


def test_a_name_that_several_units_bear_needs_a_code(empty_directory: StaffDirectory, app: Flask) -> None:
    for parent in (DEPARTMENT, DISTRICT):
        empty_directory.add_unit(f"ou=Văn phòng,{parent}")
    empty_directory.add_person("an", "Nguyễn Văn An")
    sync()
    number = _scheme(SchemeRow(2, SuccessionKind.VANISH, old_name="Văn phòng"), _row(SuccessionKind.VANISH, "S01"), approved_by=None)
    scheme = reorganisations.require_reorganisation(reader(), number)
    assert [row.flaw for row in reorganisations.rows_of(reader(), scheme.id)] == ["not_unique", None]


def test_a_role_for_a_unit_that_ends_goes_only_where_the_scheme_says(app: Flask, crowd: list[str], empty_directory: StaffDirectory) -> None:
    old, officer, other = unit("Sở Nội vụ"), person("nv0"), unit("Sở Tài chính")
    in_transaction(lambda connection: grant(connection, officer.id, Role.HR_OFFICER, unit_id=old.id, actor="cli:test"))
    in_transaction(lambda connection: grant(connection, person("kt0").id, Role.HR_OFFICER, unit_id=other.id, actor="cli:test"))
    programs = [Machine(app, Role.HR_OFFICER, unit=one.id) for one in (old, other)]
    number = _scheme(
        _row(SuccessionKind.MERGE, "S01", "S12", roles=RoleFate.FOLLOW), _row(SuccessionKind.MERGE, "S02", "S12", roles=RoleFate.END)
    )
    scheme = reorganisations.require_reorganisation(reader(), number)
    told = preview_rows(reader(), reorganisations.rows_of(reader(), scheme.id))
    assert [(one.people, one.widens, [held[3] for held in one.roles]) for one in told] == [(MANY, True, [True]), (6, False, [False])]
    for number_of_person in range(6):
        crowd.append(f"uid=kt{number_of_person},{OTHER}")
    _merge(empty_directory, crowd)
    empty_directory.remove(OTHER)
    assert sync().state == RunState.APPLIED
    held = [(row.person_id, row.unit_id, row.granted_by) for row in find_grants(reader())]
    assert held == [(officer.id, unit("Sở Nội vụ và Tài chính").id, "cli:second")]
    of_programs = [(row.client_id, row.unit_id, row.approved_by) for row in api_grants.find_grants(reader())]
    assert of_programs == [(programs[0].key, unit("Sở Nội vụ và Tài chính").id, "cli:second")]


def test_past_reports_keep_the_old_tree(crowd: list[str], empty_directory: StaffDirectory, time: ManualClock) -> None:
    old, decided = unit("Sở Nội vụ"), today() + timedelta(days=3)
    _scheme(_row(SuccessionKind.RENAME, "S01", "S12"), effective_on=decided)
    commune = unit("UBND xã Lũng Cú, Đồng Văn")
    time.advance(days=10)
    _merge(empty_directory, crowd)
    empty_directory.move(COMMUNE, BASE_DN)
    sync()
    new = unit("Sở Nội vụ và Tài chính")
    carried_out = today()
    for day, counted, in_force in (
        (decided - timedelta(days=1), old.id, old.id),
        (decided, old.id, new.id),  # decided, but people were still counted by the old tree
        (carried_out - timedelta(days=1), old.id, new.id),
        (carried_out, new.id, new.id),
    ):
        assert _one_of(tree_on(reader(), day), old.id, new.id) == counted, day
        assert _one_of(tree_in_force(reader(), day), old.id, new.id) == in_force, day
    assert tree_on(reader(), carried_out - timedelta(days=1))[commune.id].parent_id == commune.parent_id
    assert tree_on(reader(), carried_out)[commune.id].parent_id is None


def _one_of(tree: Any, old: Any, new: Any) -> Any:
    """The one that people are counted by: the old one as long as it is in the tree."""
    return old if old in tree else new if new in tree else None


def test_a_unit_that_changes_twice_is_found_as_it_was_on_each_day(empty_directory: StaffDirectory, app: Flask, time: ManualClock) -> None:
    empty_directory.add_person("an", "Nguyễn Văn An")
    sync()
    first, department = today(), unit("Sở Nội vụ")
    place = DEPARTMENT
    for name in ("Sở Nội vụ và Lao động", "Sở Nội vụ tỉnh"):
        time.advance(days=7)
        place = empty_directory.move(place, TOP, f"ou={name}")
        sync()
    names = [tree_on(reader(), first + timedelta(days=days))[department.id].name for days in (0, 6, 7, 13, 14)]
    assert names == ["Sở Nội vụ", "Sở Nội vụ", "Sở Nội vụ và Lao động", "Sở Nội vụ và Lao động", "Sở Nội vụ tỉnh"]
    v = table_of(UnitVersion)
    spans = reader().execute(select(v.c.valid_from, v.c.valid_to).where(v.c.unit_id == department.id).order_by(v.c.valid_from)).all()
    assert spans == [(first, first + timedelta(days=7)), (first + timedelta(days=7), first + timedelta(days=14))]


def test_a_scheme_whose_units_come_in_parts_goes_on_explaining_until_all_came(crowd: list[str], empty_directory: StaffDirectory) -> None:
    number = _scheme(_row(SuccessionKind.RENAME, "S01", "S12"), _row(SuccessionKind.NEW, new="S77"))
    _merge(empty_directory, crowd)
    assert sync().state == RunState.APPLIED
    assert _state(number) == ReorganisationState.UNDER_WAY
    empty_directory.add_unit(f"ou=Sở Dân tộc,{TOP}", "S77")
    sync()
    assert _state(number) == ReorganisationState.APPLIED


def test_a_withdrawn_scheme_explains_nothing_and_an_ended_one_is_not_withdrawn(crowd: list[str], empty_directory: StaffDirectory) -> None:
    number = _scheme(_row(SuccessionKind.RENAME, "S01", "S12"))
    in_transaction(lambda connection: reorganisations.withdraw(connection, number, actor="cli:first"))
    _merge(empty_directory, crowd)
    assert sync().state == RunState.STOPPED
    with pytest.raises(Refusal):
        in_transaction(lambda connection: reorganisations.withdraw(connection, number, actor="cli:first"))
