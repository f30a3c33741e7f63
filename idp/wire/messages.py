"""LDAP messages (RFC 4511): the few that a reader sends and reads, and the envelope of all of them."""

from dataclasses import dataclass
from functools import lru_cache

from idp.wire import ber
from idp.wire.ber import Malformed

SEARCH_REQUEST, SEARCH_ENTRY, SEARCH_DONE, SEARCH_REFERENCE = 0x63, 0x64, 0x65, 0x73
UNBIND_REQUEST, EXTENDED_RESPONSE, CONTROLS = 0x42, 0x78, 0xA0
BASE, ONE_LEVEL, SUBTREE = 0, 1, 2
PAGED_RESULTS = b"1.2.840.113556.1.4.319"  # RFC 2696


@dataclass(frozen=True)
class Result:
    """How an operation ended (RFC 4511 §4.1.9): 0 is success."""

    code: int
    matched_dn: str
    text: str


@dataclass(frozen=True)
class Control:
    """A control of a message (RFC 4511 §4.1.11)."""

    oid: bytes
    critical: bool
    value: bytes


def message(message_id: int, operation: bytes, *controls: Control) -> bytes:
    """A whole message."""
    parts = [ber.integer(message_id), operation]
    if controls:
        parts.append(ber.element(CONTROLS, *(_control(control) for control in controls)))
    return ber.element(ber.SEQUENCE, *parts)


def _control(control: Control) -> bytes:
    critical = ber.boolean(True) if control.critical else b""
    value = ber.octets(control.value) if control.value else b""  # an empty one is refused where none belongs
    return ber.element(ber.SEQUENCE, ber.octets(control.oid), critical, value)


def read_envelope(data: bytes, start: int, end: int) -> tuple[int, int, int, int]:
    """Of the message data[start:end]: its id, the operation's tag, start and end; controls may follow. Raises Malformed."""
    position, stop = ber.expect(data, start, end, ber.SEQUENCE)
    if stop != end:
        raise Malformed("bytes after the message")
    id_start, id_end = ber.expect(data, position, end, ber.INTEGER)
    tag, operation_start, operation_end = ber.read_header(data, id_end, end)
    return ber.to_integer(data, id_start, id_end), tag, operation_start, operation_end


def read_controls(data: bytes, start: int, end: int) -> list[Control]:
    """The controls that follow an operation. Raises Malformed."""
    if start == end:
        return []
    position, stop = ber.expect(data, start, end, CONTROLS)
    if stop != end:
        raise Malformed("bytes after the controls")
    return [_read_control(data, begin, finish) for tag, begin, finish in ber.elements(data, position, stop) if tag == ber.SEQUENCE]


def _read_control(data: bytes, start: int, end: int) -> Control:
    oid, critical, value = None, False, b""
    for tag, begin, finish in ber.elements(data, start, end):
        if oid is None and tag == ber.OCTETS:
            oid = data[begin:finish]
        elif oid is not None and tag == ber.BOOLEAN:
            critical = ber.to_boolean(data, begin, finish)
        elif oid is not None and tag == ber.OCTETS:
            value = data[begin:finish]
        else:
            raise Malformed("a control of another shape")
    if oid is None:
        raise Malformed("a control without a name")
    return Control(oid, critical, value)


def paging(size: int, cookie: bytes, *, critical: bool = False) -> Control:
    """The paged results control, in a request (`size` entries wanted) or an answer."""
    return Control(PAGED_RESULTS, critical, ber.element(ber.SEQUENCE, ber.integer(size), ber.octets(cookie)))


def read_paging(value: bytes) -> tuple[int, bytes]:
    """Size and cookie of a paged results control's value. Raises Malformed."""
    start, end = ber.expect(value, 0, len(value), ber.SEQUENCE)
    size_start, size_end = ber.expect(value, start, end, ber.INTEGER)
    cookie_start, cookie_end = ber.expect(value, size_end, end, ber.OCTETS)
    return ber.to_integer(value, size_start, size_end), value[cookie_start:cookie_end]


def equals(attribute: str, value: str | bytes) -> bytes:
    """The filter (attribute=value)."""
    return ber.element(0xA3, ber.octets(attribute), ber.octets(value))


def present(attribute: str) -> bytes:
    """The filter (attribute=*)."""
    return ber.octets(attribute, 0x87)


def any_of(*filters: bytes) -> bytes:
    """The filter (|…)."""
    return ber.element(0xA1, *filters)


def all_of(*filters: bytes) -> bytes:
    """The filter (&…)."""
    return ber.element(0xA0, *filters)


def none_of(wanted: bytes) -> bytes:
    """The filter (!…)."""
    return ber.element(0xA2, wanted)


def at_least(attribute: str, value: str | bytes) -> bytes:
    """The filter (attribute>=value)."""
    return ber.element(0xA5, ber.octets(attribute), ber.octets(value))


def at_most(attribute: str, value: str | bytes) -> bytes:
    """The filter (attribute<=value)."""
    return ber.element(0xA6, ber.octets(attribute), ber.octets(value))


