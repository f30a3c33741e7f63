"""Rules of a passkey or security key that is made: what is taken, once, and what is refused."""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cbor2
import pytest
from flask import Flask

from idp.app import create_app
from idp.credentials import passkey_ceremony, passkeys
from idp.credentials.passkey_ceremony import WrongKey
from idp.database import in_transaction
from tests.idp.credentials.test_passkeys import HERE, app, enroll
from tests.support.authenticator import AT, UP, Authenticator
from tests.support.installation import close, settings_for
from tests.support.people import add_person

__all__ = ["app"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"client_data": {"challenge": "AAAA"}}, "challenge_not_ours"),
        ({"client_data": {"origin": "https://evil.test"}}, "origin"),
        ({"client_data": {"type": "webauthn.get"}}, "type"),
        ({"client_data": {"crossOrigin": True}}, "cross_origin"),
        ({"rp_id": "evil.test"}, "RP ID"),
        ({"flags": UP | AT}, "verification"),
    ],
)
def test_a_new_key_with_anything_wrong_is_refused(app: Flask, wrong: dict[str, Any], reason: str) -> None:
    options = passkey_ceremony.creation_options("s", add_person(), "x", "X", [], alone=True, roaming=False)
    with pytest.raises(WrongKey, match=reason):
        passkeys.match_new(Authenticator().makes(options, **wrong), "s", alone=True)


def test_a_key_is_added_once_and_never_taken_from_somebody(app: Flask) -> None:
    one, other, key = add_person("vmsinh"), add_person("lvan"), Authenticator()
    enroll(one, key)
    with pytest.raises(WrongKey, match="known_already"):
        enroll(other, key)
    in_transaction(lambda c: passkeys.remove_all(c, one))
    with pytest.raises(WrongKey, match="known_already"):
        enroll(other, key)


def test_on_a_shared_computer_the_key_is_not_kept_in_it(app: Flask) -> None:
    for roaming, alone, kept in ((True, True, "cross-platform"), (False, True, None), (False, False, "cross-platform")):
        options = json.loads(passkey_ceremony.creation_options("s", uuid.uuid4(), "x", "X", [], alone=alone, roaming=roaming))
        assert options["authenticatorSelection"].get("authenticatorAttachment") == kept


def test_one_of_twenty_who_add_the_same_key_at_once_has_it_and_the_others_are_told(postgresql_url: str) -> None:
    """PKY-001: a key that a second person would have too would sign in as either."""
    app = create_app(settings_for(postgresql_url, issuer=HERE))
    key = Authenticator()
    with app.app_context():
        people = [add_person(f"person{number}") for number in range(20)]
        gate = threading.Barrier(20)

    def attempt(person_id: uuid.UUID) -> str:
        with app.app_context():
            gate.wait()
            try:
                enroll(person_id, key)
            except WrongKey as wrong:
                return wrong.reason
            return "in"

    with ThreadPoolExecutor(20) as pool:
        outcomes = sorted(pool.map(attempt, people))
    assert outcomes == ["in"] + ["key_known_already"] * 19
    close(app)


def test_an_id_longer_than_there_are_is_refused(app: Flask) -> None:
    key = Authenticator(credential_id=b"x" * 3000)
    options = passkey_ceremony.creation_options("s", add_person(), "x", "X", [], alone=True, roaming=False)
    with pytest.raises(WrongKey, match="too_large"):
        passkeys.match_new(key.makes(options), "s", alone=True)


def rsa(bits: int, e: int) -> bytes:
    return cbor2.dumps(
        {1: 3, 3: -257, -1: (2 ** (bits - 1) + 1).to_bytes(bits // 8, "big"), -2: e.to_bytes((e.bit_length() + 7) // 8, "big")}
    )


@pytest.mark.parametrize(
    ("cose", "reason"),
    [
        (rsa(1024, 65537), "weak_key"),
        (rsa(2048, 3), "weak_key"),
        (rsa(2048, 2**32 + 1), "weak_key"),
        (cbor2.dumps({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32}), "no_key"),
        (cbor2.dumps({1: 2, 3: -7, -1: 9, -2: b"x" * 32, -3: b"y" * 32}), ""),
    ],
)
def test_a_key_that_is_weak_or_none_is_refused(app: Flask, cose: bytes, reason: str) -> None:
    options = passkey_ceremony.creation_options("s", add_person(), "x", "X", [], alone=True, roaming=False)
    with pytest.raises(WrongKey, match=reason):
        passkeys.match_new(Authenticator().makes(options, cose=cose), "s", alone=True)
    passkeys.match_new(Authenticator().makes(options, cose=rsa(2048, 65537)), "s", alone=True)
