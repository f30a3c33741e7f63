"""Rules of the page on which a password that must be changed is changed, on the way in."""

from itertools import count

import pytest
from flask import Flask
from sqlalchemy import select

from idp.audit import AuditEvent
from idp.credentials.password import DirectoryUnavailable
from idp.database import reader, table_of
from tests.support.bind_directory import PASSWORD, BindDirectory
from tests.support.sign_in import Visitor, official

_numbers = count(1)


@pytest.fixture
def new_password() -> str:
    """A password that nobody has had yet."""
    return f"Mùa xuân thứ {next(_numbers)} trên cao nguyên"


@pytest.fixture
def newcomer(directory: BindDirectory) -> str:
    """Somebody whose password is for changing it only, and what it is."""
    first = f"Cấp lần đầu {next(_numbers)}"
    directory.set_password("newcomer", first, reset=True)
    official(directory, "newcomer")
    return first


def events() -> list[str]:
    return list(reader().execute(select(table_of(AuditEvent).c.event).order_by(table_of(AuditEvent).c.id)).scalars())


def types_change(visitor: Visitor, username: str, password: str, new: str, again: str | None = None) -> None:
    visitor.sends(username=username, password=password, new_password=new, again=new if again is None else again)


def test_a_password_that_must_be_changed_leads_to_the_page_that_changes_it_and_in(
    app: Flask, visitor: Visitor, newcomer: str, new_password: str
) -> None:
    visitor.asks(client_name="Một cửa")
    visitor.types_password("newcomer", newcomer)
    assert visitor.path == "/sign-in/password"
    assert visitor.session() is None
    assert 'value="newcomer"' in visitor.text
    assert "Một cửa" in visitor.text
    types_change(visitor, "newcomer", newcomer, new_password)
    assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"
    assert visitor.session() is not None
    assert "password.changed" in events()
    again = Visitor(app)
    again.asks()
    again.types_password("newcomer", new_password)
    assert again.left_to is not None


def test_a_wrong_password_never_leads_to_that_page(visitor: Visitor, newcomer: str) -> None:
    """LOG-007."""
    visitor.asks()
    assert visitor.types_password("newcomer", "wrong").status_code == 400
    assert visitor.path == "/sign-in"


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("Kém 9", None, "quá ngắn"),
        ("Một mật khẩu dài", "Một mật khẩu khác", "không giống nhau"),
        ("", None, "Nhập mật khẩu mới"),
        ("x" * 2000, None, "chưa đạt quy định"),
        ("có\0dấu kết thúc", None, "chưa đạt quy định"),
    ],
)
def test_a_new_password_that_is_not_taken_is_told_with_the_reason_and_nobody_gets_in(
    visitor: Visitor, newcomer: str, new: str, again: str | None, said: str
) -> None:
    visitor.asks()
    visitor.types_password("newcomer", newcomer)
    types_change(visitor, "newcomer", newcomer, new, again)
    assert visitor.page is not None
    assert visitor.page.status_code == 400
    assert said in visitor.text
    assert visitor.session() is None
    assert newcomer not in visitor.text
    assert not new or new not in visitor.text


def test_a_password_used_before_is_told_as_the_directory_tells_it(visitor: Visitor, directory: BindDirectory, new_password: str) -> None:
    directory.set_password("newcomer", new_password)
    directory.set_password("newcomer", f"{new_password} nữa", reset=True)
    official(directory, "newcomer")
    visitor.asks()
    visitor.types_password("newcomer", f"{new_password} nữa")
    types_change(visitor, "newcomer", f"{new_password} nữa", new_password)
    assert "đã từng dùng" in visitor.text


def test_a_bind_on_grace_is_for_changing_the_password(visitor: Visitor, directory: BindDirectory, new_password: str) -> None:
    official(directory, "grace")
    visitor.asks()
    visitor.types_password("grace")
    assert visitor.path == "/sign-in/password"


def test_the_page_changes_nothing_for_somebody_who_need_not(visitor: Visitor, directory: BindDirectory, new_password: str) -> None:
    """Knowing a password is not enough to change it: a second factor could be due."""
    official(directory)
    visitor.asks()
    visitor.opens(f"/sign-in/password?flow={visitor.flow}")
    types_change(visitor, "vmsinh", PASSWORD, new_password)
    assert visitor.session() is not None
    assert "password.changed" not in events()
    other = Visitor(visitor.app)
    other.asks()
    other.types_password()
    assert other.left_to is not None


def test_the_page_counts_and_answers_like_the_sign_in_page(app: Flask, directory: BindDirectory, newcomer: str) -> None:
    """LOG-007, LOG-009: no second door with a count or words of its own."""
    for name in ("newcomer", "nobody-at-all"):
        visitor = Visitor(app)
        visitor.asks()
        visitor.opens(f"/sign-in/password?flow={visitor.flow}")
        statuses = []
        for _ in range(4):
            types_change(visitor, name, "wrong", "Một mật khẩu mới dài")
            assert visitor.page is not None
            statuses.append(visitor.page.status_code)
        assert statuses == [400, 400, 400, 429]
        visitor.asks()
        assert visitor.types_password(name, newcomer).status_code == 429


def test_somebody_suspended_changes_nothing(visitor: Visitor, directory: BindDirectory, newcomer: str, new_password: str) -> None:
    official(directory, "reset", directory_locked=True)
    visitor.asks()
    assert visitor.types_password("reset").status_code == 403
    visitor.opens(f"/sign-in/password?flow={visitor.flow}")
    types_change(visitor, "reset", PASSWORD, new_password)
    assert visitor.page is not None
    assert visitor.page.status_code == 403
    assert "password.changed" not in events()


def test_no_password_of_the_page_reaches_the_log_or_the_trail(
    visitor: Visitor, newcomer: str, new_password: str, capfd: pytest.CaptureFixture[str]
) -> None:
    visitor.asks()
    visitor.types_password("newcomer", newcomer)
    types_change(visitor, "newcomer", newcomer, new_password)
    kept = str(reader().execute(select(table_of(AuditEvent))).all()) + "".join(capfd.readouterr())
    assert newcomer not in kept
    assert new_password not in kept
    assert DirectoryUnavailable.reason not in kept
