"""Rules of hardware tokens: a code is good once, clocks are followed, nothing in the database can be used as it stands."""

import base64
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.credentials import factors, hardware_tokens
from idp.credentials.models import HardwareToken
from idp.credentials.seed_files import Seed
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, reader, table_of
from tests.conftest import START
from tests.support.installation import close, settings_for
from tests.support.people import add_person

SECRET = b"12345678901234567890"
_t = table_of(HardwareToken)


def in_stock(serial: str = "2600123", **given: Any) -> Seed:
    seed = Seed(serial, SECRET, **given)
    in_transaction(lambda c: hardware_tokens.import_seeds(c, [seed]))
    return seed


def shown(seed: Seed, off: int = 0) -> str:
    """What the token shows, its clock `off` periods ahead of ours."""
    secret, digest = base64.b32encode(seed.secret).decode(), hardware_tokens.DIGESTS[seed.algorithm]
    return pyotp.HOTP(secret, digits=seed.digits, digest=digest).at(int(clock.now().timestamp()) // seed.period_seconds + off)


def claim(person_id: uuid.UUID, seed: Seed, code: str) -> uuid.UUID:
    return in_transaction(lambda c: hardware_tokens.claim(c, person_id, seed.serial, code))


def verify(person_id: uuid.UUID, code: str) -> None:
    in_transaction(lambda c: hardware_tokens.verify(c, person_id, code))


def refused(person_id: uuid.UUID, code: str) -> None:
    with pytest.raises(WrongCode):
        verify(person_id, code)


@pytest.mark.parametrize("kind", [{}, {"digits": 8, "period_seconds": 60}, {"algorithm": "sha256"}, {"algorithm": "sha512", "digits": 8}])
def test_tokens_of_every_kind_work_and_each_code_once(app: Flask, time: clock.ManualClock, kind: dict[str, Any]) -> None:
    """TOT-001"""
    person_id, seed = add_person(), in_stock(**kind)
    first = shown(seed)
    claim(person_id, seed, first)
    refused(person_id, first)
    time.advance(seconds=seed.period_seconds)
    code = shown(seed)
    verify(person_id, code)
    refused(person_id, code)
    refused(person_id, first)


def test_codes_are_those_of_rfc_6238(app: Flask) -> None:
    person_id, seed = add_person(), in_stock(digits=8)
    with clock.using(clock.ManualClock(START.fromtimestamp(1111111109, START.tzinfo))):
        claim(person_id, seed, "07081804")


def test_a_clock_that_drifts_is_followed(app: Flask, time: clock.ManualClock) -> None:
    person_id, seed = add_person(), in_stock()
    claim(person_id, seed, shown(seed, 7) + shown(seed, 8))
    for drift in (9, 9, 10, 11):
        time.advance(days=100)
        verify(person_id, shown(seed, drift))
    time.advance(days=100)
    for too_far in (9, 13, 0):
        refused(person_id, shown(seed, too_far))
    verify(person_id, shown(seed, 11))


@pytest.mark.parametrize("off", [-3, 3, 10])
def test_the_first_code_may_be_two_periods_off_and_no_more(app: Flask, time: clock.ManualClock, off: int) -> None:
    """TOT-005: of a million codes five are right, as long as nothing is known of the token's clock; then three."""
    person_id, seed = add_person(), in_stock()
    with pytest.raises(WrongCode):
        claim(person_id, seed, shown(seed, off))
    claim(person_id, seed, shown(seed, 2 if off > 0 else -2))


@pytest.mark.parametrize("kind", [{}, {"digits": 8, "period_seconds": 60}])
def test_a_clock_that_is_far_off_is_found_by_two_codes_in_a_row(app: Flask, time: clock.ManualClock, kind: dict[str, Any]) -> None:
    person_id, seed = add_person(), in_stock(**kind)
    in_transaction(lambda c: hardware_tokens.assign(c, seed.serial, person_id))
    refused(person_id, shown(seed, 30))
    for not_in_a_row in ((29, 31), (30, 29), (30, 30), (41, 42)):
        refused(person_id, shown(seed, not_in_a_row[0]) + shown(seed, not_in_a_row[1]))
    verify(person_id, f"{shown(seed, 29)} {shown(seed, 30)}")
    refused(person_id, f"{shown(seed, 29)} {shown(seed, 30)}")
    time.advance(seconds=seed.period_seconds)
    verify(person_id, shown(seed, 30))


def test_a_token_has_one_person_and_is_claimed_by_nobody_else(app: Flask, time: clock.ManualClock) -> None:
    one, other, seed = add_person("vmsinh"), add_person("lvan"), in_stock("AB1234")
    token_id = claim(one, Seed("ab 12-34", SECRET), shown(seed))
    time.advance(minutes=1)
    with pytest.raises(WrongCode):
        claim(other, seed, shown(seed))
    assert factors.held_by(reader(), one) == factors.Held(token=True)
    assert in_transaction(lambda c: hardware_tokens.release(c, other, token_id)) is False
    assert in_transaction(lambda c: hardware_tokens.release(c, one, token_id))
    refused(one, shown(seed))
    claim(other, seed, shown(seed))


@pytest.mark.parametrize("serial", ["", "unknown", "2600124"])
def test_an_unknown_serial_number_is_answered_like_a_wrong_code(app: Flask, time: clock.ManualClock, serial: str) -> None:
    seed = in_stock()
    with pytest.raises(WrongCode):
        in_transaction(lambda c: hardware_tokens.claim(c, uuid.uuid4(), serial, shown(seed)))


def test_a_revoked_token_is_never_used_again(app: Flask, time: clock.ManualClock) -> None:
    person_id, seed = add_person(), in_stock()
    claim(person_id, seed, shown(seed))
    assert in_transaction(lambda c: hardware_tokens.revoke(c, seed.serial)) == (True, person_id)
    assert in_transaction(lambda c: hardware_tokens.revoke(c, seed.serial)) == (False, None)
    time.advance(minutes=1)
    refused(person_id, shown(seed))
    assert not in_transaction(lambda c: hardware_tokens.assign(c, seed.serial, person_id))


def test_secrets_are_sealed_and_bound_to_their_row(app: Flask) -> None:
    """TOT-007"""
    in_stock()
    [sealed] = reader().execute(select(_t.c.sealed_secret)).scalars()
    assert SECRET not in sealed


def test_importing_a_file_again_changes_nothing(app: Flask) -> None:
    seeds = [Seed("1", SECRET), Seed("2", SECRET)]
    assert in_transaction(lambda c: hardware_tokens.import_seeds(c, seeds)) == 2
    assert in_transaction(lambda c: hardware_tokens.import_seeds(c, [*seeds, Seed("3", SECRET)])) == 1


def test_one_of_twenty_equal_codes_gets_through(postgresql_url: str) -> None:
    """TOT-001"""
    app = create_app(settings_for(postgresql_url))
    with app.app_context():
        person_id, seed = add_person(), in_stock()
        in_transaction(lambda c: hardware_tokens.assign(c, seed.serial, person_id))

    def attempt(_number: int) -> bool:
        with app.app_context():
            try:
                verify(person_id, code)
            except WrongCode:
                return False
            return True

    code = shown(seed)
    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(attempt, range(20))) == 1
    close(app)
