"""Whether a run may go on: a directory that lost people, attributes or its numbering is stopped before it takes anybody out."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from directory_sync.changes import Changes, Explained
from directory_sync.reasons import encode, parse
from idp.database import table_of
from idp.people.models import Person
from idp.settings import Settings

FEW_PEOPLE = 20  # in so few, a share says nothing
WATCHED = ("username", "mail", "phone", "staff_code", "staff_category", "title", "unit_key")
VANISHED_SHARE, SHARED_SHARE = 0.10, 0.10

_p = table_of(Person)
_codes = select(_p.c.id, _p.c.staff_code).where(_p.c.source == bindparam("of_source"), _p.c.staff_code.is_not(None))


@dataclass(frozen=True)
class Objection:
    """One reason to stop. `people`: how many it is about; 0 when nobody can approve it."""

    reason: str
    code: str
    people: int


def judge(connection: Connection, changes: Changes, settings: Settings, explained: Explained, approved: str = "") -> list[Objection]:
    """What speaks against applying the changes. `approved`: the reasons of a stopped run that somebody looked at: what is not
    worse than that is no objection any more."""
    allowed = {_subject(code, details): int(details.get("people", 0)) for code, details in parse(approved)}
    return [found for found in _objections(connection, changes, settings, explained) if not 0 < found.people <= allowed.get(found.code, 0)]


def _subject(code: str, details: Mapping[str, str]) -> str:
    return f"{code}:{details['attribute']}" if "attribute" in details else code


def _objections(connection: Connection, changes: Changes, settings: Settings, explained: Explained) -> Iterator[Objection]:
    if not changes.people_read and changes.is_whole:
        yield Objection("no_people", "no_people", 0)
    if changes.has_units and not changes.units_read and changes.open_units_before:
        yield Objection("no_units", "no_units", 0)
    gone, active = sum(one.person_id not in explained.people for one in changes.suspensions), changes.active_before
    if gone > max(settings.sync_suspend_limit_people, active * settings.sync_suspend_limit_percent / 100):
        yield _objection("too_many_suspensions", gone, active=active)
    for attribute in WATCHED:
        lost = sum(1 for update in changes.told_updates if attribute in update.after and update.after[attribute] is None)
        if lost > max(FEW_PEOPLE, changes.known_people * VANISHED_SHARE):
            yield _objection("attribute_vanished", lost, attribute=attribute)
    sharing = _sharing_a_code(connection, changes)
    if sharing > max(FEW_PEOPLE, changes.people_read * SHARED_SHARE):
        yield _objection("staff_codes_not_unique", sharing)


def _objection(code: str, people: int, **details: object) -> Objection:
    reason = encode(code, people=people, **details)
    return Objection(reason, _subject(code, parse(reason)[0][1]), people)


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
