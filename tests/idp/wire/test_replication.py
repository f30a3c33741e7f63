"""Rules of what directories tell of changes, as bytes: what is written is read back, and anything else is refused."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.wire import ber, replication
from idp.wire.ber import Malformed
from idp.wire.replication import State, SyncInfo

KEYS = st.uuids().map(str)
READERS = (
    replication.read_sync_request, replication.read_sync_state, replication.read_sync_done, replication.read_dirsync,
    lambda data: replication.read_intermediate(data, 0, len(data)),
)  # fmt: skip


@given(st.one_of(st.none(), st.binary(min_size=1)))
def test_a_request_carries_its_cookie_or_none(cookie: bytes | None) -> None:
    assert replication.read_sync_request(replication.sync_request(cookie).value) == (replication.REFRESH_ONLY, cookie)


@given(st.sampled_from(State), KEYS)
def test_a_state_names_the_entry(state: State, key: str) -> None:
    assert replication.read_sync_state(replication.sync_state(state, key).value) == (state, key)


@given(st.binary(min_size=1), st.booleans())
def test_the_end_says_whether_all_deletions_were_named(cookie: bytes, deletes: bool) -> None:
    assert replication.read_sync_done(replication.sync_done(cookie, refresh_deletes=deletes).value) == (cookie, deletes)


def test_an_end_without_a_cookie_is_one_where_nothing_changed() -> None:
    assert replication.read_sync_done(ber.element(ber.SEQUENCE)) == (None, False)


def read_info(value: bytes) -> SyncInfo | None:
    content = ber.octets(replication.SYNC_INFO, 0x80) + ber.octets(value, 0x81)
    return replication.read_intermediate(content, 0, len(content))


@given(st.lists(KEYS, max_size=5).map(tuple))
def test_a_set_of_names_says_gone_only_where_it_says_so(keys: tuple[str, ...]) -> None:
    """RFC 4533 §2.5: refreshDeletes is FALSE unless it is sent; those named then are present."""
    message = replication.sync_id_set(keys)
    start, end = ber.expect(message, 0, len(message), replication.INTERMEDIATE_RESPONSE)
    assert replication.read_intermediate(message, start, end) == SyncInfo(deleted=keys)
    names = ber.element(ber.SET, *(ber.octets(uuid.UUID(key).bytes) for key in keys))
    assert read_info(ber.element(0xA3, names)) == SyncInfo(present=keys)


def test_phases_and_new_cookies_delete_nobody() -> None:
    assert read_info(ber.octets(b"c", 0x80)) == SyncInfo(cookie=b"c")
    assert read_info(ber.element(0xA1, ber.octets(b"c"))) == SyncInfo(cookie=b"c")
    assert read_info(ber.element(0xA2)) == SyncInfo(by_presence=True)


def test_a_response_about_something_else_is_left_alone() -> None:
    content = ber.octets(b"1.2.3", 0x80)
    assert replication.read_intermediate(content, 0, len(content)) is None


def test_dirsync_says_whether_there_is_more() -> None:
    answer = ber.element(ber.SEQUENCE, ber.integer(1), ber.integer(0), ber.octets(b"cookie"))
    assert replication.read_dirsync(answer) == (True, b"cookie")
    assert replication.read_dirsync(replication.dirsync(b"x").value) == (True, b"x")  # asked: flags, bytes, cookie


@pytest.mark.parametrize(
    "value",
    [
        ber.element(ber.SEQUENCE, ber.integer(7, ber.ENUMERATED), ber.octets(bytes(16))),
        ber.element(ber.SEQUENCE, ber.integer(1, ber.ENUMERATED), ber.octets(bytes(15))),
        ber.element(ber.SEQUENCE, ber.integer(1, ber.ENUMERATED)),
    ],
)
def test_a_state_that_is_none_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed):
        replication.read_sync_state(value)


@given(st.binary(max_size=60))
def test_nonsense_is_refused_as_malformed_and_as_nothing_else(data: bytes) -> None:
    for read in READERS:
        try:
            read(data)
        except Malformed:
            continue
