"""A logout token is believed only when everything about it is right."""

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from clients.demo.logout_token import EVENT, LoggedOut, LogoutTokenRefused, LogoutTokenVerifier

ISSUER, CLIENT_ID, NOW = "https://dinhdanh.example", "van-ban", 1_790_000_000.0
KEY = RSAKey.generate_key(2048, {"kid": "r1"})
NEXT_KEY = ECKey.generate_key("P-256", {"kid": "e1"})
HEADER = {"alg": "RS256", "kid": "r1", "typ": "logout+jwt"}


class Published:
    """A provider's JWK set, and how often it was fetched anew."""

    def __init__(self) -> None:
        self.keys, self.cached, self.fetched = [KEY], KeySet([KEY]), 0

    def fetch(self, again: bool) -> dict[str, Any]:
        if again:
            self.fetched += 1
            self.cached = KeySet(list(self.keys))
        return dict(self.cached.as_dict(private=False))


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def verifier(published: Published) -> LogoutTokenVerifier:
    return LogoutTokenVerifier(ISSUER, CLIENT_ID, published.fetch, now=lambda: NOW)


def claims(**other: Any) -> dict[str, Any]:
    told = {
        "iss": ISSUER, "aud": CLIENT_ID, "iat": int(NOW), "exp": int(NOW) + 120, "jti": "j1", "sub": "s", "sid": "x", "events": {EVENT: {}},
    }  # fmt: skip
    return {name: value for name, value in {**told, **other}.items() if value is not None}


def signed(told: dict[str, Any], header: dict[str, Any] | None = None, key: Any = KEY) -> str:
    return jwt.encode(header or HEADER, told, key, algorithms=[(header or HEADER)["alg"]], default_type=None)


def test_a_right_token_names_the_session(verifier: LogoutTokenVerifier) -> None:
    assert verifier.verify(signed(claims())) == LoggedOut(sid="x", subject="s")


def test_a_token_without_sid_names_the_person(verifier: LogoutTokenVerifier) -> None:
    assert verifier.verify(signed(claims(sid=None))) == LoggedOut(sid=None, subject="s")


def test_an_audience_may_be_a_list(verifier: LogoutTokenVerifier) -> None:
    assert verifier.verify(signed(claims(aud=["other", CLIENT_ID])))


def test_a_token_is_believed_once(verifier: LogoutTokenVerifier) -> None:
    token = signed(claims())
    verifier.verify(token)
    with pytest.raises(LogoutTokenRefused):
        verifier.verify(token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"}, {"aud": "mot-cua"}, {"aud": None}, {"iat": int(NOW) - 3600}, {"iat": int(NOW) + 3600},
        {"iat": "now"}, {"exp": int(NOW) - 3600}, {"exp": None}, {"events": None}, {"events": {}}, {"events": {EVENT: True}},
        {"events": [EVENT]}, {"nonce": "n"}, {"jti": None}, {"jti": ""}, {"sid": None, "sub": None}, {"sid": 7, "sub": None},
    ],
)  # fmt: skip
def test_a_token_with_a_wrong_claim_is_refused(verifier: LogoutTokenVerifier, wrong: dict[str, Any]) -> None:
    with pytest.raises(LogoutTokenRefused):
        verifier.verify(signed(claims(**wrong)))


def test_an_id_token_is_not_a_logout_token(verifier: LogoutTokenVerifier) -> None:
    with pytest.raises(LogoutTokenRefused):
        verifier.verify(signed(claims(), {**HEADER, "typ": "JWT"}))


def test_a_token_signed_by_a_stranger_is_refused(verifier: LogoutTokenVerifier) -> None:
    with pytest.raises(LogoutTokenRefused):
        verifier.verify(signed(claims(), key=RSAKey.generate_key(2048, {"kid": "r1"})))


def encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_an_unsigned_token_is_refused(verifier: LogoutTokenVerifier) -> None:
    unsigned = encoded({"alg": "none", "typ": "logout+jwt"}) + "." + encoded(claims()) + "."
    cut = signed(claims()).rpartition(".")[0] + "."
    for token in (unsigned, cut, "", "a.b.c", "ă"):
        with pytest.raises(LogoutTokenRefused):
            verifier.verify(token)


def test_the_public_key_does_not_serve_as_a_shared_secret(verifier: LogoutTokenVerifier) -> None:
    body = encoded({**HEADER, "alg": "HS256"}) + "." + encoded(claims())
    mac = hmac.digest(KEY.as_pem(private=False), body.encode(), "sha256")
    with pytest.raises(LogoutTokenRefused):
        verifier.verify(body + "." + base64.urlsafe_b64encode(mac).decode().rstrip("="))


def test_a_new_key_of_the_provider_is_fetched(verifier: LogoutTokenVerifier, published: Published) -> None:
    published.keys.append(NEXT_KEY)  # type: ignore[arg-type]
    assert verifier.verify(signed(claims(), {"alg": "ES256", "kid": "e1", "typ": "logout+jwt"}, NEXT_KEY))


def test_made_up_key_ids_do_not_make_us_fetch_each_time(verifier: LogoutTokenVerifier, published: Published) -> None:
    for number in range(5):
        with pytest.raises(LogoutTokenRefused):
            verifier.verify(signed(claims(), {**HEADER, "kid": f"made-up-{number}"}, KEY))
    assert published.fetched == 1