def search(base: str, scope: int, wanted: bytes, attributes: tuple[str, ...], size_limit: int = 0) -> bytes:
    """A search request, never following aliases. `size_limit` 0: none of its own, so that of the server for who asks for none."""
    return ber.element(
        SEARCH_REQUEST,
        ber.octets(base),
        ber.integer(scope, ber.ENUMERATED),
        ber.integer(0, ber.ENUMERATED),
        ber.integer(size_limit),
        ber.integer(0),
        ber.boolean(False),
        wanted,
        ber.element(ber.SEQUENCE, *(ber.octets(name) for name in attributes)),
    )


def read_result(data: bytes, start: int, end: int) -> Result:
    """The result in an operation's answer. Raises Malformed."""
    code_start, code_end = ber.expect(data, start, end, ber.ENUMERATED)
    dn_start, dn_end = ber.expect(data, code_end, end, ber.OCTETS)
    text_start, text_end = ber.expect(data, dn_end, end, ber.OCTETS)
    return Result(ber.to_integer(data, code_start, code_end), ber.to_text(data, dn_start, dn_end), ber.to_text(data, text_start, text_end))


def read_attributes(data: bytes, position: int, end: int) -> dict[str, list[bytes]]:
    """The attributes of a search entry, their names in lower case. Raises Malformed.

    The whole province comes through here, so short lengths, which nearly all are, are read in place; `data` may not be longer
    than `end`, so that reading beyond it is an IndexError.
    """
    attributes: dict[str, list[bytes]] = {}
    tag, position, stop = ber.read_header(data, position, end)
    if tag != ber.SEQUENCE or stop != end or end != len(data):
        raise Malformed("an entry of another shape")
    try:
        while position < end:
            # The same as in _read_attribute_head, without a call for each attribute of each person.
            if (
                data[position] == ber.SEQUENCE and data[position + 1] < 128 and data[position + 2] == ber.OCTETS and data[position + 3] < 128
                and data[(name_end := position + 4 + data[position + 3])] == ber.SET and data[name_end + 1] < 128
                and (set_end := name_end + 2 + data[name_end + 1]) == position + 2 + data[position + 1] <= end
            ):  # fmt: skip
                name, position = _attribute_name(data[position + 4 : name_end]), name_end + 2
            else:
                name, position, set_end = _read_attribute_head(data, position, end)
            values = attributes.setdefault(name, [])
            while position < set_end:
                start = position + 2
                if data[position] == ber.OCTETS and data[position + 1] < 128:
                    position = start + data[position + 1]
                    if position > set_end:
                        raise Malformed("a value is longer than what holds it")
                else:
                    value_tag, start, position = ber.read_header(data, position, set_end)
                    if value_tag != ber.OCTETS:
                        raise Malformed("a value of another shape")
                values.append(data[start:position])
    except IndexError:
        raise Malformed("an entry is cut off") from None
    return attributes


def _read_attribute_head(data: bytes, position: int, end: int) -> tuple[str, int, int]:
    """Name, and start and end of the values, of the attribute at `position`."""
    name_start = position + 4
    name_end = name_start + data[position + 3]
    values_start = name_end + 2
    if (
        data[position] == ber.SEQUENCE and data[position + 1] < 128 and data[position + 2] == ber.OCTETS and data[position + 3] < 128
        and data[name_end] == ber.SET and data[name_end + 1] < 128
    ):  # fmt: skip
        attribute_end, set_end = position + 2 + data[position + 1], values_start + data[name_end + 1]
    else:
        tag, inside, attribute_end = ber.read_header(data, position, end)
        name_tag, name_start, name_end = ber.read_header(data, inside, attribute_end)
        set_tag, values_start, set_end = ber.read_header(data, name_end, attribute_end)
        if tag != ber.SEQUENCE or name_tag != ber.OCTETS or set_tag != ber.SET:
            raise Malformed("an attribute of another shape")
    if set_end != attribute_end or attribute_end > end:
        raise Malformed("an attribute of another length")
    return _attribute_name(data[name_start:name_end]), values_start, set_end


@lru_cache(maxsize=256)
def _attribute_name(written: bytes) -> str:
    return ber.to_text(written, 0, len(written)).lower()


def read_entry_name(data: bytes, start: int, end: int) -> tuple[str, int]:
    """The DN of a search entry, and where its attributes begin. Raises Malformed."""
    name_start, name_end = ber.expect(data, start, end, ber.OCTETS)
    return ber.to_text(data, name_start, name_end), name_end


def read_first_value(data: bytes, position: int, end: int, wanted: str) -> bytes:
    """The first value of one attribute (its name in lower case), empty when it is absent, without reading the others' values.
    Raises Malformed."""
    tag, position, stop = ber.read_header(data, position, end)
    if tag != ber.SEQUENCE or stop != end or end != len(data):
        raise Malformed("an entry of another shape")
    try:
        while position < end:
            name, values_start, position = _read_attribute_head(data, position, end)
            if name == wanted:
                return data[slice(*ber.expect(data, values_start, position, ber.OCTETS))] if values_start < position else b""
    except IndexError:
        raise Malformed("an entry is cut off") from None
    return b""
