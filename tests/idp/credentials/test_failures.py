"""Rules of throttling: who may be tried how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.credentials import failures
from idp.credentials.failures import PASSWORD, SECOND_FACTOR, Attempt, Kind, Throttled
from idp.credentials.models import FailureCount
from idp.database import in_transaction, new_id, reader, table_of
from tests.support.installation import close, settings_for


def attempt(kind: Kind, account: bytes) -> Attempt:
    return in_transaction(lambda c: failures.count_attempt(c, kind, account))


def rest_after(kind: Kind, account: bytes) -> timedelta | None:
    """Fail until the account rests; how long it rests, None when only the help desk can help."""
    for _ in range(kind.tries):
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


@pytest.mark.parametrize(("kind", "most"), [(PASSWORD, 100), (SECOND_FACTOR, 50)])
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
    time.advance(days=400)
    in_transaction(failures.forget_old)
    with pytest.raises(Throttled):
        attempt(kind, account)
    in_transaction(lambda c: failures.forgive(c, kind, account))
    assert attempt(kind, account).failures == 1


def test_the_directorys_own_lockout_is_never_reached(app: Flask, time: clock.ManualClock) -> None:
    account, binds = failures.account_of_name("vmsinh"), []
    for _ in range(600):
        time.advance(seconds=97)
        try:
            attempt(PASSWORD, account)
        except Throttled:
            continue
        binds.append(time.instant)
    windows = [sum(start <= bind < start + timedelta(minutes=15) for bind in binds) for start in binds]
    assert len(binds) > 20
    assert max(windows) <= 4


def test_success_wipes_the_slate(app: Flask, time: clock.ManualClock) -> None:
    account = failures.account_of_name("vmsinh")
    for _ in range(20):
        for _wrong in range(3):
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
    for _ in range(3):
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
        assert sum(pool.map(try_once, range(40))) == 4
    close(app)
