"""Rules of the first step: the password."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.audit import AuditEvent
from idp.database import reader, table_of
from idp.people.models import PersonState
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
    assert "Quên mật khẩu" not in visitor.text
    response = visitor.types_password(password=typed)
    assert response.status_code == 400
    assert "Quên mật khẩu: nhờ cán bộ phụ trách CNTT của đơn vị cấp lại." in visitor.text
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
    official(directory, **change, state_changed_at=datetime(2026, 11, 1, 5, tzinfo=UTC))
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
