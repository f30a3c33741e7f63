"""Rules of a code that is sent twice, at once, or after all is over."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from limits import parse_many
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL2
from tests.conftest import START
from tests.idp.login.test_second_factor_step import events
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official


def test_a_code_form_sent_twice_from_the_same_page_ends_in_the_same_session(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    secret = enrolled_phone(official(directory))
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    form, before = visitor.form(), visitor.cookie()
    assert before
    for _ in range(2):
        visitor.browser.set_cookie("hopnhat_session", before)
        visitor._follow(visitor.browser.post(f"/sign-in/factor?flow={visitor.flow}", data={**form, "code": code_on(secret)}))
        assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"
        session = visitor.session()
        assert session is not None
        assert session.acr == AAL2
    assert events().count("second_factor.verified") == 1
    assert "second_factor.refused" not in events()


def test_a_used_code_and_another_cookie_open_nothing(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    visitor, thief = Visitor(app), Visitor(app)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=code_on(secret))
    thief.asks(minimum_acr=AAL2)
    thief.browser.set_cookie("hopnhat_session", "something else")
    thief.sends("/sign-in/factor", code=code_on(secret))
    assert thief.path == "/sign-in"
    assert thief.session() is None


def test_a_cookie_of_before_the_code_is_no_way_to_guess_the_code(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the worthless old cookie is answered a few times, not the hundreds of an address's forms."""
    monkeypatch.setattr("idp.login.sent_twice.LIMITS", parse_many("3/minute"))
    secret = enrolled_phone(official(directory))
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    form, before = visitor.form(), visitor.cookie()
    assert before
    visitor.sends(code=code_on(secret))
    for code in ("000000", "000001", "000002", code_on(secret)):
        visitor.browser.set_cookie("hopnhat_session", before)
        answer = visitor.browser.post(f"/sign-in/factor?flow={visitor.flow}", data={**form, "code": code})
        assert answer.location == f"/sign-in?flow={visitor.flow}"
        assert visitor.cookie() == before


def test_equal_forms_sent_at_once_raise_one_session_once(postgresql_url: str, directory: BindDirectory) -> None:
    app = create_app(settings_for(postgresql_url, **directory.settings()))
    app.test_client_class = FreshContextClient
    with clock.using(clock.ManualClock(START)):
        with app.app_context():
            secret = enrolled_phone(official(directory))
            visitor = Visitor(app)
            visitor.asks(minimum_acr=AAL2)
            visitor.types_password()
            form, cookies = (
                visitor.form(),
                {name: visitor.browser.get_cookie(name) for name in ("hopnhat_session", "hopnhat_browser", "hopnhat_page")},
            )

        def send(_: int) -> str | None:
            client = app.test_client()
            for name, cookie in cookies.items():
                assert cookie
                client.set_cookie(name, cookie.value)
            client.post(f"/sign-in/factor?flow={visitor.flow}", data={**form, "code": code_on(secret)})
            cookie = client.get_cookie("hopnhat_session")
            return cookie.value if cookie else None

        with ThreadPoolExecutor(4) as pool:
            raised = set(pool.map(send, range(4)))
        with app.app_context():
            assert len(raised) == 1
            session = browser_sessions.find(raised.pop() or "")
            assert session is not None
            assert session.acr == AAL2
            assert events().count("second_factor.verified") == 1
    close(app)


def test_a_session_that_ended_meanwhile_is_not_raised(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    person_id = official(directory)
    secret = enrolled_phone(person_id)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    in_transaction(lambda c: browser_sessions.end_all(c, person_id, reason="test", actor="test"))
    visitor.sends(code=code_on(secret))
    assert visitor.path == "/sign-in"
    assert reader().execute(select(table_of(Person).c.last_two_factor_at)).scalar_one() is None
