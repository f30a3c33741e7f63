"""Whether a run may go on: a directory that lost people, units, attributes or its numbering is stopped before it takes anybody out."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, bindparam, func, select

from directory_sync.changes import Changes, Explained
from directory_sync.known import CHUNK
from directory_sync.models import ChangeKind, RunState, SyncRun
from directory_sync.reasons import encode, parse
from idp import clock
from idp.database import table_of
from idp.people.models import Person, PersonState
from idp.settings import Settings

FEW_PEOPLE = 20  # in so few, a share says nothing
WATCHED = ("username", "mail", "phone", "staff_code", "staff_category", "title", "unit_key")
VANISHED_SHARE, SHARED_SHARE = 0.10, 0.10
RECENT = timedelta(hours=1)  # what deltas did meanwhile counts together: a folder deleted entry by entry comes in minute by minute
UPDATED = frozenset({ChangeKind.CHANGED, ChangeKind.MOVED})
# The source itself is at fault, not some people: one approval is never enough.
AT_FAULT = frozenset({"attribute_vanished", "staff_codes_not_unique", "too_many_found_again"})

_p, _r = table_of(Person), table_of(SyncRun)
_codes = select(_p.c.id, _p.c.staff_code).where(_p.c.source == bindparam("of_source"), _p.c.staff_code.is_not(None))
_recently = select(func.coalesce(func.sum(_r.c.suspended), 0)).where(
    _r.c.source == bindparam("of_source"),
    _r.c.kind == "delta",
    _r.c.state == RunState.APPLIED.value,
    _r.c.plan_number.is_(None),
    _r.c.started_at > bindparam("since"),
)
_active_in_units = (
    select(_p.c.unit_id, func.count().label("people"))
    .where(_p.c.state == PersonState.ACTIVE.value, _p.c.unit_id.in_(bindparam("units", expanding=True)))
    .group_by(_p.c.unit_id)
)


@dataclass(frozen=True)
class Objection:
    """One reason to stop. `people`: how many it is about; 0 when nobody can approve it. `kinds`, `only`: the changes that it is
    about, by person or the source's key; `only` None: all of these kinds."""

    reason: str
    code: str
    people: int
    kinds: frozenset[ChangeKind] = frozenset()
    only: Collection[object] | None = None

    @property
    def word(self) -> str:
        """What it objects to, without figures."""
        return self.code.partition(":")[0]


def judge(connection: Connection, changes: Changes, settings: Settings, explained: Explained, approved: str = "") -> list[Objection]:
    """What speaks against applying the changes. `approved`: the reasons of a plan that was approved: a ceiling, so that what is not
    worse than that is no objection any more, and everything else still is."""
    allowed = {_subject(code, details): int(details.get("people", 0)) for code, details in parse(approved)}
    return [found for found in _objections(connection, changes, settings, explained) if not 0 < found.people <= allowed.get(found.code, 0)]


def words_wanted(objections: Sequence[Objection], people: int, settings: Settings) -> int:
    """How many people must approve: 0 nobody can, 1, or 2 above the second limit (of `people` known) and when the source is at fault."""
    if any(not one.people for one in objections):
        return 0
    second = max(settings.sync_second_limit_people, people * settings.sync_second_limit_percent / 100)
    return 2 if any(one.people > second or one.word in AT_FAULT for one in objections) else 1


def _subject(code: str, details: Mapping[str, str]) -> str:
    return f"{code}:{details['attribute']}" if "attribute" in details else code


def _objections(connection: Connection, changes: Changes, settings: Settings, explained: Explained) -> Iterator[Objection]:
    if not changes.people_read and changes.is_whole:
        yield Objection("no_people", "no_people", 0)
    if changes.has_units and not changes.units_read and changes.open_units_before:
        yield Objection("no_units", "no_units", 0)
    yield from _suspensions(connection, changes, settings, explained)
    yield from _other_kinds(changes, settings, explained)
    for attribute in WATCHED:
        lost = {update.person_id for update in changes.told_updates if attribute in update.after and update.after[attribute] is None}
        if len(lost) > max(FEW_PEOPLE, changes.known_people * VANISHED_SHARE):
            yield _objection("attribute_vanished", len(lost), UPDATED, lost, attribute=attribute)
    sharing = _sharing_a_code(connection, changes)
    if sharing > max(FEW_PEOPLE, changes.people_read * SHARED_SHARE):
        given = {update.person_id for update in changes.updates if "staff_code" in update.after}
        joined = {record.source_key for record in changes.joins if record.staff_code}
        yield _objection("staff_codes_not_unique", sharing, UPDATED | {ChangeKind.JOINED}, given | joined)


