"""What changed, by modifyTimestamp: any LDAP directory. Who is gone shows in a whole read only."""

from datetime import UTC, datetime, timedelta

from directory_sync.source.dialect import Dialect
from directory_sync.source.ldap import Directory
from directory_sync.source.reading import ReadIncomplete
from directory_sync.source.way import DELETIONS_UNTOLD, CookieRefused, Told, Way
from idp import clock
from idp.wire import messages
from idp.wire.ber import Malformed

ATTRIBUTE = "modifyTimestamp"
OVERLAP = timedelta(seconds=60)  # what reaches this server from another one, or is written in the second of the reading
FIRST_LOOK_BACK = timedelta(days=1)  # no server's clock is wrong by more
FORMAT = "%Y%m%d%H%M%SZ"
DIGITS = 14


def _now(directory: Directory, dialect: Dialect) -> bytes | None:
    """The newest time that the server itself has written; its clock counts, not ours."""
    earliest = (clock.now() - FIRST_LOOK_BACK).strftime(FORMAT).encode()
    pages = directory.pages(_changed_from(dialect.people, earliest), (ATTRIBUTE,), *dialect.controls)
    return max((_timestamp(entry) for page in pages for entry in page), default=earliest)


def _since(directory: Directory, dialect: Dialect, cookie: bytes) -> Told:
    """Everybody who changed at or after the newest time known, and a little before it."""
    told = Told(cookie, wishes={DELETIONS_UNTOLD})
    try:
        newest = datetime.strptime(cookie[:DIGITS].decode("ascii"), FORMAT[:-1]).replace(tzinfo=UTC)
    except ValueError:
        raise CookieRefused from None
    wanted = _changed_from(dialect.people, (newest - OVERLAP).strftime(FORMAT).encode())
    for page in directory.pages(wanted, dialect.attributes, *dialect.controls):
        told.entries.extend(page)
    told.cookie = max([cookie, *map(_timestamp, told.entries)])
    return told


def _changed_from(people: bytes, timestamp: bytes) -> bytes:
    return messages.all_of(people, messages.at_least(ATTRIBUTE, timestamp))


def _timestamp(entry: bytes) -> bytes:
    try:
        _dn, position = messages.read_entry_name(entry, 0, len(entry))
        return messages.read_first_value(entry, position, len(entry), ATTRIBUTE.lower())
    except Malformed:
        raise ReadIncomplete("malformed_answer") from None


TIMESTAMPS = Way("timestamps", _now, _since)
