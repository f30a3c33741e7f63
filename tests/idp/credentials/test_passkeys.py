"""Rules of passkeys and security keys: what of an authenticator's answer is believed (WebAuthn §7.1, §7.2)."""

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from idp import clock
from idp.app import create_app
from idp.credentials import factors, passkey_ceremony, passkeys
from idp.credentials.factors import LastFactor
from idp.credentials.models import Passkey
from idp.credentials.passkey_ceremony import SECOND_FACTOR, SIGN_IN, WrongKey
from idp.database import in_transaction, reader, table_of
from idp.spent_identifiers import SpentIdentifier
from tests.support.authenticator import UP, UV, Authenticator
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person

HERE, BROWSER = "http://localhost:8000", "the browser's cookie"


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An installation with a name, which keys need."""
    application = create_app(settings_for(database_url, issuer=HERE))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def enroll(person_id: uuid.UUID, key: Authenticator, *, alone: bool = True) -> None:
    options = passkey_ceremony.creation_options("s", person_id, "vmsinh", "Vàng Mí Sính", [], alone=alone, roaming=False)
    new = passkeys.match_new(key.makes(options), "s", alone=alone)
    in_transaction(lambda c: passkeys.add(c, person_id, new, "Khóa"))


def ask(purpose: str = SIGN_IN) -> str:
    return passkey_ceremony.request_options(purpose, BROWSER, verified=True)


def verify(answer: str, purpose: str = SIGN_IN, **given: Any) -> passkeys.Proof:
    proof = passkeys.match(reader(), answer, purpose, BROWSER, **given)
    in_transaction(lambda c: passkeys.use(c, proof))
    return proof


def refused(answer: str, reason: str, purpose: str = SIGN_IN, **given: Any) -> None:
    with pytest.raises(WrongKey) as wrong:
        verify(answer, purpose, **given)
    assert reason in wrong.value.reason


def test_a_passkey_says_who_it_is_and_is_told_from_one_in_several_devices(app: Flask) -> None:
    one, other = add_person("vmsinh"), add_person("lvan")
    bound, synced = Authenticator(), Authenticator(synced=True, count=None)
    enroll(one, bound)
    enroll(other, synced)
    assert (verify(bound.signs(ask())).person_id, verify(synced.signs(ask())).person_id) == (one, other)
    assert (verify(bound.signs(ask())).synced, verify(synced.signs(ask())).synced) == (False, True)
    assert factors.held_by(reader(), one) == factors.Held(key=True, passkey=True)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"client_data": {"challenge": "AAAA"}}, "challenge_not_ours"),
        ({"client_data": {"challenge": None}}, "challenge_not_ours"),
        ({"client_data": {"origin": "https://evil.test"}}, "origin"),
        ({"client_data": {"origin": "http://localhost:8001"}}, "origin"),
        ({"client_data": {"type": "webauthn.create"}}, "type"),
        ({"client_data": {"crossOrigin": True}}, "cross_origin"),
        ({"client_data": {"topOrigin": "https://evil.test"}}, "cross_origin"),
        ({"rp_id": "evil.test"}, "RP ID"),
        ({"flags": UP}, "verification"),
        ({"flags": UV}, "present"),
        ({"broken": True}, "signature"),
        ({"handle": b"0123456789abcdef"}, "somebody_else"),
        ({"count": 0}, "sign_count"),
    ],
)
def test_an_answer_with_anything_wrong_is_refused(app: Flask, wrong: dict[str, Any], reason: str) -> None:
    """PKY-001, PKY-005"""
    key = Authenticator()
    enroll(add_person(), key)
    verify(key.signs(ask()))
    refused(key.signs(ask(), **wrong), reason)
    verify(key.signs(ask()))


def test_a_key_that_nobody_has_and_one_removed_are_refused_alike(app: Flask) -> None:
    person_id, key = add_person(), Authenticator()
    enroll(person_id, key)
    refused(Authenticator().signs(ask()), "unknown_key")
    in_transaction(lambda c: passkeys.remove_all(c, person_id))
    refused(key.signs(ask()), "unknown_key")


def test_a_challenge_is_good_once_for_five_minutes_in_one_browser_for_one_purpose(app: Flask, time: clock.ManualClock) -> None:
    """PKY-001"""
    person_id, key = add_person(), Authenticator(count=None)
    enroll(person_id, key)
    options = ask()
    verify(key.signs(options))
    refused(key.signs(options), "challenge_used")
    for bound_to, purpose, reason in (("another", SIGN_IN, "another_browser"), (BROWSER, SECOND_FACTOR, "not_ours")):
        with pytest.raises(WrongKey, match=reason):
            passkeys.match(reader(), key.signs(ask()), purpose, bound_to)
    late = ask()
    time.advance(minutes=4, seconds=59)
    passkeys.match(reader(), key.signs(late), SIGN_IN, BROWSER)
    time.advance(seconds=2)
    refused(key.signs(late), "challenge_expired")


def test_opening_pages_leaves_nothing_behind(app: Flask) -> None:
    """LOG-037"""
    for _ in range(20):
        ask()
    assert reader().execute(select(table_of(SpentIdentifier).c.digest)).all() == []


def test_after_the_password_only_ones_own_keys_count_and_need_no_verification(app: Flask) -> None:
    one, other = add_person("vmsinh"), add_person("lvan")
    mine, theirs = Authenticator(verified=False), Authenticator()
    enroll(one, mine, alone=False)
    enroll(other, theirs)
    refused(theirs.signs(ask(SECOND_FACTOR)), "unknown_key", SECOND_FACTOR, person_id=one)
    assert not verify(mine.signs(ask(SECOND_FACTOR)), SECOND_FACTOR, person_id=one).user_verified
    assert factors.held_by(reader(), one) == factors.Held(key=True)


def test_a_security_key_does_not_sign_in_alone(app: Flask) -> None:
    key = Authenticator()
    enroll(add_person(), key, alone=False)
    refused(key.signs(ask()), "not_a_passkey")


@pytest.mark.parametrize(
    "answer",
    ["", "null", "[]", "{}", '{"response": {}}', "[" * 9000, '{"response": {"clientDataJSON": "////"}}', "x" * 20_000, '{"response": []}',
     '{"rawId": 1, "response": {"clientDataJSON": "e30"}}', '{"response": {"clientDataJSON": "_w"}}'],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_and_breaks_nothing(app: Flask, answer: str) -> None:
    for check in (lambda: verify(answer), lambda: passkeys.match_new(answer, "s", alone=True)):
        with pytest.raises(WrongKey):
            check()


def test_odd_answers_to_a_right_challenge_are_refused_too(app: Flask) -> None:
    key = Authenticator()
    enroll(add_person(), key)
    for name in ("authenticatorData", "signature", "userHandle"):
        odd: Any
        for odd in ("", "AA", "é", 5, {}, [], "A" * 5000):
            parsed = json.loads(key.signs(ask()))
            parsed["response"][name] = odd
            if name != "userHandle" or odd:
                refused(json.dumps(parsed), "")


def test_the_last_factor_stays_of_whatever_kind_it_is(app: Flask) -> None:
    person_id, stranger = add_person(), add_person("lvan")
    enroll(person_id, Authenticator())
    enroll(person_id, Authenticator(), alone=False)
    first, second = (factor.id for factor in factors.list_of(reader(), person_id))
    assert in_transaction(lambda c: factors.remove(c, person_id, first))
    assert in_transaction(lambda c: factors.remove(c, person_id, first)) is None
    with pytest.raises(LastFactor):
        in_transaction(lambda c: factors.remove(c, person_id, second))
    assert in_transaction(lambda c: factors.remove(c, stranger, second)) is None


@pytest.mark.parametrize(
    ("issuer", "possible"),
    [("https://idp.vn", True), ("http://localhost:1", True), ("http://127.0.0.1:1", False), ("http://[::1]:1", False)],
)
def test_keys_belong_to_a_name_and_not_to_a_number(sqlite_databases: Any, issuer: str, possible: bool) -> None:
    with create_app(settings_for("sqlite://", issuer=issuer)).app_context():
        assert passkey_ceremony.are_possible() is possible


def test_one_of_twenty_answers_to_one_challenge_gets_through(postgresql_url: str) -> None:
    """PKY-001"""
    app = create_app(settings_for(postgresql_url, issuer=HERE))
    key = Authenticator(count=None)
    with app.app_context():
        enroll(add_person(), key)
        options = ask()
    answer = key.signs(options)

    def attempt(_number: int) -> str:
        with app.app_context():
            try:
                verify(answer)
            except WrongKey as wrong:
                return wrong.reason
            return "in"

    with ThreadPoolExecutor(20) as pool:
        outcomes = sorted(pool.map(attempt, range(20)))
    assert outcomes == ["challenge_used"] * 19 + ["in"]
    with app.app_context():
        assert reader().execute(select(table_of(Passkey).c.last_used_at)).scalar_one() is not None
    close(app)


def test_what_an_answer_says_does_not_get_into_the_reason(app: Flask) -> None:
    key = Authenticator()
    enroll(add_person(), key)
    for origin in ("https://evil.test/\ud800", "\0", "x" * 2000, "<script>"):
        with pytest.raises(WrongKey) as wrong:
            verify(key.signs(ask(), client_data={"origin": origin}))
        assert wrong.value.reason == "refused: Unexpected client data origin"
