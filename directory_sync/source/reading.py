"""What every source hands to a run: a reading, whole or of what changed; and how it says that it could not read."""

import enum
from collections.abc import Callable, MutableMapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date

from directory_sync.compact_people import CompactPeople, Seen
from directory_sync.known import KnownPeople
from directory_sync.record_spool import RecordSpool
from directory_sync.staff_record import StaffRecord
from directory_sync.unit_tree import UnitTree

Alive = Callable[[], None]  # to be called now and then while reading: renews the lease of the run
Progress = Callable[[str, int], object]  # a step's name, and how many are done


class ReadIncomplete(Exception):
    """The source could not be read, or not whole; nothing may be concluded from what came. `reason` is a stable word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail = reason, detail


class Kind(enum.StrEnum):
    """How much a run reads: everything, what changed since the run before, or one person."""

    FULL = "full"
    DELTA = "delta"
    PERSON = "person"


@dataclass(frozen=True)
class Unreadable:
    """An entry that cannot be taken in: where it is (its DN, or the line of a file), what it is called, and why not."""

    entry: str
    reason: str  # a stable word, told as a flaw
    name: str = ""


@dataclass(frozen=True)
class Leaving:
    """A leaving that is still to come: the entry, the last day of service, the decision."""

    source_key: str
    last_day: date
    decision: str


@dataclass(frozen=True)
class Reading:
    """What was read of one source.

    `is_whole`: everything was read, so that whoever is known and not in `seen` is gone; else `gone` names who is. `fresh`: the facts
    of all whose entries are new or read differently. `has_units`: `tree` is whole and units are compared too; without, the tree
    only places people. `unreadable`: entries left out; nobody is concluded to be gone because of one. `cookie`: where the next
    delta goes on from; kept with the end of a run that was applied, so what was not applied is read again. `says`: of a file, the
    facts that it has columns for; whatever else is known of its people stays. `leavings`: last days that are still to come.
    """

    tree: UnitTree
    seen: set[str] | Seen
    fresh: MutableMapping[str, StaffRecord]
    gone: Set[str] = frozenset()
    is_whole: bool = True
    has_units: bool = True
    cookie: bytes | None = None
    unreadable: list[Unreadable] = field(default_factory=list)
    says: frozenset[str] | None = None
    leavings: Sequence[Leaving] = ()


def reading_of_all(tree: UnitTree, known: KnownPeople, cookie: bytes | None = None) -> Reading:
    """A reading that may become as large as the source is: what is new lies in a file, of whom is known only a mark is kept."""
    fresh = RecordSpool()
    return Reading(tree, Seen(known if isinstance(known, CompactPeople) else CompactPeople(), fresh), fresh, cookie=cookie)


@dataclass(frozen=True)
class Source:
    """Where a run reads. `read` is given everybody known (for a delta or one person nobody: then all that is read is understood) and
    raises ReadIncomplete. `name` is what `person.source`, `unit.source` and `sync_run.source` say; `is_file`: somebody sent it, so that reading it says nothing
    of how fresh the rest is."""

    name: str
    read: Callable[[KnownPeople, Alive, Progress], Reading]
    kind: Kind = Kind.FULL
    is_file: bool = False
