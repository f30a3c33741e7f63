"""Rules of the day from which everybody signs in with two factors: put off a few times, and resting in trusted browsers."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from idp import access, audit, clock
from idp.app import create_app
from idp.credentials import enrolment_delays
from idp.database import in_transaction, reader, table_of
from idp.roles import grants
from idp.roles.models import Role
from idp.sessions import browser_sessions, trusted_browsers
from idp.sessions.assurance import AAL1, AAL2
from idp.sessions.models import TrustedBrowser
from tests.idp.login.test_newcomer_steps import key_on
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official

DAY = date(2026, 11, 24)  # when the tests' clock stands
_e = table_of(audit.AuditEvent)


@pytest.fixture
def app(database_url: str, directory: BindDirectory) -> Iterator[Flask]:
    """An installation whose day has come."""
    application = create_app(settings_for(database_url, second_factor_from=DAY, **directory.settings()))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def signs_in(app: Flask, secret: str | None = None, visitor: Visitor | None = None, **form: str) -> Visitor:
    """Open a browser, a new one or one that was closed, and sign in."""
    visitor = visitor or Visitor(app)
    with app.test_request_context():
        visitor.browser.delete_cookie(browser_sessions.cookie_name())
    visitor.asks()
    visitor.types_password(**{name: value for name, value in form.items() if name == "shared_pc"})
    if secret and visitor.path == "/sign-in/factor":
        visitor.sends(code=code_on(secret), **{name: value for name, value in form.items() if name == "trust"})
    return visitor


def is_in(visitor: Visitor) -> bool:
    return bool(visitor.left_to and visitor.left_to.startswith("/authorize/resume"))


def events(event: audit.Event) -> int:
    return len(reader().execute(select(_e.c.id).where(_e.c.event == event)).all())


def test_until_the_day_a_password_is_enough(database_url: str, directory: BindDirectory, time: clock.ManualClock) -> None:
    application = create_app(settings_for(database_url, second_factor_from=date(2026, 11, 25), **directory.settings()))
    application.test_client_class = FreshContextClient
    with application.app_context():
        official(directory)
        assert is_in(signs_in(application))
        time.advance(hours=15, minutes=59)
        assert is_in(signs_in(application)), "23:59 in Hà Giang"
        time.advance(minutes=1)
        assert signs_in(application).path == "/sign-in/enroll"
    close(application)


def test_from_the_day_on_a_password_alone_opens_nothing(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    """BYP-001"""
    secret = enrolled_phone(official(directory))
    visitor = signs_in(app)
    assert visitor.path == "/sign-in/factor"
    assert visitor.session() is None
    assert visitor.browser.get("/account").location.startswith("/sign-in")
    visitor.sends(code=code_on(secret))
    assert is_in(visitor)


def test_whoever_has_no_factor_puts_it_off_three_times_a_day_each_and_then_no_more(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    official(directory)
    for left in (3, 2, 1):
        visitor = signs_in(app)
        assert visitor.path == "/sign-in/enroll"
        assert f"còn {left} lần" in visitor.text
        visitor.sends("/sign-in/enroll/later")
        assert is_in(visitor)
        session = visitor.session()
        assert session is not None
        assert session.acr == AAL1
        assert is_in(signs_in(app)), "not asked again on that day"
        time.advance(days=1)
    visitor = signs_in(app)
    assert "later" not in visitor.text
    visitor.sends("/sign-in/enroll/later")
    assert visitor.path == "/sign-in/enroll"
    assert visitor.session() is None
    visitor.sends(code=code_on(key_on(visitor)))
    assert visitor.path == "/sign-in/recovery-codes"
    assert events(audit.Event.ENROLMENT_DELAYED) == 3


def test_what_an_application_or_a_role_demands_is_not_put_off(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    official(directory)
    chief = official(directory, "lvan")
    in_transaction(lambda c: grants.grant(c, chief, Role.LEADER, actor="cli:test"))
    visitor = Visitor(app)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    other = Visitor(app)
    other.asks()
    other.types_password("lvan")
    for one in (visitor, other):
        assert one.path == "/sign-in/enroll"
        assert "later" not in one.text
        one.sends("/sign-in/enroll/later")
        assert one.session() is None
    assert events(audit.Event.ENROLMENT_DELAYED) == 0


def test_putting_it_off_ends_with_the_first_factor(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    person_id = official(directory)
    signs_in(app).sends("/sign-in/enroll/later")
    enrolled_phone(person_id)
    assert signs_in(app).path == "/sign-in/factor"


def test_in_a_trusted_browser_the_demand_rests_for_half_a_day_and_nothing_is_claimed(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    secret = enrolled_phone(official(directory))
    visitor = signs_in(app, secret, trust="1")
    assert is_in(visitor)
    time.advance(hours=11, minutes=59)
    signs_in(app, None, visitor)
    assert is_in(visitor)
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL1, "pwd")
    assert signs_in(app).path == "/sign-in/factor", "another browser"
    visitor.asks(minimum_acr=AAL2)
    assert visitor.path == "/sign-in/factor", "an application that demands two factors gets them"
    time.advance(minutes=1)
    assert signs_in(app, None, visitor).path == "/sign-in/factor"
    assert in_transaction(trusted_browsers.forget_expired) == 1


def test_neither_role_holders_nor_shared_computers_are_trusted(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    person_id = official(directory)
    secret = enrolled_phone(person_id)
    trusted = signs_in(app, secret, trust="1")
    time.advance(minutes=1)
    shared = signs_in(app, None, shared_pc="1")
    assert "trust" not in shared.text
    shared.sends(code=code_on(secret), trust="1")
    assert len(trusted_browsers.find_all(reader(), person_id)) == 1
    assert signs_in(app, None, trusted, shared_pc="1").path == "/sign-in/factor"
    in_transaction(lambda c: grants.grant(c, person_id, Role.AUDITOR, actor="cli:test"))
    assert signs_in(app, None, trusted).path == "/sign-in/factor"
    assert "trust" not in trusted.text
    time.advance(minutes=1)
    trusted.sends(code=code_on(secret), trust="1")
    assert len(trusted_browsers.find_all(reader(), person_id)) == 1


def test_a_browser_is_trusted_by_one_person_and_its_cookie_is_kept_as_a_digest(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    one, other = official(directory), official(directory, "lvan")
    secret = enrolled_phone(one)
    enrolled_phone(other)
    visitor = signs_in(app, secret, trust="1")
    with app.test_request_context():
        cookie = visitor.browser.get_cookie(trusted_browsers._cookie_name(one))
    assert cookie
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Strict", 12 * 3600)
    [row] = reader().execute(select(table_of(TrustedBrowser)))
    assert cookie.value.encode() not in row.digest
    time.advance(seconds=1)
    visitor.asks(not_before=clock.now())
    visitor.types_password("lvan")
    assert visitor.path == "/sign-in/factor"


@pytest.mark.parametrize("how", ["page", "others", "reset", "suspended"])
def test_trust_is_withdrawn_by_its_person_and_with_their_access(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, how: str
) -> None:
    """ENR-003"""
    person_id = official(directory)
    secret = enrolled_phone(person_id)
    trusted = signs_in(app, secret, trust="1")
    time.advance(minutes=1)
    visitor = signs_in(app, secret)
    visitor.opens("/account/sessions")
    assert "Trình duyệt tin cậy" in visitor.text
    if how == "page":
        [row] = trusted_browsers.find_all(reader(), person_id)
        visitor.sends(f"/account/browsers/{row.id}/distrust")
    elif how == "others":
        visitor.sends("/account/sessions/end-others")
    elif how == "reset":
        in_transaction(lambda c: access.reset_factors(c, person_id, reason="mất", actor="cli:test"))
    else:
        in_transaction(lambda c: access.withdraw(c, person_id, reason="nghỉ", actor="cli:test"))
    assert trusted_browsers.find_all(reader(), person_id) == []
    assert events(audit.Event.BROWSER_DISTRUSTED) == 1
    if how in ("page", "others"):
        assert signs_in(app, None, trusted).path == "/sign-in/factor"


def test_nobody_distrusts_for_somebody_else(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    one, other = official(directory), official(directory, "lvan")
    signs_in(app, enrolled_phone(one), trust="1")
    [row] = trusted_browsers.find_all(reader(), one)
    in_transaction(lambda c: trusted_browsers.distrust(c, other, actor="cli:test", browser_id=row.id))
    assert trusted_browsers.find_all(reader(), one)


def test_of_twenty_at_once_one_puts_it_off(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        person_id: uuid.UUID = add_person()

    def attempt(_number: int) -> bool:
        with app.app_context():
            return in_transaction(lambda c: enrolment_delays.delay(c, person_id, DAY, 3))

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(attempt, range(20))) == 1
    close(app)
