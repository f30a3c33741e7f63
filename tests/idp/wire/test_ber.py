"""Rules of the codec: what was written is read back, and what is not LDAP is refused, whatever it is."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.wire import ber, messages
from idp.wire.ber import Malformed
from idp.wire.messages import Control

attributes = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), st.lists(st.binary(max_size=300), max_size=4), max_size=6
)


def _entry(dn: str, found: dict[str, list[bytes]]) -> bytes:
    written = [
        ber.element(ber.SEQUENCE, ber.octets(name), ber.element(ber.SET, *(ber.octets(value) for value in values)))
        for name, values in found.items()
    ]
    return ber.octets(dn) + ber.element(ber.SEQUENCE, *written)


def _read_everything(data: bytes) -> None:
    """Every reader of the codec over the same bytes."""
    end = ber.frame_end(data, 0, 10_000)
    if end is None or end > len(data):
        return
    _, _, start, stop = messages.read_envelope(data, 0, end)
    messages.read_controls(data, stop, end)
    body = data[start:stop]
    for read in (
        lambda: messages.read_result(data, start, stop),
        lambda: messages.read_attributes(body, *_after_name(body)),
        lambda: messages.read_first_value(body, *_after_name(body), "entryuuid"),
    ):
        try:
            read()
        except Malformed:
            continue


def _read_envelope(data: bytes) -> None:
    messages.read_envelope(data, 0, ber.frame_end(data, 0, 1_000_000) or len(data))


def _after_name(data: bytes) -> tuple[int, int]:
    return messages.read_entry_name(data, 0, len(data))[1], len(data)


@given(st.binary(max_size=70_000))
def test_what_an_element_holds_is_read_back(content: bytes) -> None:
    data = ber.octets(content)
    tag, start, end = ber.read_header(data, 0, len(data))
    assert (tag, data[start:end], end) == (ber.OCTETS, content, len(data))


@given(st.integers(-(2**62), 2**62))
def test_a_number_is_read_back(value: int) -> None:
    data = ber.integer(value)
    assert ber.to_integer(data, 2, len(data)) == value


@given(st.text(st.characters(exclude_categories=["Cs"])), attributes)
def test_an_entry_is_read_back(dn: str, found: dict[str, list[bytes]]) -> None:
    data = _entry(dn, found)
    name, position = messages.read_entry_name(data, 0, len(data))
    assert (name, messages.read_attributes(data, position, len(data))) == (dn, found)
    for wanted, values in found.items():
        assert messages.read_first_value(data, position, len(data), wanted) == (values[0] if values else b"")
    assert messages.read_first_value(data, position, len(data), "none-such-name-at-all") == b""


@given(st.integers(0, 2**31 - 1), st.binary(max_size=50), st.booleans())
def test_a_paging_control_is_read_back(size: int, cookie: bytes, critical: bool) -> None:
    operation = ber.element(messages.UNBIND_REQUEST)
    data = messages.message(7, operation, messages.paging(size, cookie, critical=critical))
    message_id, tag, _, stop = messages.read_envelope(data, 0, len(data))
    [control] = messages.read_controls(data, stop, len(data))
    assert (message_id, tag, control.oid, control.critical) == (7, messages.UNBIND_REQUEST, messages.PAGED_RESULTS, critical)
    assert messages.read_paging(control.value) == (size, cookie)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_and_never_break_the_reader(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        _read_everything(data)


@given(attributes, st.data())
def test_a_damaged_message_is_read_or_refused_and_never_breaks_the_reader(found: dict[str, list[bytes]], data: st.DataObject) -> None:
    whole = bytearray(messages.message(3, ber.element(messages.SEARCH_ENTRY, _entry("uid=a,dc=vn", found)), Control(b"1.2", True, b"x")))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        _read_everything(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@given(attributes)
def test_a_message_that_has_not_arrived_whole_is_waited_for(found: dict[str, list[bytes]]) -> None:
    whole = messages.message(3, ber.element(messages.SEARCH_ENTRY, _entry("dc=vn", found)))
    for length in range(len(whole)):
        end = ber.frame_end(whole[:length], 0, 1_000_000)
        assert end is None or end == len(whole)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x30\x80\x02\x01\x01\x00\x00", "indefinite length"),
        (b"\x30\x85\x00\x00\x00\x00\x05hello", "length of five bytes"),
        (b"\x30\x84\xff\xff\xff\xff", "four gigabytes announced"),
        (b"\x04\x03abc", "no sequence"),
        (b"\x30\x03\x02\x05\x01", "content longer than its message"),
        (b"\x30\x05\x1f\x81\x01\x01\x01", "tag of several bytes"),
        (b"\x30\x02\x02\x00", "empty number"),
        (b"\x30\x0b\x02\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01", "number of nine bytes"),
    ],
)
def test_what_ldap_forbids_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Malformed):
        _read_envelope(data)


def test_a_length_written_longer_than_needed_is_read_because_active_directory_writes_it_so() -> None:
    data = b"\x30\x84\x00\x00\x00\x05\x02\x01\x07\x42\x00"
    assert messages.read_envelope(data, 0, len(data)) == (7, 0x42, 11, 11)
