"""Rules of the codes that officers hand over: a temporary one in place of the usual factor, a slip's before the first enrolment."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from idp import clock
from idp.app import create_app
from idp.credentials import factors, officer_codes
from idp.credentials.printed_codes import new_code
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, new_id, reader
from idp.login import unlocking
from idp.sessions.assurance import AAL1, AAL2, AAL3
from tests.idp.login.test_newcomer_steps import key_on
from tests.support.bind_directory import BindDirectory
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official


def handed(person_id: uuid.UUID, kind: str) -> str:
    new = new_code()
    in_transaction(lambda c: officer_codes.issue(c, person_id, kind, new, issued_by="cli:test"))
    return str(new.code)


@pytest.fixture
def with_slips(database_url: str, directory: BindDirectory) -> Iterator[Flask]:
    """An installation whose officers hand out activation slips."""
    application = create_app(settings_for(database_url, activation_slips=True, **directory.settings()))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def test_a_temporary_code_is_a_second_factor_once_and_is_told_as_what_it_is(
    app: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    """REC-001, REC-005"""
    person_id = official(directory)
    enrolled_phone(person_id)
    code = handed(person_id, officer_codes.TEMPORARY)
    for expected in (AAL2, AAL1):
        visitor = Visitor(app)
        visitor.asks(minimum_acr=AAL2)
        visitor.types_password()
        visitor.opens(f"/sign-in/temporary?flow={visitor.flow}")
        visitor.sends(code=code)
        session = visitor.session()
        assert session is not None
        assert (session.acr, session.amr) == (expected, "pwd temporary mfa" if expected == AAL2 else "pwd")
    assert "đã dùng hoặc đã hết hạn" in visitor.text


def test_a_temporary_code_is_not_enough_where_a_passkey_is_asked_for(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    """BYP-003, REC-005"""
    person_id = official(directory)
    code = handed(person_id, officer_codes.TEMPORARY)
    visitor.asks(minimum_acr=AAL3)
    visitor.types_password()
    visitor.opens(f"/sign-in/temporary?flow={visitor.flow}")
    visitor.sends(code=code)
    assert visitor.path == "/sign-in/enroll/passkey"
    session = visitor.session()
    assert session is not None
    assert session.acr == AAL2


def test_temporary_codes_cannot_be_guessed_without_end(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    """TOT-003"""
    person_id = official(directory)
    enrolled_phone(person_id)
    handed(person_id, officer_codes.TEMPORARY)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.opens(f"/sign-in/temporary?flow={visitor.flow}")
    assert [visitor.sends(code="AAAA-AAAA").status_code for _ in range(6)] == [400] * 5 + [429]


def test_a_password_alone_enrols_no_first_factor_where_slips_are_handed_out(
    with_slips: Flask, directory: BindDirectory, time: clock.ManualClock
) -> None:
    """ENR-001"""
    person_id, visitor = official(directory, newcomer=True), Visitor(with_slips)
    code = handed(person_id, officer_codes.ACTIVATION)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    assert visitor.path == "/sign-in/activate"
    for skipped in ("enroll", "enroll/passkey", "enroll/security-key", "enroll/token", "recovery-codes"):
        assert visitor.opens(f"/sign-in/{skipped}?flow={visitor.flow}").request.path == "/sign-in/activate"
    visitor.sends(code="AAAA-AAAA")
    assert "Mã không đúng" in visitor.text
    visitor.sends(code=code)
    assert visitor.path == "/sign-in/enroll"
    visitor.sends(code=code_on(key_on(visitor)))
    assert visitor.path == "/sign-in/recovery-codes"
    assert factors.held_by(reader(), person_id).phone


def test_an_activation_is_for_one_session_and_a_code_for_one_activation(with_slips: Flask, directory: BindDirectory) -> None:
    """ENR-001"""
    person_id, owner, thief = official(directory), Visitor(with_slips), Visitor(with_slips)
    code = handed(person_id, officer_codes.ACTIVATION)
    for visitor in (owner, thief):
        visitor.asks(minimum_acr=AAL2)
        visitor.types_password()
    owner.sends(code=code)
    assert owner.path == "/sign-in/enroll"
    thief.opens(f"/sign-in/enroll?flow={thief.flow}")
    assert thief.path == "/sign-in/activate"
    thief.sends(code=code)
    assert thief.path == "/sign-in/activate"


def test_a_slips_code_sent_twice_ends_in_the_same_place_and_counts_as_no_failure(with_slips: Flask, directory: BindDirectory) -> None:
    """ENR-001: two clicks at once; the second finds the code used up, in this very session."""
    person_id = official(directory)
    code, visitor = handed(person_id, officer_codes.ACTIVATION), Visitor(with_slips)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    assert visitor.path == "/sign-in/activate"
    form = {**visitor.form(), "code": code}

    def click(_number: int) -> int:
        browser = with_slips.test_client()
        for cookie in (visitor.browser._cookies or {}).values():
            browser.set_cookie(cookie.key, cookie.value)
        return browser.post(f"/sign-in/activate?flow={visitor.flow}", data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(click, range(4))) == {303}
    assert unlocking.rests_until(reader(), person_id) is None


def test_the_account_page_is_no_way_around_the_slip(with_slips: Flask, directory: BindDirectory) -> None:
    """ENR-001"""
    official(directory)
    visitor = Visitor(with_slips)
    visitor.asks(return_to="/account", payload={})
    visitor.types_password()
    for path in ("add", "add/passkey", "add/security-key", "add/token"):
        visitor.opens(f"/account/factors/{path}")
        assert visitor.path == "/sign-in/activate"


def test_whoever_has_a_factor_needs_no_slip(with_slips: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    visitor = Visitor(with_slips)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    assert visitor.path == "/sign-in/factor"
    visitor.sends(code=code_on(secret))
    assert visitor.left_to is not None


@pytest.mark.parametrize("kind", [officer_codes.TEMPORARY, officer_codes.ACTIVATION])
def test_one_of_twenty_equal_codes_gets_through(postgresql_url: str, kind: str) -> None:
    """REC-001"""
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        person_id = add_person()
        code_id = officer_codes.match(reader(), person_id, kind, handed(person_id, kind))

    def attempt(_number: int) -> bool:
        with app.app_context():
            try:
                in_transaction(lambda c: officer_codes.use(c, code_id, new_id()))
            except WrongCode:
                return False
            return True

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(attempt, range(20))) == 1
    close(app)
