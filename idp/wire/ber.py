"""BER as LDAP uses it (RFC 4511 §5.1): definite lengths, one-byte tags; strict against what is cut off, nested or oversized."""

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
LONGEST_LENGTH_OCTETS = 4
LONGEST_INTEGER_OCTETS = 8


class Malformed(Exception):
    """The bytes are not what LDAP's encoding allows. The text holds no value that was sent."""


def read_header(data: bytes, position: int, end: int) -> tuple[int, int, int]:
    """Tag, start and end of the content of the element at `position` inside data[:end]. Raises Malformed."""
    if end - position < 2:
        raise Malformed("an element is cut off")
    tag, length = data[position], data[position + 1]
    start = position + 2
    if tag & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    if length > 127:
        count = length & 0x7F
        start += count
        if not 0 < count <= LONGEST_LENGTH_OCTETS or start > end:
            raise Malformed("a length of unknown or excessive size")
        length = int.from_bytes(data[position + 2 : start], "big")
    if start + length > end:
        raise Malformed("an element is longer than what holds it")
    return tag, start, start + length


def elements(data: bytes, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Tag, start and end of each element between the two positions, which they must fill exactly. Raises Malformed."""
    while position < end:
        tag, start, stop = read_header(data, position, end)
        yield tag, start, stop
        position = stop


def expect(data: bytes, position: int, end: int, tag: int) -> tuple[int, int]:
    """Start and end of the content of the element at `position`, which must have this tag. Raises Malformed."""
    found, start, stop = read_header(data, position, end)
    if found != tag:
        raise Malformed(f"tag {found:#04x} where {tag:#04x} belongs")
    return start, stop


def to_integer(data: bytes, start: int, end: int) -> int:
    """The number (or enumerated value) in this content. Raises Malformed."""
    if not 0 < end - start <= LONGEST_INTEGER_OCTETS:
        raise Malformed("a number of no or too many bytes")
    return int.from_bytes(data[start:end], "big", signed=True)


def to_boolean(data: bytes, start: int, end: int) -> bool:
    """The truth value in this content. Raises Malformed."""
    if end - start != 1:
        raise Malformed("a truth value that is not one byte")
    return data[start] != 0


def to_text(data: bytes, start: int, end: int) -> str:
    """The UTF-8 text in this content. Raises Malformed."""
    try:
        return data[start:end].decode()
    except UnicodeDecodeError:
        raise Malformed("text that is not UTF-8") from None


def frame_end(data: bytes | bytearray, position: int, most: int) -> int | None:
    """Where the message that begins at `position` ends; None while even its length has not arrived.

    The end may lie beyond the data. Raises Malformed when it is no message or longer than `most` bytes.
    """
    if position < len(data) and data[position] != SEQUENCE:
        raise Malformed("no LDAP message")
    if len(data) - position < 2:
        return None
    length, start = data[position + 1], position + 2
    if length > 127:
        count = length & 0x7F
        start += count
        if not 0 < count <= LONGEST_LENGTH_OCTETS:
            raise Malformed("a length of unknown or excessive size")
        if start > len(data):
            return None
        length = int.from_bytes(data[position + 2 : start], "big")
    if length > most:
        raise Malformed("a message that is too long")
    return start + length


def element(tag: int, *contents: bytes) -> bytes:
    """One element holding these contents, with the shortest length."""
    content = b"".join(contents)
    length = len(content)
    if length < 128:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def boolean(value: bool, tag: int = BOOLEAN) -> bytes:
    """A truth value."""
    return element(tag, b"\xff" if value else b"\x00")


def octets(value: bytes | str, tag: int = OCTETS) -> bytes:
    """A string of bytes, or text as UTF-8."""
    return element(tag, value.encode() if isinstance(value, str) else value)
