"""Rules of the help desk's command."""

import pytest
from flask import Flask

from idp import clock
from idp.credentials import failures
from idp.credentials.failures import Throttled
from idp.database import in_transaction
from idp.login.cli import unlock
from tests.support.people import add_person


def test_somebody_unlocked_may_try_again_at_once(app: Flask, time: clock.ManualClock) -> None:
    account = failures.account_of_person(add_person("vmsinh"))
    for kind in (failures.password_kind(), failures.SECOND_FACTOR):
        for _ in range(kind.tries - kind.reserved):
            in_transaction(lambda c: failures.count_attempt(c, kind, account))  # noqa: B023
        with pytest.raises(Throttled):
            in_transaction(lambda c: failures.count_attempt(c, kind, account))  # noqa: B023
    result = app.test_cli_runner().invoke(unlock, ["VMSinh", "--reason", "Đã gọi điện"])
    assert result.exit_code == 0, result.output
    for kind in (failures.password_kind(), failures.SECOND_FACTOR):
        assert in_transaction(lambda c: failures.count_attempt(c, kind, account)).failures == 1  # noqa: B023


def test_nobody_is_unlocked_by_an_unknown_name_or_without_a_reason(app: Flask) -> None:
    add_person("vmsinh")
    for arguments in (["nobody", "--reason", "x"], ["vmsinh"]):
        assert app.test_cli_runner().invoke(unlock, arguments).exit_code != 0
