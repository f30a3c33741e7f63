"""Rules of throttling: who may be tried how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.credentials import failures
from idp.credentials.failures import PASSWORD_ADDRESS, SECOND_FACTOR, Attempt, Kind, Throttled
from idp.credentials.models import FailureCount
from idp.database import in_transaction, new_id, reader, table_of
from tests.support.installation import close, settings_for

PASSWORD = failures._password_kind(5, 900)


def attempt(kind: Kind, account: bytes, *, known_browser: bool = False) -> Attempt:
    return in_transaction(lambda c: failures.count_attempt(c, kind, account, known_browser=known_browser))


def rest_after(kind: Kind, account: bytes) -> timedelta | None:
    """Fail until the account rests; how long it rests, None when only the help desk can help."""
    for _ in range(kind.tries - kind.reserved):
        last = attempt(kind, account)
    assert last.tries_left == 0
    with pytest.raises(Throttled) as refusal:
        attempt(kind, account)
    return refusal.value.until - clock.now() if refusal.value.until else None


@pytest.mark.parametrize(
    ("kind", "rests"),
    [
        (PASSWORD, [timedelta(minutes=16), timedelta(minutes=30), timedelta(hours=1), timedelta(hours=1)]),
        (SECOND_FACTOR, [timedelta(minutes=5), *(timedelta(hours=hours) for hours in (1, 2, 4, 8, 8))]),
    ],
)
def test_an_account_rests_longer_and_longer(app: Flask, time: clock.ManualClock, kind: Kind, rests: list[timedelta]) -> None:
    account = failures.account_of_person(new_id())
    for rest in rests:
        assert rest_after(kind, account) == rest
        time.advance(seconds=rest.total_seconds())


@pytest.mark.parametrize(("kind", "most"), [(PASSWORD, 66), (SECOND_FACTOR, 50)])
def test_after_many_failures_in_a_row_only_the_help_desk_can_help(app: Flask, time: clock.ManualClock, kind: Kind, most: int) -> None:
    account, tried = failures.account_of_name("vmsinh"), 0
    while True:
        try:
            tried += attempt(kind, account).failures > 0
        except Throttled as refusal:
            if refusal.until is None:
                break
            time.advance(hours=8)
    assert tried == most
    time.advance(days=20)
    in_transaction(failures.forget_old)
    with pytest.raises(Throttled):
        attempt(kind, account)
    in_transaction(lambda c: failures.forgive(c, kind, account))
    assert attempt(kind, account).failures == 1


def test_a_known_browser_has_tries_left_when_strangers_have_none_and_all_together_are_never_more_than_a_hundred(
    app: Flask, time: clock.ManualClock
) -> None:
    """LOG-009, LOG-011."""
    account, tried, known = failures.account_of_name("vmsinh"), 0, 0
    for _ in range(3000):
        try:
            attempt(PASSWORD, account)
            tried += 1
        except Throttled as refusal:
            if refusal.until is None:
                break
            time.advance(minutes=20)
    for _ in range(3000):
        try:
            attempt(PASSWORD, account, known_browser=True)
            known += 1
        except Throttled as refusal:
            if refusal.until is None:
                break
            time.advance(minutes=20)
        with pytest.raises(Throttled):
            attempt(PASSWORD, account)
    assert known >= 10
    assert tried + known <= 100


def test_a_count_that_fades_begins_anew_after_a_quiet_hour(app: Flask, time: clock.ManualClock) -> None:
    account = failures.account_of_name("an address")
    for _ in range(PASSWORD_ADDRESS.tries - 1):
        attempt(PASSWORD_ADDRESS, account)
    time.advance(minutes=61)
    assert attempt(PASSWORD_ADDRESS, account).failures == 1


@pytest.mark.parametrize("locks_after", [3, 4, 5, 6, 10, 50])
@pytest.mark.parametrize("known_browser", [False, True, None])
def test_the_directorys_own_lockout_is_not_reached_whatever_it_is_and_whoever_tries(
    app: Flask, time: clock.ManualClock, locks_after: int, known_browser: bool | None
) -> None:
    """LOG-011: strangers, the person's own browser, and both in turn (None)."""
    kind, window = failures._password_kind(locks_after, 1800), timedelta(minutes=30)
    account, binds = failures.account_of_name("vmsinh"), []
    for turn in range(90):
        time.advance(seconds=311)
        for known in (known_browser,) if known_browser is not None else (turn % 3 == 0, turn % 3 != 0):
            try:
                attempt(kind, account, known_browser=known)
            except Throttled:
                continue
            binds.append(time.instant)
    assert len(binds) > 8
    assert max(sum(start <= bind < start + window for bind in binds) for start in binds) < locks_after