def _suspensions(connection: Connection, changes: Changes, settings: Settings, explained: Explained) -> Iterator[Objection]:
    counted = [one.person_id for one in changes.suspensions if one.person_id not in explained.people]
    gone, active = len(counted) + len(changes.leavings), changes.active_before
    recent = 0
    if gone and not changes.is_whole:
        recent = connection.execute(_recently, {"of_source": changes.source, "since": clock.now() - RECENT}).scalar_one()
    suspended = frozenset({ChangeKind.SUSPENDED})
    if gone and gone + recent > max(settings.sync_suspend_limit_people, (active + recent) * settings.sync_suspend_limit_percent / 100):
        yield _objection("too_many_suspensions", gone, suspended, None, active=active, **({"recent": recent} if recent else {}))
    elif gone > settings.sync_unit_suspend_limit_people:
        yield from _one_unit(connection, counted, settings)


def _one_unit(connection: Connection, person_ids: Sequence[uuid.UUID], settings: Settings) -> Iterator[Objection]:
    units: dict[uuid.UUID, set[uuid.UUID]] = {}
    for start in range(0, len(person_ids), CHUNK):
        chunk = select(_p.c.id, _p.c.unit_id).where(_p.c.id.in_(person_ids[start : start + CHUNK]), _p.c.unit_id.is_not(None))
        for person_id, unit_id in connection.execute(chunk):
            units.setdefault(unit_id, set()).add(person_id)
    many = {unit_id: people for unit_id, people in units.items() if len(people) > settings.sync_unit_suspend_limit_people}
    if not many:
        return
    active = {row.unit_id: row.people for row in connection.execute(_active_in_units, {"units": list(many)})}
    over = [unit_id for unit_id, people in many.items() if len(people) > active[unit_id] * settings.sync_unit_suspend_limit_percent / 100]
    if over:
        people = set().union(*(many[unit_id] for unit_id in over))
        yield _objection("too_many_in_a_unit", len(people), frozenset({ChangeKind.SUSPENDED}), people, units=len(over))


def _other_kinds(changes: Changes, settings: Settings, explained: Explained) -> Iterator[Objection]:
    known = changes.known_people
    moved = {update.person_id for update in changes.updates if update.has_moved} - explained.people
    # Many found again behind other entries: another directory with the right numbers would take over everybody.
    again = {update.person_id for update in changes.updates if "source_key" in update.after} - explained.people - moved
    joined = {record.source_key for record in changes.joins} - explained.joins if known else set()
    returned = set(changes.returns) - explained.people
    closed = {unit.record.source_key for unit in changes.units.closed} - explained.units
    for code, kind, found, whole, percent, most in (
        ("too_many_moves", ChangeKind.MOVED, moved, known, settings.sync_move_limit_percent, settings.sync_move_limit_people),
        ("too_many_found_again", ChangeKind.CHANGED, again, known, settings.sync_move_limit_percent, settings.sync_move_limit_people),
        ("too_many_joins", ChangeKind.JOINED, joined, known, settings.sync_join_limit_percent, settings.sync_join_limit_people),
        ("too_many_returns", ChangeKind.RETURNED, returned, known, settings.sync_return_limit_percent, settings.sync_return_limit_people),
        (
            "too_many_units_closed", ChangeKind.UNIT_CLOSED, closed, changes.open_units_before, settings.sync_unit_limit_percent,
            settings.sync_unit_limit_units,
        ),
    ):  # fmt: skip
        if len(found) > max(most, whole * percent / 100):
            yield _objection(code, len(found), frozenset({kind}), found, of=whole)


def _objection(code: str, people: int, kinds: frozenset[ChangeKind], only: Collection[object] | None, **details: object) -> Objection:
    reason = encode(code, people=people, **details)
    return Objection(reason, _subject(code, parse(reason)[0][1]), people, kinds, only)


def _sharing_a_code(connection: Connection, changes: Changes) -> int:
    """How many more people than before would share their staff code; only looked at when many codes are new, and not on a
    first run, where there is no before."""
    given = {update.person_id: update.record.staff_code for update in changes.updates if "staff_code" in update.after}
    if not changes.known_people or len(given) + len(changes.joins) <= FEW_PEOPLE:
        return 0
    stored = connection.execute(_codes, {"of_source": changes.source}).all()
    before = Counter(code for _, code in stored)
    after = Counter(code for person_id, code in stored if person_id not in given)
    after.update(code for code in (*given.values(), *(record.staff_code for record in changes.joins)) if code)
    return _shared(after) - _shared(before)


def _shared(codes: Counter[str]) -> int:
    return sum(count for count in codes.values() if count > 1)
