"""Rules of the first step: the password."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp import clock
from idp.audit import AuditEvent
from idp.credentials.failures import Kind
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person, PersonState
from idp.sessions import assurance, browser_sessions
from idp.sessions.models import BrowserSession
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.sign_in import Visitor, official


def events() -> list[str]:
    return list(reader().execute(select(table_of(AuditEvent).c.event).order_by(table_of(AuditEvent).c.id)).scalars())


def test_the_right_password_leads_back_to_where_the_person_was_going(visitor: Visitor, directory: BindDirectory) -> None:
    person_id = official(directory)
    visitor.asks(client_name="Quản lý văn bản")
    assert visitor.path == "/sign-in"
    assert "Quản lý văn bản" in visitor.text
    visitor.types_password()
    assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"
    session = visitor.session()
    assert session is not None
    assert (session.person_id, session.acr, session.amr, session.shared_pc) == (person_id, assurance.AAL1, "pwd", False)
    assert events() == ["password.verified", "session.started"]


@pytest.mark.parametrize("typed", ["VMSinh", "  vmsinh ", "vmsinh@hagiang.gov.vn", "ｖｍｓｉｎｈ"])
def test_the_name_may_be_written_in_every_usual_way(visitor: Visitor, directory: BindDirectory, typed: str) -> None:
    official(directory)
    visitor.asks()
    visitor.types_password(typed)
    assert visitor.session() is not None


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "vmsinh)(uid=*",
        "uid=vmsinh,ou=people,dc=hagiang,dc=test",
        "vmsinh,ou=admins",
        "vmsinh+cn=x",
        "#04616263",
        '" vmsinh"',
        "vmsinh\0",
        "vmsinh\u200d",
        "vmsіnh",
        "cn=admin,dc=hagiang,dc=test",
    ],
)
def test_nothing_typed_as_a_name_gets_into_a_bind(visitor: Visitor, directory: BindDirectory, typed: str) -> None:
    """LOG-003, LOG-015."""
    official(directory)
    visitor.asks()
    assert visitor.types_password(typed, PASSWORD).status_code == 400
    assert visitor.session() is None


@pytest.mark.parametrize("typed", ["", "   ", "\0", "không-phải", f"{PASSWORD} ", PASSWORD.upper(), "x" * 5000])
def test_a_wrong_password_lets_nobody_in_and_is_not_shown_again(visitor: Visitor, directory: BindDirectory, typed: str) -> None:
    official(directory)
    visitor.asks()
    response = visitor.types_password(password=typed)
    assert response.status_code == 400
    said = "Tên đăng nhập hoặc mật khẩu không đúng" if typed.strip() else "Nhập tên đăng nhập và mật khẩu"
    assert said in visitor.text
    assert 'value="vmsinh"' in visitor.text
    assert not typed.strip("\0 ") or typed not in visitor.text
    assert "<title>Lỗi:" in visitor.text
    assert visitor.session() is None


def test_a_wrong_password_is_answered_alike_for_every_kind_of_person(app: Flask, directory: BindDirectory) -> None:
    """LOG-007."""
    official(directory, "vmsinh")
    official(directory, "lvan", state=PersonState.SUSPENDED.value)
    official(directory, "locked")
    official(directory, "slow", directory_locked=True)
    official(directory, "expired")
    answers = set()
    for username in ("vmsinh", "lvan", "locked", "slow", "expired", "nobody-at-all"):
        visitor = Visitor(app)
        visitor.asks()
        response = visitor.types_password(username, "wrong")
        said = visitor.page.text if visitor.page else ""
        for own in (username, visitor.form()["csrf_token"], quote(visitor.flow)):
            said = said.replace(own, "")
        answers.add((response.status_code, said, tuple(sorted(name for name, _ in response.headers if name != "Content-Length"))))
    assert len(answers) == 1


def test_a_password_never_arrives_by_get(visitor: Visitor, directory: BindDirectory) -> None:
    """LOG-027."""
    official(directory)
    visitor.asks()
    visitor.opens(f"/sign-in?flow={visitor.flow}&username=vmsinh&password={PASSWORD}")
    assert visitor.session() is None
    assert 'value="vmsinh"' not in visitor.text
    for method in ("PUT", "DELETE", "PATCH"):
        assert visitor.browser.open("/sign-in", method=method).status_code == 405
    overridden = visitor.browser.get("/sign-in?flow=" + visitor.flow, headers={"X-HTTP-Method-Override": "POST"})
    assert overridden.status_code == 200


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


def test_successes_are_never_throttled(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory)
    for _ in range(12):
        visitor.asks(not_before=time.instant)
        visitor.types_password(password="wrong")
        visitor.types_password()
        assert visitor.left_to is not None
        time.advance(seconds=1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"state": PersonState.SUSPENDED.value}, "ngừng sử dụng từ 01/11/2026"),
        ({"directory_locked": True}, "đang bị khóa trong danh bạ"),
    ],
)
def test_a_closed_account_is_told_of_only_after_the_right_password(
    visitor: Visitor, directory: BindDirectory, change: dict[str, Any], said: str
) -> None:
    official(directory, **change, state_changed_at=clock.now().replace(year=2026, month=11, day=1))
    visitor.asks()
    visitor.types_password(password="wrong")
    assert said not in visitor.text
    assert visitor.types_password().status_code == 403
    assert said in visitor.text
    assert visitor.session() is None
    assert visitor.cookie() is None


def test_an_expired_password_without_grace_is_told_of(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory, "expired")
    visitor.asks()
    assert visitor.types_password("expired").status_code == 403
    assert "đã hết hạn" in visitor.text
    assert visitor.session() is None


def test_a_sign_in_never_uses_a_cookie_value_known_before(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    visitor.browser.set_cookie("hopnhat_session", "planted")
    visitor.types_password()
    assert visitor.cookie() != "planted"
    before = visitor.cookie()
    visitor.asks(not_before=clock.now())
    visitor.types_password()
    assert visitor.cookie() not in ("planted", before)
    assert before
    assert browser_sessions.find(before) is None


def test_another_person_ends_the_session_of_the_one_before(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory, "vmsinh")
    official(directory, "lvan", name="Lục Văn")
    visitor.asks()
    visitor.types_password("vmsinh")
    first = visitor.cookie()
    visitor.asks(not_before=clock.now())
    assert 'value="vmsinh"' in visitor.text
    visitor.types_password("lvan")
    session = visitor.session()
    assert session is not None
    assert session.username == "lvan"
    assert first
    assert browser_sessions.find(first) is None
    assert "session.ended" in events()


def test_the_same_person_goes_on_in_the_same_session_even_when_it_was_idle(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    official(directory)
    visitor.asks()
    visitor.types_password(shared_pc="1")
    first = visitor.session()
    assert first is not None
    assert first.shared_pc
    time.advance(minutes=20)
    assert visitor.session() is None
    visitor.asks()
    visitor.types_password()
    second = visitor.session()
    assert second is not None
    assert second.session_id == first.session_id
    assert not second.shared_pc


def test_a_form_sent_twice_changes_nothing(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    form = visitor.form()
    for _ in range(2):
        visitor._follow(visitor.browser.post(f"/sign-in?flow={visitor.flow}", data={**form, "username": "vmsinh", "password": PASSWORD}))
        assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"
    assert len(reader().execute(select(table_of(BrowserSession).c.id)).all()) == 1
    assert events() == ["password.verified", "session.started"]


def test_opening_the_page_a_thousand_times_leaves_nothing_behind(visitor: Visitor) -> None:
    """LOG-037."""
    for _ in range(50):
        visitor.asks()
    tables = (table_of(BrowserSession), table_of(AuditEvent))
    assert [reader().execute(select(table)).all() for table in tables] == [[], []]


def test_without_a_directory_the_page_says_what_to_do_and_nothing_is_counted(
    app: Flask, visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    official(directory)
    visitor.asks(client_name="Một cửa")
    visitor.types_password()
    server = app.extensions["hopnhat.directory"].servers[0]
    for _ in range(5):
        server.breaker.note(answered=False)
    visitor.asks(client_name="Một cửa", not_before=time.instant.replace(year=2027))
    for _ in range(10):
        response = visitor.types_password(shared_pc="1")
        assert response.status_code == 503
        assert response.headers["Retry-After"]
    assert "danh bạ đang không trả lời" in visitor.text
    assert 'value="vmsinh"' in visitor.text
    assert "Một cửa" in visitor.text
    assert 'name="shared_pc" value="1" checked' in visitor.text
    time.advance(seconds=20)
    visitor.types_password()
    assert visitor.page is not None
    assert visitor.page.status_code == 200


def test_a_hint_is_filled_in_cut_and_escaped(visitor: Visitor) -> None:
    visitor.asks(login_hint='"><script>alert(1)</script>' + "x" * 500)
    assert "<script>alert" not in (visitor.page.text if visitor.page else "")
    assert "x" * 300 not in visitor.text
    visitor.asks(login_hint="vmsinh")
    assert 'value="vmsinh"' in visitor.text


def test_cancel_leads_back_to_whoever_asked(visitor: Visitor) -> None:
    visitor.asks(cancel_to="/authorize/cancel")
    assert 'id="cancel"' in visitor.text
    visitor.sends(cancel="1")
    assert visitor.left_to == f"/authorize/cancel?flow={visitor.flow}"
    visitor.asks()
    assert 'id="cancel"' not in visitor.text
    visitor.sends(cancel="1")
    assert visitor.page is not None
    assert visitor.page.status_code == 400


def test_a_sign_in_that_waited_too_long_begins_again_for_the_same_application(visitor: Visitor, time: clock.ManualClock) -> None:
    visitor.asks(client_name="Một cửa")
    time.advance(minutes=31)
    visitor.types_password()
    assert visitor.path == "/sign-in"
    assert "Một cửa" in visitor.text
    assert "bắt đầu lại" in visitor.text


@pytest.mark.parametrize("fields", [{}, {"csrf_token": ""}, {"csrf_token": "forged"}])
def test_a_forged_form_does_nothing_and_shows_the_way_back(visitor: Visitor, directory: BindDirectory, fields: dict[str, str]) -> None:
    official(directory)
    visitor.asks(client_name="Một cửa")
    data = {"username": "vmsinh", "password": PASSWORD, **fields}
    response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data=data)
    assert response.status_code == 400
    assert "Một cửa" in response.text
    assert f"/sign-in?flow={visitor.flow}" in response.text
    assert visitor.session() is None
    assert events() == []


def test_a_form_from_another_site_does_nothing(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    data = {**visitor.form(), "username": "vmsinh", "password": PASSWORD}
    response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 400
    assert visitor.session() is None


def test_a_flow_sent_to_somebody_else_leads_nowhere(app: Flask, visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    victim = Visitor(app)
    victim.asks()
    victim.types_password()
    response = victim.browser.get(f"/sign-in?flow={visitor.flow}")
    assert response.status_code == 400
    assert visitor.session() is None


@pytest.mark.parametrize(
    "path",
    ["", "/factor", "/recovery", "/recovery/used", "/enroll", "/recovery-codes", "/recovery-codes/file", "/notice", "/account", "/refused"],
)
def test_no_page_of_sign_in_is_kept_or_framed_and_none_is_reached_before_its_turn(visitor: Visitor, path: str) -> None:
    visitor.asks()
    response = visitor.browser.get(f"/sign-in{path}?flow={visitor.flow}")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    if path:
        assert response.status_code == 303
        assert response.location == f"/sign-in?flow={visitor.flow}"


def test_somebody_without_a_flow_lands_on_their_account(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.opens("/sign-in")
    assert visitor.path == "/sign-in"
    visitor.types_password()
    assert visitor.left_to == "/account"


def test_a_person_suspended_in_mid_sign_in_goes_no_further(visitor: Visitor, directory: BindDirectory) -> None:
    person_id = official(directory)
    visitor.asks(minimum_acr=assurance.AAL2)
    visitor.types_password()
    assert visitor.path == "/sign-in/enroll"
    person = table_of(Person)
    in_transaction(lambda c: c.execute(update(person).where(person.c.id == person_id).values(directory_locked=True)))
    visitor.opens(f"/sign-in/enroll?flow={visitor.flow}")
    assert visitor.path == "/sign-in"


def test_what_is_too_large_is_refused_without_asking_the_directory(visitor: Visitor, directory: BindDirectory) -> None:
    visitor.asks()
    for fields in ({"password": "x" * 2**20}, {"username": "x" * 2**20}, {f"f{n}": "x" for n in range(30_000)}):
        response = visitor.browser.post(f"/sign-in?flow={visitor.flow}", data={**visitor.form(), **fields})
        assert response.status_code == 413
    assert "hopnhat.directory" not in visitor.app.extensions


def test_odd_bytes_are_no_error_of_ours(visitor: Visitor) -> None:
    visitor.asks()
    token = quote(visitor.form()["csrf_token"])
    for body in (b"username=%ff&password=%c0%af", b"username=\xff\xfe&password=\x00", b"username=%00&password=%ed%a0%80"):
        response = visitor.browser.post(
            f"/sign-in?flow={visitor.flow}",
            data=b"csrf_token=" + token.encode() + b"&" + body,
            content_type="application/x-www-form-urlencoded",
        )
        assert response.status_code == 400
    assert visitor.browser.get("/sign-in?flow=%ff%00").status_code == 400
