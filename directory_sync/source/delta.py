"""Reads what changed in the directory since last time; everything, when the server cannot say."""

from dataclasses import replace

from directory_sync.changes import compare_units
from directory_sync.known import KnownPeople, known_people, known_units
from directory_sync.ledger import find_cookie
from directory_sync.source import ldap
from directory_sync.source.dialect import Dialect, read_units
from directory_sync.source.ldap import Directory
from directory_sync.source.ldap_full import SOURCE, dialect_of, read_cookie, read_whole, write_cookie
from directory_sync.source.reading import Alive, Kind, Progress, ReadIncomplete, Reading, Source
from directory_sync.source.way import UNITS_CHANGED, CookieRefused, Told
from directory_sync.unit_tree import UnitTree
from idp.database import reader
from idp.settings import current_settings
from idp.wire import messages
from idp.wire.ber import Malformed

NO_UNITS = UnitTree((), {}, {}, b"")


def directory_delta(wishes: set[str]) -> Source:
    """The directory of the settings since last time. `wishes`: filled with the reasons why a whole read should follow soon."""

    def read(_: KnownPeople, alive: Alive, progress: Progress) -> Reading:
        cookie = find_cookie(reader(), SOURCE)
        with ldap.connected(ldap.access_from(current_settings())) as directory:
            dialect = dialect_of(directory)
            try:
                return _since(directory, dialect, cookie, wishes)
            except CookieRefused:
                return read_whole(directory, known_people(reader(), SOURCE), alive, progress)

    return Source(SOURCE, read, Kind.DELTA)


def directory_person(source_key: str) -> Source:
    """One person, whom the directory's own key names. Not being there is the answer to the question asked, so it counts."""

    def read(_: KnownPeople, __: Alive, ___: Progress) -> Reading:
        settings = current_settings()
        access = replace(ldap.access_from(settings), read_seconds=settings.ldap_sign_in_seconds)  # somebody waits for it
        with ldap.connected(access) as directory:
            dialect = dialect_of(directory)
            wanted = messages.all_of(dialect.people, dialect.with_key(source_key))
            told = Told(b"")
            for page in directory.pages(wanted, dialect.attributes, *dialect.controls):
                told.entries.extend(page)
            if not told.entries:
                if not read_units(directory, dialect).units:
                    raise ReadIncomplete("no_units")  # then not even this person's absence says anything
                told.gone.add(source_key)
            reading = _understood(directory, dialect, told, set())
        if told.entries and not reading.fresh:
            raise ReadIncomplete("unit_not_known")
        return reading

    return Source(SOURCE, read, Kind.PERSON)


def _since(directory: Directory, dialect: Dialect, cookie: bytes | None, wishes: set[str]) -> Reading:
    """What changed since the cookie. Raises CookieRefused, ReadIncomplete."""
    way, value = read_cookie(cookie, directory.url)
    told = way.since(directory, dialect, value)
    wishes |= told.wishes
    told.cookie = write_cookie(way, directory.url, told.cookie)
    return _understood(directory, dialect, told, wishes)


def _understood(directory: Directory, dialect: Dialect, told: Told, wishes: set[str]) -> Reading:
    """The reading of what was told. Who stands in a unit that we do not know yet waits for the whole read that brings the unit; a
    lock does not wait."""
    tree = read_units(directory, dialect) if told.entries else NO_UNITS
    reading = Reading(tree, set(), {}, gone=told.gone, is_whole=False, has_units=False, cookie=told.cookie or None)
    try:
        for entry in told.entries:
            dialect.take_in(entry, {}, reading)
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None
    units = known_units(reader(), SOURCE) if told.entries else {}
    if told.entries and len(compare_units(units, tree)):
        wishes.add(UNITS_CHANGED)
    for key, record in list(reading.fresh.items()):
        if record.unit_key is not None and record.unit_key not in units and not record.locked:
            del reading.fresh[key]
    return reading
