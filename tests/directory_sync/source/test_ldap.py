"""Rules of reading: whatever a server sends, the read is whole or it is refused."""

import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory_sync.source import ldap
from directory_sync.source.ldap import FIRST_MESSAGE_ID, Directory, access_from
from directory_sync.source.reading import ReadIncomplete
from idp.wire import ber, messages
from tests.support.installation import settings_for

FIRST = FIRST_MESSAGE_ID + 1
ENTRY = ber.element(messages.SEARCH_ENTRY, ber.octets("uid=a,dc=vn"), ber.element(ber.SEQUENCE))
REFERENCE = ber.element(messages.SEARCH_REFERENCE, ber.octets("ldap://elsewhere/dc=vn"))
DISCONNECT = ber.element(messages.EXTENDED_RESPONSE, ber.integer(52, ber.ENUMERATED), ber.octets(""), ber.octets("bye"))


def done(code: int = 0) -> bytes:
    return ber.element(messages.SEARCH_DONE, ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(""))


def read(*answers: bytes, seconds: float = 5, hang_up: bool = True) -> list[bytes]:
    """All entries of a search whose answers are these bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"".join(answers))
        if hang_up:
            theirs.shutdown(socket.SHUT_WR)
        directory = Directory(ours, "dc=vn", time.monotonic() + seconds)
        return [entry for page in directory.pages(messages.equals("objectClass", "person"), ("uid",)) for entry in page]


def test_pages_are_read_until_there_is_no_cookie() -> None:
    first = (messages.message(FIRST, ENTRY), messages.message(FIRST, done(), messages.paging(0, b"more")))
    second = (messages.message(FIRST + 1, ENTRY), messages.message(FIRST + 1, done(), messages.paging(0, b"")))
    assert len(read(*first, *second)) == 2


def test_a_server_without_pages_is_read_in_one() -> None:
    assert len(read(messages.message(FIRST, ENTRY), messages.message(FIRST, done()))) == 1


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((messages.message(FIRST, ENTRY), messages.message(FIRST, done(4))), "size_limit"),
        ((messages.message(FIRST, ENTRY), messages.message(FIRST, done(3))), "time_limit"),
        ((messages.message(FIRST, ENTRY), messages.message(FIRST, done(10))), "referral"),
        ((messages.message(FIRST, ENTRY), messages.message(FIRST, done(51))), "refused"),
        ((messages.message(FIRST, ENTRY), messages.message(FIRST, REFERENCE)), "referral"),
        ((messages.message(FIRST, ENTRY), messages.message(0, DISCONNECT)), "unexpected_answer"),
        ((messages.message(FIRST + 7, ENTRY),), "unexpected_answer"),
        ((messages.message(FIRST, ENTRY),), "connection_lost"),
        ((messages.message(FIRST, ENTRY)[:-1],), "connection_lost"),
        ((), "connection_lost"),
        ((b"HTTP/1.1 400 Bad Request\r\n\r\n",), "malformed_answer"),
        ((b"\x30\x84\x7f\xff\xff\xff",), "malformed_answer"),
        ((messages.message(FIRST, done(), messages.Control(messages.PAGED_RESULTS, False, b"junk")),), "malformed_answer"),
        (
            (
                messages.message(FIRST, ENTRY),
                messages.message(FIRST, done(), messages.paging(0, b"more")),
                messages.message(FIRST + 1, done(4)),
            ),
            "size_limit",
        ),
    ],
)
def test_any_end_but_success_refuses_the_whole_read(answers: tuple[bytes, ...], reason: str) -> None:
    with pytest.raises(ReadIncomplete) as refused:
        read(*answers)
    assert refused.value.reason == reason


def test_a_server_that_says_nothing_is_not_waited_for_beyond_the_deadline() -> None:
    with pytest.raises(ReadIncomplete, match="too_slow"):
        read(messages.message(FIRST, ENTRY), seconds=0.05, hang_up=False)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(answers: bytes) -> None:
    with pytest.raises(ReadIncomplete):
        read(answers)


@pytest.fixture
def unsent() -> Iterator[socket.socket]:
    ours, theirs = socket.socketpair()
    theirs.close()
    yield ours
    ours.close()


def test_a_connection_already_broken_is_told_as_such(unsent: socket.socket) -> None:
    with pytest.raises(ReadIncomplete, match="connection_lost"):
        list(Directory(unsent, "dc=vn", time.monotonic() + 5).pages(messages.equals("a", "b"), ()))


def test_without_a_directory_there_is_nothing_to_read() -> None:
    with pytest.raises(ReadIncomplete, match="no_directory"):
        access_from(settings_for("sqlite://"))


def test_the_password_of_the_reading_account_does_not_show_itself() -> None:
    account = {"ldap_bind_dn": "cn=x", "ldap_bind_password": "geheim", "ldap_base_dn": "dc=vn"}
    access = access_from(settings_for("sqlite://", ldap_url="ldaps://danhba.example.vn", **account))
    assert "geheim" not in repr(access)
    assert isinstance(access, ldap.Access)
