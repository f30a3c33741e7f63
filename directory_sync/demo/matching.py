"""Search filters (RFC 4511 §4.5.1.7) of the demo directory: read from the wire into a test of one entry."""

from collections.abc import Callable

from directory_sync.demo.entries import Entry
from idp.wire import ber
from idp.wire.ber import Malformed
from idp.wire.distinguished_names import attribute_key, value_key

DEEPEST = 32
Matches = Callable[[Entry], bool]


def read_filter(data: bytes, position: int, end: int, depth: int = 0) -> Matches:
    """The test that a filter stands for. Raises Malformed, also for one nested too deeply."""
    if depth > DEEPEST:
        raise Malformed("a filter nested too deeply")
    tag, start, stop = ber.read_header(data, position, end)
    if tag in (0xA0, 0xA1):
        parts = _read_parts(data, start, stop, depth)
        return (lambda entry: all(part(entry) for part in parts)) if tag == 0xA0 else (lambda entry: any(part(entry) for part in parts))
    if tag == 0xA2:
        part = read_filter(data, start, stop, depth + 1)
        return lambda entry: not part(entry)
    if tag == 0x87:
        attribute = attribute_key(ber.to_text(data, start, stop))
        return lambda entry: attribute != "userpassword" and bool(entry.values(attribute))
    if tag in (0xA3, 0xA5, 0xA6, 0xA8):
        return _comparison(tag, *_read_assertion(data, start, stop))
    if tag == 0xA4:
        return _substrings(data, start, stop)
    if tag == 0xA9:
        return lambda _: False  # extensible match: no rule is known here
    raise Malformed("an unknown filter")


def _read_parts(data: bytes, start: int, stop: int, depth: int) -> list[Matches]:
    parts = []
    while start < stop:
        parts.append(read_filter(data, start, stop, depth + 1))
        start = ber.read_header(data, start, stop)[2]
    return parts


def _read_assertion(data: bytes, start: int, stop: int) -> tuple[str, str]:
    name_start, name_end = ber.expect(data, start, stop, ber.OCTETS)
    value_start, value_end = ber.expect(data, name_end, stop, ber.OCTETS)
    return attribute_key(ber.to_text(data, name_start, name_end)), value_key(data[value_start:value_end].decode("utf-8", "replace"))


def _comparison(tag: int, attribute: str, value: str) -> Matches:
    if tag == 0xA5:
        return lambda entry: any(found >= value for found in entry.compared(attribute))
    if tag == 0xA6:
        return lambda entry: any(found <= value for found in entry.compared(attribute))
    return lambda entry: attribute != "userpassword" and value in entry.compared(attribute)


def _substrings(data: bytes, start: int, stop: int) -> Matches:
    name_start, name_end = ber.expect(data, start, stop, ber.OCTETS)
    attribute = attribute_key(ber.to_text(data, name_start, name_end))
    list_start, list_end = ber.expect(data, name_end, stop, ber.SEQUENCE)
    pieces = [(tag, value_key(data[begin:end].decode("utf-8", "replace"))) for tag, begin, end in ber.elements(data, list_start, list_end)]
    if any(tag not in (0x80, 0x81, 0x82) for tag, _ in pieces):
        raise Malformed("an unknown kind of substring")
    return lambda entry: any(_contains(found, pieces) for found in entry.compared(attribute))


def _contains(found: str, pieces: list[tuple[int, str]]) -> bool:
    position = 0
    for tag, piece in pieces:
        if tag == 0x80:
            if not found.startswith(piece):
                return False
            position = len(piece)
        elif tag == 0x82:
            return found.endswith(piece) and len(found) - len(piece) >= position
        else:
            at = found.find(piece, position)
            if at < 0:
                return False
            position = at + len(piece)
    return True
