"""What changed since last time, as directories tell it: content synchronization (RFC 4533) and DirSync ([MS-ADTS] 3.1.1.3.4.1.3)."""

import uuid
from dataclasses import dataclass
from enum import IntEnum

from idp.wire import ber
from idp.wire.ber import Malformed
from idp.wire.messages import Control

INTERMEDIATE_RESPONSE = 0x79  # RFC 4511 §4.13
SYNC_REQUEST, SYNC_STATE, SYNC_DONE = (f"1.3.6.1.4.1.4203.1.9.1.{number}".encode() for number in (1, 2, 3))
SYNC_INFO = b"1.3.6.1.4.1.4203.1.9.1.4"
REFRESH_REQUIRED = 4096  # e-syncRefreshRequired
REFRESH_ONLY = 1
DIRSYNC = b"1.2.840.113556.1.4.841"
OBJECT_SECURITY = 1  # only what the asking account may read: then it needs no right to replicate
DIRSYNC_MOST_BYTES = 2**20
SHOW_DELETED = Control(b"1.2.840.113556.1.4.417", True, b"")
DOMAIN_SCOPE = Control(b"1.2.840.113556.1.4.1339", False, b"")  # no word of other servers
UUID_OCTETS = 16
_NEW_COOKIE, _REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET = 0xA0, 0xA1, 0xA2, 0xA3
_PRIMITIVE_COOKIE = 0x80


class State(IntEnum):
    """How an entry stands (RFC 4533 §2.3)."""

    PRESENT = 0
    ADD = 1
    MODIFY = 2
    DELETE = 3


@dataclass(frozen=True)
class SyncInfo:
    """What a directory says between entries (RFC 4533 §2.5). `deleted`: entries that are gone; `present`: entries that are as they were."""

    cookie: bytes | None = None
    deleted: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    by_presence: bool = False  # whether from here on what is not named is gone (§3.3.1)


def sync_request(cookie: bytes | None) -> Control:
    """Ask for what changed since the cookie was given; without one, for everything (RFC 4533 §2.2)."""
    parts = [ber.integer(REFRESH_ONLY, ber.ENUMERATED)] + ([ber.octets(cookie)] if cookie else [])
    return Control(SYNC_REQUEST, True, ber.element(ber.SEQUENCE, *parts))


def read_sync_request(value: bytes) -> tuple[int, bytes | None]:
    """Mode and cookie of a request. Raises Malformed."""
    parts = _sequence(value, 0, len(value))
    if not parts or parts[0][0] != ber.ENUMERATED:
        raise Malformed("a sync request of another shape")
    return ber.to_integer(value, *parts[0][1:]), _cookie(value, parts)


def sync_state(state: State, entry_uuid: str) -> Control:
    """How the entry that this goes with stands."""
    value = ber.element(ber.SEQUENCE, ber.integer(state, ber.ENUMERATED), ber.octets(uuid.UUID(entry_uuid).bytes))
    return Control(SYNC_STATE, False, value)


def read_sync_state(value: bytes) -> tuple[State, str]:
    """State and entryUUID that come with an entry (RFC 4533 §2.3). Raises Malformed."""
    parts = _sequence(value, 0, len(value))
    if len(parts) < 2 or parts[0][0] != ber.ENUMERATED or parts[1][0] != ber.OCTETS:
        raise Malformed("a sync state of another shape")
    number = ber.to_integer(value, *parts[0][1:])
    if number not in set(State):
        raise Malformed("an unknown sync state")
    return State(number), _uuid(value, *parts[1][1:])


def sync_done(cookie: bytes, *, refresh_deletes: bool) -> Control:
    """The end of a refresh, and the cookie to come back with."""
    deletes = ber.boolean(True) if refresh_deletes else b""
    return Control(SYNC_DONE, False, ber.element(ber.SEQUENCE, ber.octets(cookie), deletes))


def read_sync_done(value: bytes) -> tuple[bytes | None, bool]:
    """The new cookie, and whether all that is gone was named: else whatever was not named as present is (RFC 4533 §2.4).
    Raises Malformed."""
    parts = _sequence(value, 0, len(value))
    return _cookie(value, parts), any(ber.to_boolean(value, start, end) for tag, start, end in parts if tag == ber.BOOLEAN)


def sync_id_set(entry_uuids: tuple[str, ...]) -> bytes:
    """The intermediate response that names entries which are gone."""
    names = ber.element(ber.SET, *(ber.octets(uuid.UUID(one).bytes) for one in entry_uuids))
    value = ber.element(_ID_SET, ber.boolean(True), names)
    return ber.element(INTERMEDIATE_RESPONSE, ber.octets(SYNC_INFO, 0x80), ber.octets(value, 0x81))


def read_intermediate(data: bytes, start: int, end: int) -> SyncInfo | None:
    """An intermediate response; None when it is about something else. Raises Malformed."""
    parts = {tag: (begin, finish) for tag, begin, finish in ber.elements(data, start, end)}
    if 0x80 not in parts or data[slice(*parts[0x80])] != SYNC_INFO or 0x81 not in parts:
        return None
    return _read_sync_info(data[slice(*parts[0x81])])


def _read_sync_info(value: bytes) -> SyncInfo:
    tag, start, end = ber.read_header(value, 0, len(value))
    if tag in (_NEW_COOKIE, _PRIMITIVE_COOKIE):
        return SyncInfo(cookie=value[start:end])
    if tag not in (_REFRESH_DELETE, _REFRESH_PRESENT, _ID_SET):
        raise Malformed("an unknown sync info")
    parts = list(ber.elements(value, start, end))
    cookie = _cookie(value, parts)
    if tag != _ID_SET:
        return SyncInfo(cookie=cookie, by_presence=tag == _REFRESH_PRESENT)
    names = tuple(
        _uuid(value, *name[1:]) for found, begin, finish in parts if found == ber.SET for name in ber.elements(value, begin, finish)
    )
    gone = any(ber.to_boolean(value, begin, finish) for found, begin, finish in parts if found == ber.BOOLEAN)
    return SyncInfo(cookie, deleted=names) if gone else SyncInfo(cookie, present=names)


def dirsync(cookie: bytes) -> Control:
    """Ask a domain controller for what changed since the cookie was given, of what this account may see."""
    value = ber.element(ber.SEQUENCE, ber.integer(OBJECT_SECURITY), ber.integer(DIRSYNC_MOST_BYTES), ber.octets(cookie))
    return Control(DIRSYNC, True, value)


def read_dirsync(value: bytes) -> tuple[bool, bytes]:
    """Whether there is more, and the cookie to come back with. Raises Malformed."""
    parts = _sequence(value, 0, len(value))
    if [tag for tag, _, _ in parts] != [ber.INTEGER, ber.INTEGER, ber.OCTETS]:
        raise Malformed("a DirSync answer of another shape")
    return ber.to_integer(value, *parts[0][1:]) != 0, value[slice(*parts[2][1:])]


def _sequence(value: bytes, position: int, end: int) -> list[tuple[int, int, int]]:
    start, stop = ber.expect(value, position, end, ber.SEQUENCE)
    return list(ber.elements(value, start, stop))


def _cookie(value: bytes, parts: list[tuple[int, int, int]]) -> bytes | None:
    return next((value[start:end] for tag, start, end in parts if tag == ber.OCTETS), None)


def _uuid(value: bytes, start: int, end: int) -> str:
    if end - start != UUID_OCTETS:
        raise Malformed("an entryUUID of another length")
    return str(uuid.UUID(bytes=value[start:end]))
