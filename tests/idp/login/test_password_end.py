"""Rules of a password that ends soon, or has ended and is taken a few times more: its person is told calmly, and held up by nothing."""

from collections.abc import Iterator

import pytest
from flask import Flask

from idp import access
from idp.app import create_app
from idp.database import in_transaction
from idp.sessions.assurance import AAL1
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor, official


@pytest.fixture
def unchanging(database_url: str, directory: BindDirectory) -> Iterator[Flask]:
    """An installation that changes no passwords."""
    application = create_app(settings_for(database_url, **directory.settings(ldap_password_change=False)))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def test_a_password_that_ends_soon_is_told_of_once_a_sign_in_and_on_the_account_page(visitor: Visitor, directory: BindDirectory) -> None:
    person_id = official(directory, "expiring")
    visitor.asks(client_name="Một cửa")
    visitor.types_password("expiring")
    assert visitor.path == "/sign-in/password-ends"
    assert "Mật khẩu hết hạn lúc" in visitor.text
    assert "/account/password" in visitor.text
    session = visitor.session()
    assert session is not None
    visitor.sends()
    assert visitor.left_to is not None
    assert "Mật khẩu hết hạn lúc" in visitor.browser.get("/account").text
    visitor.asks(minimum_acr=AAL1)
    assert visitor.left_to is not None
    in_transaction(lambda c: access.own_password_changed(c, person_id, keep=session.session_id, end_others=False, actor="test"))
    assert "Mật khẩu hết hạn" not in visitor.browser.get("/account").text


def test_a_password_that_ends_in_weeks_or_never_is_not_spoken_of(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    visitor.types_password()
    assert visitor.left_to is not None
    assert "hết hạn" not in visitor.browser.get("/account").text


def test_where_passwords_are_not_changed_here_one_on_grace_lets_its_person_in_and_says_so(
    unchanging: Flask, directory: BindDirectory
) -> None:
    """LOG-008: the directory takes it, so do we; whoever cannot change it here is told where."""
    official(directory, "grace")
    visitor = Visitor(unchanging)
    visitor.asks()
    visitor.types_password("grace")
    assert visitor.path == "/sign-in/password-ends"
    assert "chỉ còn nhận mật khẩu này" in visitor.text
    assert "/account/password" not in visitor.text
    visitor.sends()
    assert visitor.left_to is not None
    assert "chỉ còn nhận mật khẩu này" in visitor.browser.get("/account").text


def test_the_page_is_not_reached_before_its_turn(visitor: Visitor, directory: BindDirectory) -> None:
    official(directory)
    visitor.asks()
    visitor.opens(f"/sign-in/password-ends?flow={visitor.flow}")
    assert visitor.path == "/sign-in"
    assert visitor.sends("/sign-in/password-ends").status_code == 200
    assert visitor.path == "/sign-in"
