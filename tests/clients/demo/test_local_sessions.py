"""Local sessions end when the provider says so, whichever name it uses, and even before they began."""

import pytest

from clients.demo.local_sessions import REMEMBER_ENDED_SECONDS, LocalSession, LocalSessions


class Hand:
    """A clock moved by hand, in seconds."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def sessions(hand: Hand) -> LocalSessions:
    return LocalSessions(now=hand)


def somebody(subject: str = "s", sid: str | None = "x", expires_at: float = 5000.0) -> LocalSession:
    return LocalSession(
        subject=subject, sid=sid, name="Giàng A Páo", title=None, unit_name=None, unit_path=(), acr="urn:hopnhat:aal1", auth_time=900,
        id_token="i", refresh_token=None, refreshed_at=None, form_token="f", expires_at=expires_at,
    )  # fmt: skip


def test_a_session_is_found_by_its_cookie_only(sessions: LocalSessions) -> None:
    cookie = sessions.start(somebody())
    assert sessions.find(cookie) == somebody()
    assert sessions.find(None) is sessions.find("") is sessions.find("guess") is None


def test_a_sid_ends_that_session_and_no_other_of_the_person(sessions: LocalSessions) -> None:
    here, there = sessions.start(somebody(sid="x")), sessions.start(somebody(sid="y"))
    assert sessions.end_all_of(sid="x", subject="s") == 1
    assert sessions.find(here) is None
    assert sessions.find(there) is not None


def test_a_subject_alone_ends_all_sessions_of_the_person(sessions: LocalSessions) -> None:
    mine = [sessions.start(somebody(sid="x")), sessions.start(somebody(sid="y"))]
    other = sessions.start(somebody(subject="t", sid="z"))
    assert sessions.end_all_of(sid=None, subject="s") == 2
    assert [sessions.find(cookie) for cookie in mine] == [None, None]
    assert sessions.find(other) is not None


def test_a_logout_that_overtakes_the_sign_in_wins(sessions: LocalSessions, hand: Hand) -> None:
    sessions.end_all_of(sid="x", subject="s")
    assert sessions.start(somebody(sid="x")) is None
    hand.at += REMEMBER_ENDED_SECONDS + 1
    assert sessions.start(somebody(sid="x")) is not None


def test_a_session_expires(sessions: LocalSessions, hand: Hand) -> None:
    cookie = sessions.start(somebody(expires_at=1001.0))
    hand.at = 1001.0
    assert sessions.find(cookie) is None


def test_an_ended_session_does_not_come_back_with_newer_facts(sessions: LocalSessions) -> None:
    cookie = sessions.start(somebody())
    assert cookie is not None
    sessions.end(cookie)
    sessions.replace(cookie, somebody())
    assert sessions.find(cookie) is None
