"""Reads an LDAP directory whole, page by page; understands only entries that are new or differ from what was understood before."""

from directory_sync.known import KnownPeople
from directory_sync.source import ldap
from directory_sync.source.active_directory import active_directory
from directory_sync.source.dialect import Dialect, read_units
from directory_sync.source.domain_changes import DIRSYNC, UPDATE_NUMBERS
from directory_sync.source.ldap import Directory
from directory_sync.source.marked import with_marks
from directory_sync.source.open_ldap import OPEN_LDAP
from directory_sync.source.reading import Alive, Kind, Progress, ReadIncomplete, Reading, Source, reading_of_all
from directory_sync.source.sync_replication import SYNC_REPLICATION
from directory_sync.source.timestamps import TIMESTAMPS
from directory_sync.source.way import CookieRefused, Way
from idp.settings import current_settings
from idp.wire.ber import Malformed

SOURCE = "ldap"
ACTIVE_DIRECTORY_CAPABILITY = b"1.2.840.113556.1.4.800"
DOMAIN_WAYS, OTHER_WAYS = (DIRSYNC, UPDATE_NUMBERS), (SYNC_REPLICATION, TIMESTAMPS)  # the best first
WAYS = {way.name: way for way in (*DOMAIN_WAYS, *OTHER_WAYS)}


def whole_directory() -> Source:
    """The directory of the settings, read whole."""
    return Source(SOURCE, _read_directory, Kind.FULL)


def _read_directory(known: KnownPeople, alive: Alive, progress: Progress) -> Reading:
    with ldap.connected(ldap.access_from(current_settings())) as directory:
        return read_whole(directory, known, alive, progress)


def read_whole(directory: Directory, known: KnownPeople, alive: Alive, progress: Progress) -> Reading:
    """Everything below the base; the cookie is of the moment before, so that what changes meanwhile is read again. Raises ReadIncomplete."""
    dialect = dialect_of(directory)
    cookie = _cookie_now(directory, dialect)
    reading = reading_of_all(read_units(directory, dialect), known, cookie)
    entries = 0
    try:
        for page in directory.pages(dialect.people, dialect.attributes, *dialect.controls):
            alive()
            for entry in page:
                dialect.take_in(entry, known, reading)
            entries += len(page)
            progress("read", entries)
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None
    return reading


def dialect_of(directory: Directory) -> Dialect:
    """What kind of directory this is, by the settings or by what it says of itself. Raises ReadIncomplete."""
    kind = current_settings().ldap_kind
    if kind == "auto":
        told = directory.read_entry("", ("supportedCapabilities",)).get("supportedcapabilities", [])
        kind = "active_directory" if ACTIVE_DIRECTORY_CAPABILITY in told else "openldap"
    return with_marks(active_directory(directory) if kind == "active_directory" else OPEN_LDAP)


def _cookie_now(directory: Directory, dialect: Dialect) -> bytes | None:
    """The cookie of this moment, in the best way that the server offers."""
    for way in OTHER_WAYS if dialect.people == OPEN_LDAP.people else DOMAIN_WAYS:
        value = way.now(directory, dialect)
        if value:
            return write_cookie(way, directory.url, value)
    return None


def write_cookie(way: Way, server: str, value: bytes) -> bytes:
    """A cookie as it is kept: in which way and of which server it is."""
    return b"\n".join([way.name.encode(), server.encode(), value])


def read_cookie(cookie: bytes | None, server: str) -> tuple[Way, bytes]:
    """Way and value of a cookie of this server. Raises CookieRefused when it is none."""
    name, _, rest = (cookie or b"").partition(b"\n")
    url, _, value = rest.partition(b"\n")
    way = WAYS.get(name.decode("ascii", "replace"))
    if way is None or url != server.encode() or not value:
        raise CookieRefused
    return way, value
