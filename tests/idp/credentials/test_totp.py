"""Rules of TOTP."""

import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.credentials import totp
from idp.credentials.models import TotpCredential
from idp.credentials.totp import Pending, WrongCode
from idp.database import in_transaction, new_id, reader, table_of
from tests.conftest import START
from tests.support.installation import close, settings_for
from tests.support.people import add_person

SESSION = new_id()
_t = table_of(TotpCredential)


def begin(person_id: uuid.UUID, session_id: uuid.UUID = SESSION) -> Pending:
    return in_transaction(lambda c: totp.begin_enrollment(c, person_id, session_id, "Điện thoại"))


def code_of(pending: Pending, steps_away: int = 0) -> str:
    return pyotp.HOTP(pending.secret).at(int(clock.now().timestamp()) // 30 + steps_away)


def enroll(person_id: uuid.UUID) -> Pending:
    """Enrolled some time ago, so that codes of this moment are fresh."""
    pending = begin(person_id)
    in_transaction(lambda c: totp.confirm_enrollment(c, person_id, pending.credential_id, 0))
    return pending


def verify(person_id: uuid.UUID, typed: str) -> uuid.UUID:
    return in_transaction(lambda c: totp.verify(c, person_id, typed))


def test_a_code_is_good_once(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    pending = enroll(person_id)
    verify(person_id, code_of(pending))
    with pytest.raises(WrongCode) as refusal:
        verify(person_id, code_of(pending))
    assert not refusal.value.clock_is_off


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_codes_of_one_step_before_and_after_are_accepted(app: Flask, time: clock.ManualClock, steps: int, accepted: bool) -> None:
    """TOT-005."""
    person_id = add_person()
    pending = enroll(person_id)
    if accepted:
        verify(person_id, code_of(pending, steps))
    else:
        with pytest.raises(WrongCode):
            verify(person_id, code_of(pending, steps))


def test_nothing_at_or_before_the_last_accepted_step_is_accepted_even_when_the_clock_jumps_back(
    app: Flask, time: clock.ManualClock
) -> None:
    person_id = add_person()
    pending = enroll(person_id)
    verify(person_id, code_of(pending, 1))
    for steps in (0, -1):
        with pytest.raises(WrongCode):
            verify(person_id, code_of(pending, steps))
    time.advance(minutes=-10)
    with pytest.raises(WrongCode):
        verify(person_id, code_of(pending))


def test_a_phone_whose_clock_is_behind_is_told_of_but_not_one_that_shows_codes_of_the_future(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    pending = enroll(person_id)
    for steps, told in ((-10, True), (-20, True), (-21, False), (2, False), (10, False)):
        with pytest.raises(WrongCode) as refusal:
            verify(person_id, code_of(pending, steps))
        assert refusal.value.clock_is_off is told, steps


def test_a_used_code_is_never_told_from_a_wrong_one(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    pending = enroll(person_id)
    used = code_of(pending)
    verify(person_id, used)
    for _ in range(10):
        time.advance(seconds=30)
        with pytest.raises(WrongCode) as refusal:
            verify(person_id, used)
        assert not refusal.value.clock_is_off


@pytest.mark.parametrize("written", ["{a} {b}", " {a}{b} ", "{a}\u00a0{b}"])
def test_blanks_in_a_code_do_no_harm(app: Flask, time: clock.ManualClock, written: str) -> None:
    person_id = add_person()
    code = code_of(enroll(person_id))
    verify(person_id, written.format(a=code[:3], b=code[3:]))


def test_full_width_digits_are_digits(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    code = code_of(enroll(person_id))
    verify(person_id, "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in code))


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "\0" * 6, "１２３４５x", "9" * 100_000, "\udcff", "١٢٣٤٥٦"])
def test_what_cannot_be_a_code_is_refused(app: Flask, typed: str) -> None:
    person_id = add_person()
    enroll(person_id)
    with pytest.raises(WrongCode):
        verify(person_id, typed)


def test_the_same_secret_is_shown_again_in_the_same_session_only(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    first = begin(person_id)
    time.advance(minutes=29)
    assert begin(person_id) == first
    assert begin(person_id, new_id()).secret != first.secret
    time.advance(minutes=1)
    assert begin(person_id).secret != first.secret


def test_a_secret_shown_in_another_session_cannot_be_confirmed_in_this_one(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    theirs = begin(person_id, new_id())
    begin(person_id)
    with pytest.raises(WrongCode):
        in_transaction(lambda c: totp.match_pending(c, person_id, SESSION, code_of(theirs)))


def test_an_unconfirmed_secret_signs_nobody_in(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    pending = begin(person_id)
    with pytest.raises(WrongCode):
        verify(person_id, code_of(pending))
    assert not totp.find_active(reader(), person_id)


def test_the_code_that_confirmed_is_used_up(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    pending = begin(person_id)
    code = code_of(pending)
    credential_id, step = in_transaction(lambda c: totp.match_pending(c, person_id, SESSION, code))
    assert in_transaction(lambda c: totp.confirm_enrollment(c, person_id, credential_id, step))
    assert not in_transaction(lambda c: totp.confirm_enrollment(c, person_id, credential_id, step))
    with pytest.raises(WrongCode):
        verify(person_id, code)
    verify(person_id, code_of(pending, 1))


def test_enrolment_tells_of_a_wrong_clock_both_ways(app: Flask, time: clock.ManualClock) -> None:
    person_id = add_person()
    pending = begin(person_id)
    for steps, told in ((-20, True), (20, True), (21, False)):
        with pytest.raises(WrongCode) as refusal:
            in_transaction(lambda c: totp.match_pending(c, person_id, SESSION, code_of(pending, steps)))  # noqa: B023
        assert refusal.value.clock_is_off is told


def test_secrets_have_160_bits_are_unique_and_sealed(app: Flask) -> None:
    seen = {begin(add_person(f"p{n}")).secret for n in range(50)}
    assert len(seen) == 50
    assert all(re.fullmatch("[A-Z2-7]{32}", secret) for secret in seen)
    stored = b"".join(reader().execute(select(_t.c.sealed_secret)).scalars())
    assert not any(secret.encode() in stored for secret in seen)


def test_a_sealed_secret_moved_to_another_row_opens_no_door(app: Flask) -> None:
    one, other = enroll(add_person("a")), enroll(add_person("b"))
    sealed = reader().execute(select(_t.c.sealed_secret).where(_t.c.id == one.credential_id)).scalar_one()
    in_transaction(lambda c: c.execute(_t.update().where(_t.c.id == other.credential_id).values(sealed_secret=sealed)))
    person_id = reader().execute(select(_t.c.person_id).where(_t.c.id == other.credential_id)).scalar_one()
    with pytest.raises(Exception, match="changed or moved"):
        verify(person_id, "000000")


def test_a_phone_is_removed_once_and_by_its_own_person(app: Flask) -> None:
    person_id, stranger = add_person(), add_person("lvan")
    first, second = enroll(person_id), enroll(person_id)
    assert in_transaction(lambda c: totp.remove(c, person_id, first.credential_id))
    assert not in_transaction(lambda c: totp.remove(c, person_id, first.credential_id))
    assert not in_transaction(lambda c: totp.remove(c, stranger, second.credential_id))


def test_the_qr_code_can_be_scanned_off_any_background(app: Flask) -> None:
    picture = begin(add_person()).qr_svg("vmsinh")
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', picture)
    assert found
    assert int(found[1]) == int(found[2]) <= 73, "a phone tells modules of three pixels and more apart"
    assert "style=" not in picture
    assert "#fff" in picture


def test_twenty_parallel_uses_of_one_code_have_one_winner(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    frozen = clock.ManualClock(START)
    with clock.using(frozen):
        with app.app_context():
            person_id = add_person()
            code = code_of(enroll(person_id))

        def use(_: int) -> bool:
            with app.app_context():
                try:
                    verify(person_id, code)
                except WrongCode:
                    return False
                return True

        with ThreadPoolExecutor(20) as pool:
            assert sum(pool.map(use, range(20))) == 1
    close(app)
