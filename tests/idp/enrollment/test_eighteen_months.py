"""Eighteen months of a province against an independent recount: to the person, every snapshot, total and interval."""

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from flask import Flask

from idp import audit, clock
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.enrollment import closings
from idp.enrollment.figures_of_day import day_of, days_kept, reconciles, trend, units_below
from idp.enrollment.following import look_job
from idp.enrollment.integrity import flaws
from idp.enrollment.listing import history_of, people_on
from idp.enrollment.periods import PeriodKind
from idp.enrollment.recount import count_differences
from idp.enrollment.snapshots import read_contents, read_snapshot, take_snapshot
from idp.enrollment.totals import COUNTED
from idp.people.models import Level
from tests.support.enrolled_people import integrated_system
from tests.support.people import add_unit
from tests.support.simulated_province import DAYS, Happening, Ledger, carry_out, look_by_hand, note, rung_by_hand, story, unit_by_hand

SEED = 20261124
UNITS = 6
NUMBERS = (*COUNTED, "missing")
TOPS: dict[uuid.UUID, uuid.UUID] = {}


def _units() -> list[uuid.UUID]:
    top = add_unit("Tỉnh", level=Level.PROVINCE.value)
    found = [add_unit(f"Đơn vị {number}", parent_id=top) for number in range(UNITS)]
    TOPS.update(dict.fromkeys(found, top))
    return found


def _do(happenings: Sequence[Happening], time: ManualClock, ids: dict[int, uuid.UUID], units: list[uuid.UUID], clients: Any) -> None:
    def deeds(connection: Any) -> None:
        for one in happenings:
            time.advance(seconds=(one.at - clock.now()).total_seconds())
            carry_out(connection, one, ids, units, clients)

    in_transaction(deeds)


def _listed(ledger: Ledger, at: Any) -> dict[int, tuple[str, int, str]]:
    return {
        person: (rung_by_hand(ledger, facts, at), unit_by_hand(facts, at), facts.category)
        for person, facts in ledger.people.items()
        if facts.in_post
    }


def test_every_snapshot_and_interval_of_eighteen_months_agrees_with_a_recount_by_hand(app: Flask, time: ManualClock) -> None:
    draw, units = random.Random(SEED), _units()
    clients = [integrated_system("van-ban"), integrated_system("mot-cua")]
    ledger, by_hand, since = Ledger(systems={0, 1}), {}, None
    start = clock.now() + timedelta(hours=1)
    told = list(story(SEED, start, UNITS))
    ids = dict[int, uuid.UUID]()
    place, day = 0, start
    days = DAYS if reader().dialect.name == "sqlite" else 120  # one long story is enough; PostgreSQL shows that it tells the same
    while day < start + timedelta(days=days):
        day += timedelta(days=draw.choice((1, 4, 7, 10, 14)))  # missed days are gaps
        upto = next((number for number in range(place, len(told)) if told[number].at >= day), len(told))
        _do(told[place:upto], time, ids, units, clients)
        for one in told[place:upto]:
            note(ledger, one)
        place = upto
        time.advance(seconds=(day - clock.now()).total_seconds())
        in_transaction(audit.link_events)
        look_job()
        look_by_hand(ledger, clock.now(), since)
        since = clock.now()
        if in_transaction(lambda connection: take_snapshot(connection, actor="cli:test")):
            by_hand[(clock.now() + timedelta(hours=7)).date()] = _listed(ledger, clock.now())
    assert count_differences(reader()) == 0
    _compare_days(by_hand, ids, units)
    _compare_intervals(ledger, ids, units)
    assert list(flaws(reader())) == []
    _wrong_closing(sorted(by_hand))


