"""What LDAP clients ask (RFC 4511 §4): the requests of each operation, read from the wire."""

from dataclasses import dataclass

from directory_sync.demo.matching import Matches, read_filter
from idp.wire import ber
from idp.wire.ber import Malformed


@dataclass(frozen=True)
class Search:
    """A search request; `attributes` as asked for, `size_limit` 0 for none."""

    base: str
    scope: int
    size_limit: int
    types_only: bool
    matches: Matches
    attributes: list[str]


def read_bind(data: bytes, start: int, end: int) -> tuple[int, str, int, bytes]:
    """Version, DN, the tag of the method and what it carries. Raises Malformed."""
    version_start, version_end = ber.expect(data, start, end, ber.INTEGER)
    dn_start, dn_end = ber.expect(data, version_end, end, ber.OCTETS)
    method, begin, finish = ber.read_header(data, dn_end, end)
    return ber.to_integer(data, version_start, version_end), ber.to_text(data, dn_start, dn_end), method, data[begin:finish]


def read_search(data: bytes, start: int, end: int) -> Search:
    """A search request. Raises Malformed."""
    parts = list(ber.elements(data, start, end))
    tags = [tag for tag, _, _ in parts]
    if tags[:6] != [ber.OCTETS, ber.ENUMERATED, ber.ENUMERATED, ber.INTEGER, ber.INTEGER, ber.BOOLEAN] or len(parts) != 8:
        raise Malformed("a search of another shape")
    (base, scope, _, size, _, types, _, wanted) = ((begin, finish) for _, begin, finish in parts)
    return Search(
        ber.to_text(data, *base),
        ber.to_integer(data, *scope),
        ber.to_integer(data, *size),
        ber.to_boolean(data, *types),
        read_filter(data, parts[5][2], end),
        [ber.to_text(data, begin, finish) for _, begin, finish in ber.elements(data, *wanted)],
    )


def _read_attribute(data: bytes, start: int, end: int) -> tuple[str, list[bytes]]:
    name_start, name_end = ber.expect(data, start, end, ber.OCTETS)
    set_start, set_end = ber.expect(data, name_end, end, ber.SET)
    return ber.to_text(data, name_start, name_end), [data[begin:finish] for _, begin, finish in ber.elements(data, set_start, set_end)]


def read_add(data: bytes, start: int, end: int) -> tuple[str, list[tuple[str, list[bytes]]]]:
    """DN and attributes of an add request. Raises Malformed."""
    dn_start, dn_end = ber.expect(data, start, end, ber.OCTETS)
    list_start, list_end = ber.expect(data, dn_end, end, ber.SEQUENCE)
    attributes = [_read_attribute(data, begin, finish) for _, begin, finish in ber.elements(data, list_start, list_end)]
    return ber.to_text(data, dn_start, dn_end), attributes


def read_modify(data: bytes, start: int, end: int) -> tuple[str, list[tuple[int, str, list[bytes]]]]:
    """DN and changes (operation, attribute, values) of a modify request. Raises Malformed."""
    dn_start, dn_end = ber.expect(data, start, end, ber.OCTETS)
    list_start, list_end = ber.expect(data, dn_end, end, ber.SEQUENCE)
    changes = []
    for _, begin, finish in ber.elements(data, list_start, list_end):
        code_start, code_end = ber.expect(data, begin, finish, ber.ENUMERATED)
        attribute_start, attribute_end = ber.expect(data, code_end, finish, ber.SEQUENCE)
        changes.append((ber.to_integer(data, code_start, code_end), *_read_attribute(data, attribute_start, attribute_end)))
    return ber.to_text(data, dn_start, dn_end), changes


def read_rename(data: bytes, start: int, end: int) -> tuple[str, str, bool, str | None]:
    """DN, new RDN, whether the old one's values go, and the new parent of a modify-DN request. Raises Malformed."""
    dn_start, dn_end = ber.expect(data, start, end, ber.OCTETS)
    rdn_start, rdn_end = ber.expect(data, dn_end, end, ber.OCTETS)
    flag_start, flag_end = ber.expect(data, rdn_end, end, ber.BOOLEAN)
    superior = None
    if flag_end < end:
        superior = ber.to_text(data, *ber.expect(data, flag_end, end, 0x80))
    return ber.to_text(data, dn_start, dn_end), ber.to_text(data, rdn_start, rdn_end), ber.to_boolean(data, flag_start, flag_end), superior


def read_compare(data: bytes, start: int, end: int) -> tuple[str, str, bytes]:
    """DN, attribute and value of a compare request. Raises Malformed."""
    dn_start, dn_end = ber.expect(data, start, end, ber.OCTETS)
    pair_start, pair_end = ber.expect(data, dn_end, end, ber.SEQUENCE)
    name_start, name_end = ber.expect(data, pair_start, pair_end, ber.OCTETS)
    value_start, value_end = ber.expect(data, name_end, pair_end, ber.OCTETS)
    return ber.to_text(data, dn_start, dn_end), ber.to_text(data, name_start, name_end), data[value_start:value_end]


def read_extended(data: bytes, start: int, end: int) -> bytes:
    """The name (OID) of an extended request. Raises Malformed."""
    return data[slice(*ber.expect(data, start, end, 0x80))]
