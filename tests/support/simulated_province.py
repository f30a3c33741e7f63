"""Eighteen months of a province, from a seed: joiners, leavers, enrolment waves, a reorganisation, late data of HR, missed days.

`story` tells the events; `carry_out` does each to the database as the house does, with its event of the trail. `Ledger` and its
functions are an independent recount: plain Python over the events, by the definition of the rungs, knowing nothing of the database.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from idp import audit, clock
from idp.audit import Event
from idp.credentials.models import Proofing, RecoveryCode, TotpCredential
from idp.database import new_id, table_of
from idp.people.career_models import Appointment, PostKind
from idp.people.models import Person
from tests.support.people import person_row

DAYS, PEOPLE = 548, 40
RECENT, ENTRY = timedelta(days=30), timedelta(days=90)
CATEGORIES = ("can_bo", "cong_chuc", "vien_chuc", "hop_dong")
_p, _f, _t, _r = table_of(Person), table_of(Proofing), table_of(TotpCredential), table_of(RecoveryCode)


@dataclass(frozen=True)
class Happening:
    """One event of the story: to whom, what, and what with it. `system`: the application entered, by its place."""

    at: datetime
    kind: str
    person: int
    unit: int = 0
    category: str = ""
    system: int = 0


def story(seed: int, start: datetime, units: int) -> Iterator[Happening]:
    """The events of the months, in order. Units with odd numbers end on day 300: their people move to the unit before."""
    draw = random.Random(seed)
    known = list(range(PEOPLE))
    yield from (Happening(start, "join", person, draw.randrange(units), draw.choice(CATEGORIES), draw.randrange(20)) for person in known)
    for day in range(DAYS):
        at = start + timedelta(days=day, hours=1)
        wave = 4 if day // 45 % 3 == 1 else 1
        for _turn in range(3 * wave):
            at += timedelta(seconds=draw.randint(60, 900))
            kind = draw.choices(
                (
                    "activate",
                    "proof",
                    "enrol",
                    "sign_in",
                    "enter",
                    "lose_factor",
                    "withdraw",
                    "leave",
                    "return",
                    "lock",
                    "unlock",
                    "move",
                    "second_late",
                ),
                (6, 6, 6, 30, 24, 1, 1, 1, 2, 1, 2, 1, 1),
            )[0]
            yield Happening(at, kind, draw.choice(known), draw.randrange(0, units, 2), system=draw.randrange(2))
        if day % 9 == 0:
            known.append(len(known))
            yield Happening(at + timedelta(seconds=1), "join", known[-1], draw.randrange(0, units, 2), draw.choice(CATEGORIES), 1)
        if day == 300:
            yield from (Happening(at + timedelta(seconds=2), "reorganise", person) for person in known)


@dataclass
class Facts:
    """What the recount knows of one person."""

    unit: int
    category: str
    has_name: bool
    in_post: bool = True
    locked: bool = False
    activated: bool = False
    proofed: bool = False
    enrolled: bool = False
    two_factor: datetime | None = None
    entered: dict[int, datetime] = field(default_factory=dict)
    seconded: list[tuple[date, date, int]] = field(
        default_factory=list
    )  # first day, last day, host unit; in the order in which we were told
    last_event: datetime | None = None


@dataclass
class Ledger:
    """The recount: facts, and intervals as (from, rung, unit, category) with the last one's end; `systems`: integrated by now."""

    people: dict[int, Facts] = field(default_factory=dict)
    systems: set[int] = field(default_factory=set)
    intervals: dict[int, list[list[Any]]] = field(default_factory=dict)


def unit_by_hand(facts: Facts, at: datetime) -> int:
    """Where somebody is counted: at the host of the secondment that began last, while it lasts; what is told late counts from then on."""
    today = _day(at)
    lasting = [(first, place, unit) for place, (first, last, unit) in enumerate(facts.seconded) if first <= today <= last]
    return max(lasting)[2] if lasting else facts.unit