def _compare_days(by_hand: dict[date, dict[int, tuple[str, int, str]]], ids: dict[int, uuid.UUID], units: list[uuid.UUID]) -> None:
    numbers = {person_id: person for person, person_id in ids.items()}
    places = {unit_id: number for number, unit_id in enumerate(units)}
    for day, expected in by_hand.items():
        found = read_snapshot(reader(), day)
        assert found
        counted = {(row.rung, places[row.unit_id], row.staff_category): row.people for row in found[1]}
        assert counted == Counter(expected.values()), day
        listed = {numbers[row.person_id]: (row.rung, places[row.unit_id], row.staff_category) for row in people_on(reader(), day)}
        assert listed == expected, day
        _compare_totals(day, expected, units)
        whole = day_of(reader(), day).whole
        officials = [one for one in expected.values() if one[2] != "hop_dong"]
        assert (whole.figures.people, whole.figures.left_out) == (len(officials), len(expected) - len(officials))
        assert whole.figures.seamless_entitled == sum(one[0] == "B6" for one in officials)
        top = units_below(reader(), day, None)
        assert reconciles(top, whole)
        assert all(reconciles(units_below(reader(), day, one.unit_id), one) for one in top if one.has_more)
    kept = days_kept(reader(), min(by_hand), max(by_hand))
    assert kept == sorted(by_hand)
    points = trend(reader(), kept[0], kept[-1])
    assert [one.day for one in points] == kept
    gaps = {later for earlier, later in pairwise(kept) if (later - earlier).days > 1}
    assert {one.day for one in points if "gap" in one.breaks} == gaps


def _compare_totals(day: date, expected: dict[int, tuple[str, int, str]], units: list[uuid.UUID]) -> None:
    """Every total of the day, worked out by hand from the list by name; everybody may enter both systems."""
    by_hand: dict[tuple[str, str], Counter[str]] = {("whole", ""): Counter()}
    for rung, unit, category in expected.values():
        counted = category != "hop_dong"
        places = [("whole", ""), ("unit", str(units[unit])), ("unit", str(TOPS[units[unit]]))]
        places += [("level", "commune"), ("category", category)] if counted else []
        for place in places:
            found = by_hand.setdefault(place, Counter())
            if not counted:
                found["left_out"] += 1
                continue
            found.update(["people", "entitled", rung.lower(), *(["accounts"] if rung != "B0" else [])])
            found.update(["authenticated_entitled"] if rung in ("B5", "B6") else [])
            found.update(["seamless_entitled"] if rung == "B6" else ["missing"])
    stored = {(row.kind, row.key): Counter({name: getattr(row, name) for name in NUMBERS}) for row in read_contents(reader(), day).totals}
    assert {place: +found for place, found in stored.items()} == {place: +found for place, found in by_hand.items()}, day


def _compare_intervals(ledger: Ledger, ids: dict[int, uuid.UUID], units: list[uuid.UUID]) -> None:
    places = {unit_id: number for number, unit_id in enumerate(units)}
    for person, expected in ledger.intervals.items():
        rows = history_of(reader(), ids[person])
        found = [[row.from_at, row.rung, places[row.unit_id], row.staff_category, row.to_at] for row in rows]
        assert found == expected, (person, [row.cause for row in rows])


def _wrong_closing(days: Sequence[date]) -> None:
    wrong, right = days[-3], days[-2]
    period = f"{days[-8]:%Y-%m}"

    def close(connection: Any) -> int:
        return closings.close_period(connection, PeriodKind.MONTH, period, actor="cli:a", day=wrong, reason="Nhầm ngày")

    in_transaction(close)
    in_transaction(
        lambda connection: closings.correct(connection, PeriodKind.MONTH, period, reason="Chốt nhầm ngày", actor="cli:b", day=right)
    )
    first, second = closings.find_versions(reader(), PeriodKind.MONTH, period)
    assert (first.version, first.day, second.version, second.day) == (1, wrong, 2, right)
    assert first.figures["whole"]["people"] == day_of(reader(), wrong).whole.figures.people
    assert closings.first_broken_closing(reader()) is None
