"""Rules of changing one's password on one's own page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.audit import AuditEvent
from idp.database import reader, table_of
from idp.sessions import browser_sessions
from tests.support.bind_directory import PASSWORD, BindDirectory, bind_directory
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor, official

NEW = "Chợ phiên Đồng Văn sáng chủ nhật"


@pytest.fixture(scope="module")
def own_directory(run_folder: Path) -> Iterator[BindDirectory]:
    with bind_directory(run_folder / "own_passwords", ("vmsinh", "lvan", "slow")) as started:
        yield started


@pytest.fixture
def installed(sqlite_databases: Databases, own_directory: BindDirectory) -> Iterator[Flask]:
    with sqlite_databases.lent() as url:
        app = create_app(settings_for(url, **own_directory.settings()))
        app.test_client_class = FreshContextClient
        with app.app_context():
            yield app
        close(app)


def signed_in(app: Flask, name: str, password: str = PASSWORD) -> Visitor:
    visitor = Visitor(app)
    visitor.opens("/sign-in")
    visitor.types_password(name, password)
    assert visitor.cookie()
    return visitor


def changes(visitor: Visitor, old: str, new: str, **fields: str) -> int:
    visitor.opens("/account/password")
    assert visitor.path == "/account/password"
    return visitor.sends(password=old, new_password=new, again=new, **fields).status_code


def events() -> list[str]:
    return list(reader().execute(select(table_of(AuditEvent).c.event)).scalars())


def test_a_changed_password_counts_at_once_and_other_sessions_end(installed: Flask, own_directory: BindDirectory) -> None:
    official(own_directory, "vmsinh")
    here, elsewhere = signed_in(installed, "vmsinh"), signed_in(installed, "vmsinh")
    assert changes(here, PASSWORD, NEW, end_others="1") == 303
    assert "password.changed" in events()
    assert browser_sessions.find(here.cookie() or "") is not None
    assert browser_sessions.find(elsewhere.cookie() or "") is None
    signed_in(installed, "vmsinh", NEW)


def test_other_sessions_stay_when_the_person_wants_it(installed: Flask, own_directory: BindDirectory) -> None:
    official(own_directory, "slow")
    here, elsewhere = signed_in(installed, "slow"), signed_in(installed, "slow")
    assert changes(here, PASSWORD, NEW) == 303
    assert browser_sessions.find(elsewhere.cookie() or "") is not None


def test_the_present_password_is_asked_for_and_counted_and_the_directorys_rules_are_told(
    installed: Flask, own_directory: BindDirectory
) -> None:
    """LOG-009: three wrong ones from here as from the sign-in page, and one more since the browser is known."""
    official(own_directory, "lvan")
    visitor = signed_in(installed, "lvan")
    assert changes(visitor, PASSWORD, "ngắn") == 400
    assert "quá ngắn" in visitor.text
    assert [changes(visitor, "wrong", NEW) for _ in range(5)] == [400, 400, 400, 400, 429]
    assert "password.changed" not in events()


def test_looking_for_a_password_that_the_directory_takes_locks_nobody_out(installed: Flask, own_directory: BindDirectory) -> None:
    """Only a wrong present password is a failure; a new one that breaks the directory's rules is none."""
    official(own_directory, "lvan")
    visitor = signed_in(installed, "lvan")
    assert [changes(visitor, PASSWORD, "ngắn") for _ in range(7)] == [400] * 7
    assert "account.throttled" not in events()
    signed_in(installed, "lvan")


def test_the_page_asks_for_a_fresh_sign_in(installed: Flask, own_directory: BindDirectory, time: clock.ManualClock) -> None:
    official(own_directory, "lvan")
    visitor = signed_in(installed, "lvan")
    time.advance(minutes=6)
    visitor.opens("/account/password")
    assert visitor.path == "/sign-in"


def test_without_the_setting_there_is_no_such_page(sqlite_databases: Databases, own_directory: BindDirectory) -> None:
    with sqlite_databases.lent() as url:
        app = create_app(settings_for(url, **own_directory.settings(ldap_password_change=False)))
        app.test_client_class = FreshContextClient
        with app.app_context():
            official(own_directory, "lvan")
            visitor = signed_in(app, "lvan")
            assert visitor.browser.get("/account/password").status_code == 404
            assert visitor.browser.get("/sign-in/password").status_code == 404
            assert "/account/password" not in visitor.browser.get("/account").text
        close(app)