def test_success_wipes_the_slate(app: Flask, time: clock.ManualClock) -> None:
    account = failures.account_of_name("vmsinh")
    for _ in range(20):
        for _wrong in range(2):
            attempt(PASSWORD, account)
        in_transaction(lambda c: failures.forgive(c, PASSWORD, account))


def test_what_could_not_be_tried_counts_against_nobody(app: Flask, time: clock.ManualClock) -> None:
    account = failures.account_of_name("vmsinh")
    for _ in range(20):
        counted = attempt(PASSWORD, account)
        in_transaction(lambda c: failures.uncount(c, counted))  # noqa: B023 - called at once
    assert rest_after(PASSWORD, account) == timedelta(minutes=16)


def test_kinds_and_accounts_are_counted_apart(app: Flask) -> None:
    one, other = failures.account_of_name("vmsinh"), failures.account_of_name("lvan")
    for _ in range(2):
        attempt(PASSWORD, one)
    assert attempt(PASSWORD, other).failures == 1
    assert attempt(SECOND_FACTOR, one).failures == 1


def test_names_cannot_be_read_from_the_counts(app: Flask) -> None:
    account = failures.account_of_name("vmsinh")
    attempt(PASSWORD, account)
    stored = reader().execute(select(table_of(FailureCount).c.account)).scalar_one()
    assert len(stored) == 32
    assert b"vmsinh" not in stored


def test_counts_that_nobody_touches_are_forgotten(app: Flask, time: clock.ManualClock) -> None:
    attempt(PASSWORD, failures.account_of_name("vmsinh"))
    time.advance(days=29)
    assert in_transaction(failures.forget_old) == 0
    time.advance(days=2)
    assert in_transaction(failures.forget_old) == 1


def test_parallel_attempts_do_not_get_past_the_count(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        account = failures.account_of_name("vmsinh")

    def try_once(_: int) -> bool:
        with app.app_context():
            try:
                attempt(PASSWORD, account)
            except Throttled:
                return False
            return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(try_once, range(40))) == 3
    close(app)


def test_parallel_attempts_under_two_names_rest_together_and_wait_for_nobody(postgresql_url: str) -> None:
    """LOG-011, LOG-015: half of them under an address, half under the name in front of it; some come in meanwhile under another address."""
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        address, in_front, other = (failures.account_of_name(name) for name in ("an@hagiang.gov.vn", "an", "an@elsewhere.test"))

    def try_once(number: int) -> bool:
        with app.app_context():
            try:
                if number % 2:
                    attempt(PASSWORD, in_front)
                else:
                    in_transaction(lambda c: failures.count_under_both(c, PASSWORD, address, in_front))
            except Throttled:
                return False
            return True

    def succeed(number: int) -> bool:
        with app.app_context():
            counted = in_transaction(
                lambda c: failures.count_under_both(c, failures.DEVICE_CODE, other, failures.account_of_name(str(number)))
            )
            in_transaction(lambda c: failures.succeeded(c, counted))
            return True

    with ThreadPoolExecutor(20) as pool:
        tried = pool.map(try_once, range(40))
        assert all(pool.map(succeed, range(5)))
        assert sum(tried) == 3
    close(app)


def test_a_million_counts_are_kept_and_no_more(app: Flask, time: clock.ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MOST_KEPT", 5)
    for number in range(9):
        attempt(PASSWORD, failures.account_of_name(f"name {number}"))
        time.advance(seconds=1)
    in_transaction(failures.forget_old)
    assert len(reader().execute(select(table_of(FailureCount).c.account)).all()) <= 6