def _day(at: datetime) -> date:
    return (at + timedelta(hours=7)).date()


def _late(at: datetime) -> tuple[date, date]:
    """A secondment that human resources tell of twenty days after it began."""
    return _day(at) - timedelta(days=20), _day(at) + timedelta(days=25)


def note(ledger: Ledger, one: Happening) -> None:
    """Take an event into the facts."""
    if one.kind == "join":
        ledger.people[one.person] = Facts(one.unit, one.category, one.system != 0)
    facts = ledger.people[one.person]
    facts.last_event = one.at
    deeds: dict[str, Callable[[], object]] = {
        "activate": lambda: _set(facts, activated=True),
        "proof": lambda: _set(facts, proofed=True),
        "enrol": lambda: _set(facts, enrolled=True),
        "sign_in": lambda: _set(facts, two_factor=one.at),
        "enter": lambda: facts.entered.__setitem__(one.system, one.at),
        "lose_factor": lambda: _set(facts, enrolled=False),
        "withdraw": lambda: _set(facts, proofed=False),
        "leave": lambda: _set(facts, in_post=False),
        "return": lambda: _set(facts, in_post=True),
        "lock": lambda: _set(facts, locked=True),
        "unlock": lambda: _set(facts, locked=False),
        "move": lambda: _set(facts, unit=one.unit),
        "second_late": lambda: facts.seconded.append((*_late(one.at), one.unit)),
        "reorganise": lambda: _set(facts, unit=facts.unit - facts.unit % 2),
    }
    deeds.get(one.kind, lambda: None)()


def _set(facts: Facts, **values: Any) -> None:
    for name, value in values.items():
        setattr(facts, name, value)


def rung_by_hand(ledger: Ledger, facts: Facts, at: datetime) -> str:
    """The definition, read aloud."""
    if not facts.has_name or facts.locked or not facts.in_post:
        return "B0"
    if not facts.activated:
        return "B1"
    if not facts.proofed:
        return "B2"
    if not facts.enrolled:
        return "B3"
    if facts.two_factor is None or facts.two_factor < at - RECENT:
        return "B4"
    entered = all(system in facts.entered and facts.entered[system] >= at - ENTRY for system in ledger.systems)
    return "B6" if ledger.systems and entered else "B5"


def look_by_hand(ledger: Ledger, at: datetime, since: datetime | None) -> None:
    """Move the intervals to an instant; `since`: the look before."""
    for person, facts in ledger.people.items():
        mine = ledger.intervals.setdefault(person, [])
        before = mine[-1] if mine and mine[-1][4] is None else None
        now = (rung_by_hand(ledger, facts, at), unit_by_hand(facts, at), facts.category) if facts.in_post else None
        if (tuple(before[1:4]) if before else None) == now:
            continue
        instant = _instant(ledger, facts, before, now, at, since)
        if before is not None:
            before[4] = instant
        if now is not None:
            mine.append([instant, *now, None])


def _instant(ledger: Ledger, facts: Facts, before: Any, now: Any, at: datetime, since: datetime | None) -> Any:
    caused = facts.last_event if since is None or (facts.last_event and facts.last_event > since) else None
    if since is None:
        return at
    by_time = None
    if before and now and now[0] < before[1]:
        if now[0] == "B4" and facts.two_factor:
            by_time = facts.two_factor + RECENT
        if now[0] == "B5":
            by_time = min((facts.entered[one] for one in ledger.systems if one in facts.entered), default=at) + ENTRY
    if by_time is not None and by_time <= at and (caused is None or by_time <= caused):
        return max(by_time, before[0])
    return max(caused or at, before[0]) if before else (caused or at)


