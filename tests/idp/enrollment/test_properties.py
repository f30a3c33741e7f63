"""Properties of the figures, tried with many inputs: children sum to parents, nobody stands on two rungs, the past never changes."""

import uuid
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from idp import clock
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.enrollment.day_facts import Figures, Line
from idp.enrollment.figures_of_day import days_kept, line_of, reconciles
from idp.enrollment.listing import people_on
from idp.enrollment.models import Snapshot
from idp.enrollment.rungs import Rung, basis_now, count_people, standing_of_all
from idp.enrollment.snapshots import read_contents, take_snapshot
from idp.enrollment.totals import CATEGORY, LEVEL, OWN, UNIT, add_up
from idp.people.models import Person
from tests.support.enrolled_people import add_factor, add_person_on, add_proofing, add_recovery_codes
from tests.support.people import add_person, add_unit

SIZE = 9
UNITS = [uuid.UUID(int=number + 1) for number in range(SIZE)]
_p = table_of(Person)
quiet = settings(derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def counts(draw: st.DrawFn) -> list[Any]:
    rows = draw(st.lists(st.tuples(st.integers(0, SIZE), st.sampled_from(["cong_chuc", "hop_dong", ""]), st.sampled_from(list(Rung)),
                                   st.integers(1, 50), st.integers(0, 50)), max_size=25))  # fmt: skip
    return [
        SimpleNamespace(unit_id=uuid.UUID(int=unit), level="commune" if unit else "", staff_category=category, rung=rung.value, people=people,
                        entitled=min(entitled, people), absent=0, exempt=1)
        for unit, category, rung, people, entitled in rows
    ]  # fmt: skip


@quiet
@given(counts(), st.lists(st.integers(-1, SIZE - 1), min_size=SIZE, max_size=SIZE), st.booleans())
def test_whatever_the_tree_the_lines_below_add_up_to_the_line_above(rows: list[Any], parents: list[int], with_contract: bool) -> None:
    tree = {
        key: SimpleNamespace(parent_id=UNITS[above] if 0 <= above < place else None, code="", name=str(place), level="commune")
        for place, (key, above) in enumerate(zip(UNITS, parents, strict=True))
    }
    lines = [line_of(SimpleNamespace(**one)) for one in add_up(rows, tree, with_contract)]
    whole = lines[0]
    counted = [row for row in rows if with_contract or row.staff_category != "hop_dong"]
    assert whole.figures.people == sum(row.people for row in counted) == sum(whole.figures.rungs)
    assert whole.figures.seamless_entitled == sum(row.entitled for row in counted if row.rung == "B6")
    by_kind = {kind: [one for one in lines if one.kind == kind] for kind in (LEVEL, CATEGORY, UNIT, OWN)}
    assert reconciles(by_kind[LEVEL], whole)
    assert reconciles(by_kind[CATEGORY], whole)
    nobody = uuid.UUID(int=0)
    assert reconciles([one for one in by_kind[UNIT] if not one.parent_key] + _own(by_kind[OWN], nobody), whole)
    for unit in by_kind[UNIT]:
        below = [one for one in by_kind[UNIT] if one.parent_key == unit.key]
        if unit.has_more:
            assert reconciles(below + _own(by_kind[OWN], uuid.UUID(unit.key)), unit)
        assert sum(unit.figures.rungs) == unit.figures.people
        assert unit.figures.entitled <= unit.figures.people
        assert all(_holds(one.figures) for one in below)


def _own(lines: list[Line], key: uuid.UUID) -> list[Line]:
    return [one for one in lines if one.key == str(key)]


def _holds(figures: Figures) -> bool:
    rising = [figures.at_least(rung) for rung in Rung]
    return rising == sorted(rising, reverse=True) and figures.seamless_entitled <= figures.authenticated_entitled <= figures.entitled


FACTS = ("has_name", "locked", "signed_in", "read_notice", "proofed", "factor", "codes", "recent")


def test_every_mix_of_facts_puts_a_person_on_one_rung_and_it_is_the_highest_whose_tests_all_hold(app: Flask, time: ManualClock) -> None:
    expected: dict[uuid.UUID, str] = {}
    for number in range(2 ** len(FACTS)):
        facts = {name: bool(number >> place & 1) for place, name in enumerate(FACTS)}
        if (
            facts["has_name"]
            and not facts["locked"]
            and (number % 3 == 0 or all(facts[name] for name in FACTS if name not in ("locked", "codes")))
        ):
            expected[_person_with(facts)] = _rung_by_hand(facts)
    basis = basis_now(reader())
    rows = reader().execute(standing_of_all(basis)).all()
    assert {row.id: row.rung for row in rows} == expected
    assert sum(row.people for row in count_people(reader(), basis)) == len(expected) == len(rows)


def _person_with(facts: dict[str, bool]) -> uuid.UUID:
    now = clock.now()
    person_id = add_person(
        f"p{uuid.uuid4().hex[:10]}", staff_category="cong_chuc", first_signed_in_at=now if facts["signed_in"] else None,
        notice_acknowledged_at=now if facts["read_notice"] else None,
        last_two_factor_at=now - timedelta(days=1 if facts["recent"] else 31),
    )  # fmt: skip
    for name, add in (("proofed", add_proofing), ("factor", add_factor), ("codes", add_recovery_codes)):
        if facts[name]:
            add(person_id)
    return person_id


def _rung_by_hand(facts: dict[str, bool]) -> str:
    tests = [facts["signed_in"] and facts["read_notice"], facts["proofed"], facts["factor"] and facts["codes"], facts["recent"]]
    return f"B{1 + next((place for place, holds in enumerate(tests) if not holds), len(tests))}"


CHANGES: list[dict[str, Any]] = [
    {"directory_locked": True}, {"directory_locked": False}, {"state": "suspended", "state_reason": "gone_from_directory"},
    {"state": "active", "state_reason": None}, {"last_two_factor_at": None}, {"staff_category": "hop_dong"}, {"unit_id": None},
]  # fmt: skip


def test_whatever_comes_later_the_past_never_changes(app: Flask, time: ManualClock) -> None:
    unit_id = add_unit("UBND xã Lũng Cú")
    people = [add_person_on(rung, unit_id=unit_id) for rung in ("B1", "B3", "B4", "B5")]
    frozen: dict[Any, Any] = {}

    @settings(quiet, max_examples=12)
    @given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(CHANGES)), max_size=4), st.integers(1, 40))
    def later(changes: list[tuple[int, dict[str, Any]]], days: int) -> None:
        for place, values in changes:
            in_transaction(lambda c: c.execute(update(_p).where(_p.c.id == people[place]).values(**values)))  # noqa: B023
        time.advance(days=days)
        in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
        for day, kept in frozen.items():
            assert _all_of(day) == kept, day
        newest = days_kept(reader(), datetime(2026, 1, 1, tzinfo=clock.now().tzinfo).date(), clock.now().date() + timedelta(days=2))[-1]
        frozen[newest] = _all_of(newest)

    later()
    assert len(frozen) >= 10


def _all_of(day: Any) -> Any:
    head = reader().execute(select(Snapshot).where(Snapshot.day == day)).one()
    contents = read_contents(reader(), day)
    rows = [sorted(map(str, part)) for part in (contents.counts, contents.totals, contents.systems, contents.lines)]
    return head.hash, rows, sorted((str(row.person_id), row.rung, str(row.unit_id)) for row in people_on(reader(), day))
