"""What is known of one source's people and units before a run, as far as comparing needs it."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, bindparam, func, select, text

from directory_sync.compact_people import CompactPeople, KnownPerson
from directory_sync.unit_tree import UnitRecord
from idp.database import table_of
from idp.people.models import Level, Person, PersonState, Unit

CHUNK, FETCHED_ROWS = 500, 5000

_p, _u = table_of(Person), table_of(Unit)
_of_source = _p.c.source == bindparam("of_source")
_known = select(_p.c.source_key, _p.c.id, _p.c.directory_digest, _p.c.state, _p.c.state_reason, _p.c.directory_locked).where(_of_source)
_known_page = _known.where(_p.c.source_key > bindparam("after")).order_by(_p.c.source_key).limit(FETCHED_ROWS)
_counts = select(func.count()).select_from(_p).where(_of_source)  # each of the two from an index alone
_out_of_service = select(func.count()).select_from(_p).where(_of_source, _p.c.state != text(f"'{PersonState.ACTIVE}'"))
_keys_at = select(_p.c.source_key).where(_of_source, _p.c.directory_dn.in_(bindparam("entries", expanding=True)))
_units = select(_u.c.source_key, _u.c.id, _u.c.code, _u.c.name, _u.c.level, _u.c.parent_id, _u.c.valid_to).where(
    _u.c.source == bindparam("of_source")
)


@dataclass(frozen=True)
class KnownUnit:
    """A unit as it is remembered."""

    unit_id: uuid.UUID
    record: UnitRecord
    is_open: bool


KnownPeople = Mapping[str, KnownPerson]


def known_people(connection: Connection, source: str) -> CompactPeople:
    """Everybody who ever came from the source, by the source's key; fetched a part at a time."""
    found, after = CompactPeople(), ""
    while rows := connection.execute(_known_page, {"of_source": source, "after": after}).all():
        for row in rows:
            found.add(*row)
        after = rows[-1].source_key
    return found


def reads_as_before(known: KnownPeople, key: str, digest: bytes) -> bool:
    """Whether somebody has the key, and their entry the digest of when it was last understood."""
    if isinstance(known, CompactPeople):
        return known.has_digest(key, digest)
    person = known.get(key)
    return person is not None and person.digest == digest


def standings(known: KnownPeople) -> Iterator[tuple[str, str, str | None, bool]]:
    """Key, state, reason and whether locked, of everybody known."""
    if isinstance(known, CompactPeople):
        return known.standings()
    return ((key, person.state, person.state_reason, person.locked) for key, person in known.items())


def known_among(connection: Connection, source: str, keys: Iterable[str]) -> dict[str, KnownPerson]:
    """Those of the source whose key is among `keys`: for a reading that names only what changed."""
    found: dict[str, KnownPerson] = {}
    waiting = iter(keys)
    while chunk := list(islice(waiting, CHUNK)):
        rows = connection.execute(_known.where(_p.c.source_key.in_(chunk)), {"of_source": source})
        found |= {key: KnownPerson(*rest) for key, *rest in rows}
    return found


def count_people(connection: Connection, source: str) -> tuple[int, int]:
    """How many people ever came from the source, and how many of them are active."""
    people = connection.execute(_counts, {"of_source": source}).scalar_one()
    return people, people - connection.execute(_out_of_service, {"of_source": source}).scalar_one()


def keys_of_entries(connection: Connection, source: str, entries: Iterable[str]) -> set[str]:
    """The keys of the people who were last seen in these entries (DNs)."""
    found: set[str] = set()
    waiting = iter(entries)
    while chunk := list(islice(waiting, CHUNK)):
        found |= set(connection.execute(_keys_at, {"of_source": source, "entries": chunk}).scalars())
    return found


def placing_units(connection: Connection, source: str) -> dict[str, KnownUnit]:
    """The units by whose keys a run of the source places people: its own, and for every source but the directory all open ones."""
    if source == "ldap":
        return known_units(connection, source)
    rows = connection.execute(select(_u.c.source).distinct().where(_u.c.source != source)).scalars().all()
    others = {key: unit for other in rows for key, unit in known_units(connection, other).items() if unit.is_open}
    return others | known_units(connection, source)


def known_units(connection: Connection, source: str) -> dict[str, KnownUnit]:
    """Every unit that ever came from the source, by the source's key."""
    rows = connection.execute(_units, {"of_source": source}).all()
    key_of = {row.id: row.source_key for row in rows}
    return {
        row.source_key: KnownUnit(
            row.id,
            UnitRecord(row.source_key, row.code, row.name, Level(row.level), key_of.get(row.parent_id)),
            row.valid_to is None,
        )
        for row in rows
    }
