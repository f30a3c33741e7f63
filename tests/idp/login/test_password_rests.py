"""Rules of how often passwords may be tried, and by whom."""

from datetime import timedelta

import pytest
from flask import Flask

from idp import clock
from idp.credentials import failures
from idp.credentials.failures import Kind
from idp.database import in_transaction
from idp.login import unlocking
from tests.idp.login.test_password_step import events
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, official


def test_the_account_rests_before_the_directory_would_lock_it_and_the_right_password_is_not_confirmed_then(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    """LOG-009."""
    official(directory, "victim")
    visitor.asks()
    for tries in range(1, 4):
        visitor.types_password("victim", "wrong")
        assert ("Còn 1 lần thử" in visitor.text) == (tries == 2)
    assert "tạm khóa đến 08:16" in visitor.text
    for username in ("victim", "VICTIM", "victim@hagiang.gov.vn"):
        response = visitor.types_password(username)
        assert response.status_code == 429
        assert "tạm khóa đến 08:16" in visitor.text
    assert directory.failures("victim") == 3
    time.advance(minutes=16)
    visitor.asks()
    visitor.types_password("victim")
    assert visitor.session() is not None
    assert directory.failures("victim") == 0


def test_a_stranger_who_keeps_failing_does_not_lock_the_person_out_of_their_own_browser(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    """LOG-011: wrong passwords from elsewhere without end. (That the directory's lockout is not reached: see failures.)"""
    official(directory)
    own, stranger = Visitor(app), Visitor(app)
    own.asks()
    own.types_password()
    for turn in range(120):
        if turn % 10 == 0:
            stranger.asks()
        stranger.types_password(password=f"guess {turn}")
        time.advance(seconds=100 if turn < 118 else 1)
    stranger.asks()
    assert stranger.types_password().status_code == 429
    own.asks(not_before=time.instant)
    own.types_password(password="wrong")
    time.advance(minutes=61)
    own.asks(not_before=time.instant)
    own.types_password()
    assert own.left_to is not None


def test_a_browser_known_to_somebody_else_or_by_a_forged_cookie_is_a_strangers(app: Flask, directory: BindDirectory) -> None:
    """LOG-011."""
    official(directory, "vmsinh")
    official(directory, "lvan")
    own, other = Visitor(app), Visitor(app)
    for somebody, name in ((own, "vmsinh"), (other, "lvan")):
        somebody.asks()
        somebody.types_password(name)
    cookies = (own.browser._cookies or {}).values()
    mine = next(cookie for cookie in cookies if cookie.key.startswith("hopnhat_known_"))
    for value in ("", "1.x", f"{mine.value}x", mine.value.replace(".", "0."), "99999999999.x", "²."):
        forger = Visitor(app)
        forger.browser.set_cookie(mine.key, value)
        forger.asks()
        forger.types_password("vmsinh", "wrong")
    other.asks(not_before=clock.now())
    assert other.types_password("vmsinh").status_code == 429
    own.asks(not_before=clock.now())
    own.types_password("vmsinh")
    assert own.left_to is not None


def test_a_shared_computer_is_nobodys_known_browser(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    visitor.types_password(shared_pc="1")
    assert not [cookie for cookie in (visitor.browser._cookies or {}).values() if "known" in cookie.key]


def test_one_password_tried_on_everybody_makes_the_address_wait_and_known_browsers_go_on(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LOG-009, LOG-013: what X-Forwarded-For says does not evade it where no proxy is trusted."""
    official(directory)
    own, stranger, newcomer = Visitor(app), Visitor(app), Visitor(app)
    own.asks()
    own.types_password()
    few = Kind("address", 12, (timedelta(minutes=5),), 10**9, fades=timedelta(hours=1))
    monkeypatch.setattr("idp.login.password_trial.PASSWORD_ADDRESS", few)
    stranger.asks()
    form = stranger.form()
    for turn in range(12):
        data = {**form, "username": f"name{turn}", "password": "Mùa xuân 2026"}
        forged = {"X-Forwarded-For": f"10.0.0.{turn}", "Forwarded": 'for="_x"'}
        stranger.browser.post(f"/sign-in?flow={stranger.flow}", data=data, headers=forged)
    newcomer.asks()
    assert newcomer.types_password().status_code == 429
    time.advance(seconds=1)
    own.asks(not_before=time.instant)
    own.types_password()
    assert own.left_to is not None
    time.advance(minutes=5)
    newcomer.asks()
    newcomer.types_password()
    assert newcomer.left_to is not None


def test_a_name_that_nobody_has_rests_as_well(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    visitor.asks()
    statuses = [visitor.types_password("nobody", "wrong").status_code for _ in range(5)]
    assert statuses == [400, 400, 400, 429, 429]
    assert events().count("account.throttled") == 1


def test_a_name_and_its_mail_address_rest_together_whether_somebody_has_them_or_not(visitor: Visitor, directory: BindDirectory) -> None:
    """LOG-015: no writing of a name has a count of its own."""
    official(directory, "lvan")
    for name in ("lvan", "nobody"):
        visitor.asks()
        for typed in (name, f"{name}@hagiang.gov.vn", name.upper()):
            assert visitor.types_password(typed, "wrong").status_code == 400
        for typed in (name, f"{name}@hagiang.gov.vn", f"{name}@elsewhere.test"):
            assert visitor.types_password(typed, "wrong").status_code == 429, typed


def test_a_mail_address_and_the_name_in_front_of_it_rest_together_also_where_only_one_is_somebodys(
    app: Flask, directory: BindDirectory
) -> None:
    """LOG-009, LOG-015: nothing tells that a mail address is somebody's whose username is another one."""
    person_id = official(directory, "lvan", mail="luc.van@hagiang.gov.vn", mail_key="luc.van@hagiang.gov.vn")
    for first, then in (("{}@hagiang.gov.vn", "{}"), ("{}", "{}@hagiang.gov.vn")):
        seen = []
        for name in ("luc.van", "nobody.atall"):
            visitor = Visitor(app)
            visitor.asks()
            statuses = [visitor.types_password(first.format(name), "wrong").status_code for _ in range(4)]
            statuses.append(visitor.types_password(then.format(name), "wrong").status_code)
            seen.append(statuses)
            in_transaction(lambda c: unlocking.unlock(c, person_id, reason="Đã gọi điện", actor="test"))
            if name == "luc.van":
                visitor.asks()
                visitor.types_password("luc.van@hagiang.gov.vn")
                assert visitor.left_to is not None
        assert seen[0] == seen[1] == [400, 400, 400, 429, 429]
        for kept in ("nobody.atall", "nobody.atall@hagiang.gov.vn"):
            in_transaction(lambda c: failures.forgive(c, failures.password_kind(), failures.account_of_name(kept)))  # noqa: B023


def test_successes_are_never_throttled(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory)
    for _ in range(12):
        visitor.asks(not_before=time.instant)
        visitor.types_password(password="wrong")
        visitor.types_password()
        assert visitor.left_to is not None
        time.advance(seconds=1)
