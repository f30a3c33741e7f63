"""Rules of changing a password on the way in for whoever has a second factor: it is proved before the directory is asked to."""

import uuid

import pytest
from flask import Flask

from idp import clock
from idp.credentials import officer_codes, recovery_codes
from idp.database import reader
from idp.people.sign_in_name import find_for_sign_in
from idp.sessions.assurance import AAL2
from tests.idp.login.test_change_password import events, new_password, newcomer
from tests.idp.login.test_officer_codes import handed
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, code_on, enrolled_phone

__all__ = ["new_password", "newcomer"]


def person_id() -> uuid.UUID:
    named = find_for_sign_in(reader(), "newcomer")
    assert named is not None
    return named.person_id


def types_change(visitor: Visitor, old: str, new: str, code: str) -> int:
    return visitor.sends(username="newcomer", password=old, new_password=new, again=new, code=code).status_code


@pytest.fixture
def page(visitor: Visitor, newcomer: str) -> Visitor:
    """Somebody sent to the page that changes it."""
    visitor.asks()
    visitor.types_password("newcomer", newcomer)
    assert visitor.path == "/sign-in/password"
    return visitor


def test_the_old_password_alone_changes_nothing_for_whoever_has_a_factor(
    app: Flask, directory: BindDirectory, page: Visitor, newcomer: str, new_password: str, time: clock.ManualClock
) -> None:
    """BYP-001: nobody who has found a password handed out locks its person out of the directory with it."""
    secret = enrolled_phone(person_id())
    for code in ("", "  ", "000000"):
        assert types_change(page, newcomer, new_password, code) == 400
        assert page.session() is None
    assert "password.changed" not in events()
    assert types_change(page, newcomer, new_password, code_on(secret)) == 303
    session = page.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL2, "pwd otp mfa")
    assert "password.changed" in events()


def test_codes_are_counted_there_as_everywhere(
    app: Flask, page: Visitor, newcomer: str, new_password: str, time: clock.ManualClock
) -> None:
    """TOT-003."""
    secret = enrolled_phone(person_id())
    assert [types_change(page, newcomer, new_password, "000000") for _ in range(6)] == [400] * 5 + [429]
    assert types_change(page, newcomer, new_password, code_on(secret)) == 429
    assert "password.changed" not in events()


def test_a_code_of_the_sheet_does_as_well_once(
    app: Flask, page: Visitor, newcomer: str, new_password: str, time: clock.ManualClock
) -> None:
    """REC-005."""
    sheet = recovery_codes.new_sheet()
    enrolled_phone(person_id(), codes=sheet)
    assert types_change(page, newcomer, "Kém 9", str(sheet[0].code)) == 400
    assert recovery_codes.left(reader(), person_id()) == len(sheet), "a password that the directory does not take uses no code up"
    assert "code.given_back" in events()
    assert types_change(page, newcomer, new_password, str(sheet[0].code)) == 303
    session = page.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL2, "pwd recovery mfa")
    assert recovery_codes.left(reader(), person_id()) == len(sheet) - 1


def test_a_temporary_code_of_an_officer_does_as_well_once(
    app: Flask, page: Visitor, newcomer: str, new_password: str, time: clock.ManualClock
) -> None:
    """REC-005: whoever forgot the phone on the day that the password must be changed is not shut out."""
    enrolled_phone(person_id())
    code = handed(person_id(), officer_codes.TEMPORARY)
    assert types_change(page, newcomer, "Kém 9", code) == 400
    assert "code.given_back" in events(), "a password that the directory does not take uses no code up"
    assert len(officer_codes.find_open(reader(), person_id())) == 1
    assert types_change(page, newcomer, new_password, code) == 303
    assert officer_codes.find_open(reader(), person_id()) == []
    session = page.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL2, "pwd temporary mfa")


def test_without_a_factor_the_old_password_is_enough_and_a_code_means_nothing(
    app: Flask, page: Visitor, newcomer: str, new_password: str
) -> None:
    assert types_change(page, newcomer, new_password, "123456") == 303
    assert page.session() is not None
