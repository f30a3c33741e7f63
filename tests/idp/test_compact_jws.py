"""Rules of reading what others have signed: one way only, or not at all (RFC 7515, RFC 8725)."""

import json
import time
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from joserfc.jwk import ECKey, RSAKey

from idp.compact_jws import SignatureWrong, UnreadableJwt, read, seconds_of, strict_json, verify
from tests.support.assertions import encoded
from tests.support.keyed_party import sign, sign_text

KEY = ECKey.generate_key("P-256", {"kid": "k"})
RIGHT = sign("ES256", KEY, {"a": 1})


def test_what_is_right_is_read_and_believed_once_it_is_verified() -> None:
    jwt = read(RIGHT)
    assert (jwt.alg, jwt.claims) == ("ES256", {"a": 1})
    assert verify(jwt, [KEY], ("ES256",)) == {"a": 1}
    assert "eyJ" not in repr(jwt)


def test_no_key_and_no_other_algorithm_vouches() -> None:
    jwt = read(RIGHT)
    for keys, algorithms in (([], ("ES256",)), ([KEY], ("PS256",)), ([ECKey.generate_key("P-256", {"kid": "k"})], ("ES256",)), ([KEY], ())):
        with pytest.raises(SignatureWrong):
            verify(jwt, keys, algorithms)
    with pytest.raises(SignatureWrong):
        verify(jwt, [RSAKey.generate_key(2048, {"kid": "k"})], ("ES256", "RS256"))


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "a b.c.d", RIGHT + "=", RIGHT + "\n", " " + RIGHT, "é" + RIGHT, RIGHT + "x" * 9000],
)
def test_what_is_no_compact_jws_is_not_read(text: str) -> None:
    with pytest.raises(UnreadableJwt):
        read(text)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "crit": []},
        {"alg": "ES256", "crit": ["exp"]},
        {"alg": "ES256", "b64": True},
        {},
        {"alg": 5},
        {"alg": None},
        {"alg": ["ES256"]},
    ],
)
def test_a_header_with_extensions_or_without_algorithm_is_not_read(header: dict[str, Any]) -> None:
    with pytest.raises(UnreadableJwt):
        read(".".join([encoded(json.dumps(header)), *RIGHT.split(".")[1:]]))


def test_a_large_header_is_read_where_the_whole_is_allowed() -> None:
    written = sign("ES256", KEY, {"a": 1}, x5c=["A" * 3000])
    assert verify(read(written), [KEY], ("ES256",)) == {"a": 1}


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"5", b"null", b'"x"', b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e400}',
     b'{"a":' + b"9" * 5000 + b"}", b'{"a":' + b"[" * 100_000, b'{"a":' + b'[' * 9 + b"]" * 9 + b"}", b"\xff", b"\xef\xbb\xbf{}", b'{"a":1}{', b"{'a':1}", b'{"a":1,}',
     json.dumps({str(n): n for n in range(201)}).encode()],
)  # fmt: skip
def test_json_that_two_readers_could_understand_differently_is_not_read(raw: bytes) -> None:
    with pytest.raises(UnreadableJwt):
        strict_json(raw)


def test_fifty_megabytes_are_refused_without_being_looked_at() -> None:
    """JOS-001."""
    for part in range(3):
        parts = RIGHT.split(".")
        parts[part] = "A" * (50 << 20)
        begun = time.monotonic()
        with pytest.raises(UnreadableJwt):
            read(".".join(parts))
        assert time.monotonic() - begun < 1


@pytest.mark.parametrize("value", ["5", True, [], {}, 1e13, 10**400])
def test_a_date_is_a_number_of_seconds(value: object) -> None:
    with pytest.raises(UnreadableJwt):
        seconds_of({"exp": value}, "exp")
    assert seconds_of({"exp": 5.5}, "exp") == 5.5
    assert seconds_of({}, "exp") is None


@given(some.text(max_size=300) | some.tuples(some.text(), some.text(), some.text()).map(lambda parts: ".".join(map(encoded_safely, parts))))
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    try:
        jwt = read(text)
    except UnreadableJwt:
        return
    with pytest.raises(SignatureWrong):
        verify(jwt, [KEY], ("ES256", "RS256", "EdDSA"))


def encoded_safely(text: str) -> str:
    return encoded(text.encode("utf-8", "replace").decode())


def test_a_signature_over_another_text_is_wrong() -> None:
    header, _claims, signature = RIGHT.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SignatureWrong):
            verify(read(f"{header}.{encoded(json.dumps({'a': 2}))}.{signature}"), [KEY], ("ES256",))
        with pytest.raises(UnreadableJwt):
            read(sign_text("ES256", KEY, "[]"))