def carry_out(connection: Connection, one: Happening, ids: dict[int, uuid.UUID], units: list[uuid.UUID], clients: list[uuid.UUID]) -> None:
    """Do it to the database, as the house does, with its event."""
    now = clock.now()
    if one.kind == "join":
        name = f"p{one.person}" if one.system else None
        row = person_row(name, unit_id=units[one.unit], staff_category=one.category)
        ids[one.person] = row["id"]
        connection.execute(insert(Person), row)
        audit.record(connection, Event.PERSON_ADDED, actor="system:story", person_id=row["id"])
        return
    person_id = ids[one.person]
    event = _DEEDS[one.kind](connection, person_id, one, now, units)
    client = clients[one.system] if one.kind == "enter" else None
    audit.record(connection, event, actor="system:story", person_id=person_id, client_id=client)


def _change(event: Event, values: Callable[[Happening, datetime], dict[str, Any]]) -> Callable[..., Event]:
    def deed(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
        connection.execute(update(_p).where(_p.c.id == person_id), values(one, now))
        return event

    return deed


def _proof(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    row = {"id": new_id(), "person_id": person_id, "kind": "in_person", "recorded_by": "person:o", "reason": "x", "recorded_at": now}
    connection.execute(insert(Proofing), row)
    return Event.PROOFING_RECORDED


def _withdraw(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    connection.execute(update(_f).where(_f.c.person_id == person_id, _f.c.withdrawn_at.is_(None)), {"withdrawn_at": now})
    return Event.PROOFING_WITHDRAWN


def _enrol(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    shared = {"person_id": person_id, "created_at": now, "confirmed_at": now}
    connection.execute(insert(TotpCredential), {"id": new_id(), "name": "x", "sealed_secret": b"x", "last_step": 0, **shared})
    connection.execute(insert(RecoveryCode), {"id": new_id(), "hash": "x", **shared})
    return Event.TOTP_ENROLLED


def _lose(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    connection.execute(update(_t).where(_t.c.person_id == person_id), {"removed_at": now})
    return Event.TOTP_REMOVED


def _reorganise(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    for number in range(1, len(units), 2):
        here = (_p.c.id == person_id, _p.c.unit_id == units[number])
        connection.execute(update(_p).where(*here), {"unit_id": units[number - 1]})
    return Event.PERSON_CHANGED


def _enter(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    return Event.AUTHORIZATION_GRANTED


def _move(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    connection.execute(update(_p).where(_p.c.id == person_id), {"unit_id": units[one.unit]})
    return Event.PERSON_CHANGED


def _second(connection: Connection, person_id: uuid.UUID, one: Happening, now: datetime, units: list[uuid.UUID]) -> Event:
    first, last = _late(one.at)
    row = {"id": new_id(), "person_id": person_id, "unit_id": units[one.unit], "kind": PostKind.SECONDMENT.value, "from_day": first,
           "to_day": last, "created_by": "cli:story", "created_at": now}  # fmt: skip
    connection.execute(insert(Appointment), row)
    return Event.PERSON_CHANGED


_GONE = {"state": "suspended", "state_reason": "gone_from_directory"}
_DEEDS: dict[str, Callable[..., Event]] = {
    "activate": _change(Event.NOTICE_ACKNOWLEDGED, lambda _one, now: {"first_signed_in_at": now, "notice_acknowledged_at": now}),
    "sign_in": _change(Event.SECOND_FACTOR_VERIFIED, lambda _one, now: {"last_two_factor_at": now}),
    "leave": _change(Event.PERSON_SUSPENDED, lambda _one, _now: _GONE),
    "return": _change(Event.PERSON_RESTORED, lambda _one, _now: {"state": "active", "state_reason": None}),
    "lock": _change(Event.PERSON_CHANGED, lambda _one, _now: {"directory_locked": True}),
    "unlock": _change(Event.PERSON_CHANGED, lambda _one, _now: {"directory_locked": False}),
    "move": _move,
    "second_late": _second,
    "proof": _proof,
    "withdraw": _withdraw,
    "enrol": _enrol,
    "lose_factor": _lose,
    "reorganise": _reorganise,
    "enter": _enter,
}
