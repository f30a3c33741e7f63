"""Rules of a passkey or security key after the password, and of enrolling one at sign-in."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from idp import audit, clock
from idp.credentials import passkeys
from idp.database import reader, table_of
from idp.people.models import Person
from idp.sessions.assurance import AAL1, AAL2, AAL3
from tests.idp.login.test_passkey_steps import app, asked, enrolled_key, reasons, signs_in
from tests.support.authenticator import Authenticator
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official

__all__ = ["app"]


@pytest.mark.parametrize(("verified", "acr"), [(False, AAL2), (True, AAL3)])
def test_a_key_after_the_password_is_two_factors_and_more_when_it_makes_sure_of_its_person(
    app: Flask, directory: BindDirectory, visitor: Visitor, verified: bool, acr: str
) -> None:
    key = enrolled_key(official(directory), alone=False, verified=verified)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    assert visitor.path == "/sign-in/factor"
    visitor.sends("/sign-in/factor/key", answer=key.signs(asked(visitor)))
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (acr, "pwd hwk user mfa")


def test_somebody_elses_key_is_no_second_factor(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    """PKY-001"""
    official(directory)
    theirs = enrolled_key(official(directory, "lvan"))
    enrolled_key(reader().execute(select(table_of(Person).c.id).where(table_of(Person).c.username == "vmsinh")).scalar_one())
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends("/sign-in/factor/key", answer=theirs.signs(asked(visitor)))
    session = visitor.session()
    assert session is not None
    assert session.acr == AAL1
    assert reasons(audit.Event.SECOND_FACTOR_REFUSED) == ["unknown_key"]


def test_a_phone_is_not_enough_where_a_passkey_is_asked_for(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    """BYP-003"""
    person_id = official(directory)
    secret, key = enrolled_phone(person_id), enrolled_key(person_id)
    visitor.asks(minimum_acr=AAL3)
    visitor.types_password()
    assert 'name="code"' not in visitor.text
    visitor.sends("/sign-in/factor", code=code_on(secret))
    assert visitor.path == "/sign-in/factor"
    visitor.sends("/sign-in/factor/key", answer=key.signs(asked(visitor)))
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL3, "pwd otp hwk user mfa")


def test_a_passkey_is_enrolled_where_it_is_needed_and_only_after_the_factor_there_is(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    secret = enrolled_phone(official(directory))
    visitor.asks(minimum_acr=AAL3)
    visitor.types_password()
    assert visitor.path == "/sign-in/factor"
    assert visitor.opens(f"/sign-in/enroll/passkey?flow={visitor.flow}").request.path == "/sign-in/factor"
    visitor.sends(code=code_on(secret))
    assert visitor.path == "/sign-in/enroll/passkey"
    visitor.sends(answer=Authenticator().makes(asked(visitor)), name="  Máy\tphòng <b>Văn thư</b> ")
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL3, "pwd otp hwk user mfa")
    assert [key.name for key in passkeys.find_active(reader(), session.person_id)] == ["Máy phòng <b>Văn thư</b>"]


@pytest.mark.parametrize(("kind", "acr"), [("passkey", AAL3), ("security-key", AAL2)])
def test_a_newcomer_without_a_phone_enrols_a_key_and_gets_recovery_codes(
    app: Flask, directory: BindDirectory, visitor: Visitor, kind: str, acr: str
) -> None:
    official(directory, newcomer=True)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.opens(f"/sign-in/enroll/{kind}?flow={visitor.flow}")
    visitor.sends(answer="{}")
    assert visitor.page is not None
    assert visitor.page.status_code == 400
    key = Authenticator(verified=kind == "passkey")
    answer = key.makes(asked(visitor))
    visitor.sends(answer=answer, name="")
    assert visitor.path == "/sign-in/recovery-codes"
    session = visitor.session()
    assert session is not None
    assert session.acr == acr
    visitor.sends()
    assert visitor.path == "/sign-in/notice"


def test_whoever_lost_the_passkey_makes_another_with_the_factor_that_is_left(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    person_id = official(directory)
    secret = enrolled_phone(person_id)
    enrolled_key(person_id)
    visitor.asks(minimum_acr=AAL3)
    visitor.types_password()
    assert "/account/factors/add/passkey" in visitor.text
    visitor.opens("/account/factors/add/passkey")
    assert visitor.path == "/sign-in/factor"
    visitor.sends(code=code_on(secret))
    assert visitor.left_to == "/account/factors/add/passkey"
    visitor.opens("/account/factors/add/passkey")
    new = Authenticator()
    visitor.sends(answer=new.makes(asked(visitor)), name="Khóa mới")
    visitor.asks(minimum_acr=AAL3, not_before=clock.now() + timedelta(seconds=1))
    time.advance(seconds=1)
    signs_in(visitor, new)
    session = visitor.session()
    assert session is not None
    assert session.acr == AAL3
