"""Who a new entry is: somebody gone whose staff number it has, a new person, or a question for the desk. Pure rules, no database.

Only a staff number that one entry and one person have is proof. A name, an address or a username is at best a hint for the person
who decides: all of them are given out again.
"""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from directory_sync.desk_models import CaseKind, Choice
from directory_sync.staff_record import StaffRecord

MOST_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Remembered:
    """Somebody known of the same source. `is_gone`: no entry is theirs any more; `is_old_news`: since before the last run that was
    carried out whole; `is_long_gone`: for longer than people are taken back without a question."""

    person_id: uuid.UUID
    staff_code: str | None
    username_key: str | None
    mail_key: str | None
    name: str
    is_gone: bool
    is_old_news: bool = True
    is_long_gone: bool = False
    holds_role: bool = False
    mark: bytes | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the desk decided of an entry."""

    choice: str
    person_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a new entry could be. `hints`: what is alike."""

    person_id: uuid.UUID
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A new entry that waits for the desk."""

    kind: CaseKind
    record: StaffRecord
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Sorted:
    """What came of the new entries: `back` are people found again, with the entry that is theirs now."""

    back: list[tuple[uuid.UUID, StaffRecord]] = field(default_factory=list)
    new: list[StaffRecord] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """What is known beside the new entries: the people whom they could be, how often each number occurs among all entries read now
    and among all people remembered, and what the desk decided, by the entry's key."""

    people: Sequence[Remembered]
    numbers_read: Mapping[str, int]
    numbers_remembered: Mapping[str, int]
    decided: Mapping[str, Decision]
    marks: Mapping[str, bytes] = field(default_factory=dict)  # of the new entries, by key


def sort_out(records: Sequence[StaffRecord], known: Known) -> Sorted:
    """Say of each new entry who it is."""
    found = Sorted()
    by_number: dict[str, list[Remembered]] = {}
    for person in known.people:
        if person.staff_code:
            by_number.setdefault(person.staff_code, []).append(person)
    taken: set[uuid.UUID] = set()
    for record in records:
        _place(record, known, by_number.get(record.staff_code or "", []), taken, found)
    return found


def _place(record: StaffRecord, known: Known, sharing: list[Remembered], taken: set[uuid.UUID], found: Sorted) -> None:
    decision = known.decided.get(record.source_key)
    if decision is not None:
        _follow(decision, record, known, taken, found)
        return
    code = record.staff_code or ""
    gone = [person for person in sharing if person.is_gone and person.person_id not in taken]
    is_proof = bool(code) and known.numbers_read.get(code, 0) == 1 and known.numbers_remembered.get(code, 0) == 1
    if gone and is_proof:
        if _needs_a_word(gone[0]):
            found.held.append(_held(CaseKind.REHIRE, record, gone, known))
        else:
            taken.add(gone[0].person_id)
            found.back.append((gone[0].person_id, record))
    elif gone:
        found.held.append(_held(CaseKind.NUMBER_NOT_UNIQUE, record, sharing, known))
    elif any(person.is_old_news for person in sharing):
        found.held.append(_held(CaseKind.NUMBER_IN_USE, record, [person for person in sharing if person.is_old_news], known))
    elif alike := [person for person in known.people if _could_be(record, person, known)]:
        found.held.append(_held(CaseKind.NO_NUMBER, record, alike, known))
    else:
        found.new.append(record)


def _needs_a_word(person: Remembered) -> bool:
    """Whoever was away for long may be another holder of the number by now; and an entry that turns up days after somebody with a
    role is gone must not become them on the word of whoever may write into one corner of the directory."""
    return person.is_long_gone or (person.holds_role and person.is_old_news)


def _follow(decision: Decision, record: StaffRecord, known: Known, taken: set[uuid.UUID], found: Sorted) -> None:
    if decision.choice == Choice.NEW:
        found.new.append(record)
    elif decision.choice == Choice.SECOND_POST and decision.person_id is not None:
        first = next((person for person in known.people if person.person_id == decision.person_id), None)
        if first is not None and first.is_gone and first.person_id not in taken:  # the entry of the first post is gone: this one is left
            taken.add(first.person_id)
            found.back.append((first.person_id, record))


def _could_be(record: StaffRecord, person: Remembered, known: Known) -> bool:
    if not person.is_gone or (record.staff_code and person.staff_code and record.staff_code != person.staff_code):
        return False
    hints = _hints(record, person, known)
    return bool({"username", "mail", "mark"} & set(hints)) or ("name" in hints and not person.is_old_news)


def _hints(record: StaffRecord, person: Remembered, known: Known) -> tuple[str, ...]:
    mark = known.marks.get(record.source_key)
    alike = {
        "staff_code": bool(record.staff_code) and record.staff_code == person.staff_code,
        "mark": mark is not None and mark == person.mark,
        "username": bool(record.username_key) and record.username_key == person.username_key,
        "mail": bool(record.mail_key) and record.mail_key == person.mail_key,
        "name": record.name == person.name,
    }
    return tuple(name for name, is_alike in alike.items() if is_alike)


def _held(kind: CaseKind, record: StaffRecord, people: Sequence[Remembered], known: Known) -> Held:
    """The likeliest first: with most hints, then whoever is gone."""
    candidates = [(Candidate(person.person_id, _hints(record, person, known)), person.is_gone) for person in people]
    candidates.sort(key=lambda one: (-len(one[0].hints), not one[1], str(one[0].person_id)))
    return Held(kind, record, tuple(candidate for candidate, _is_gone in candidates[:MOST_CANDIDATES]))


def count_numbers(records: Sequence[StaffRecord]) -> Counter[str]:
    """How often each staff number occurs."""
    return Counter(record.staff_code for record in records if record.staff_code)
