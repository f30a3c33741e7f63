"""Rules of a single DPoP proof: RFC 9449 §4.2, §4.3; FAPI 2.0 Security Profile §5.4."""

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import OctKey, RSAKey

from idp import clock
from tests.support.bound_party import BoundParty, Headers, ath, register_bound
from tests.support.installation import ISSUER
from tests.support.keyed_party import new_key, sign, sign_text, unsigned

Maker = Callable[[BoundParty, str], str]


@pytest.fixture
def fapi(app: Flask, time: clock.ManualClock) -> BoundParty:
    """A client on the profile fapi2; the clock stands still."""
    return register_bound()


@pytest.fixture
def told(browser: FlaskClient, fapi: BoundParty, session_id: uuid.UUID) -> dict[str, Any]:
    """Its tokens."""
    return fapi.tokens(browser, scope="openid profile")


def _claims(token: str, **more: Any) -> dict[str, Any]:
    whole = {
        "jti": uuid.uuid4().hex, "htm": "GET", "htu": f"{ISSUER}/userinfo", "iat": int(clock.now().timestamp()), "ath": ath(token), **more,
    }  # fmt: skip
    return {name: value for name, value in whole.items() if value is not None}


def _without(name: str) -> Maker:
    return lambda party, token: _made(party, _claims(token, **{name: None}))


def _with(**claims: Any) -> Maker:
    return lambda party, token: _made(party, _claims(token, **claims))


def _made(party: BoundParty, claims: dict[str, Any], **header: Any) -> str:
    public = party.dpop_key.as_dict(private=False)
    return sign("ES256", party.dpop_key, claims, **{"kid": None, "typ": "dpop+jwt", "jwk": public, **header})


def _headed(**header: Any) -> Maker:
    return lambda party, token: _made(party, _claims(token), **header)


def _text(written: str) -> Maker:
    return lambda _, __: written


def _reheaded(**header: Any) -> Maker:
    """A header that no library would sign."""

    def make(party: BoundParty, token: str) -> str:
        public = party.dpop_key.as_dict(private=False)
        whole = json.dumps({"alg": "ES256", "typ": "dpop+jwt", "jwk": public, **header})
        return base64.urlsafe_b64encode(whole.encode()).rstrip(b"=").decode() + "." + _made(party, _claims(token)).split(".", 1)[1]

    return make


def _private(party: BoundParty, token: str) -> str:
    return _made(party, _claims(token), jwk=party.dpop_key.as_dict(private=True))


def _symmetric(party: BoundParty, token: str) -> str:
    key = OctKey.generate_key(256)
    return sign("HS256", key, _claims(token), kid=None, typ="dpop+jwt", jwk=key.as_dict())


def _other_signature(party: BoundParty, token: str) -> str:
    made, other = _made(party, _claims(token)), _made(party, _claims(token))
    return f"{made.rpartition('.')[0]}.{other.rpartition('.')[2]}"


def _weak_rsa(party: BoundParty, token: str) -> str:
    from_1024 = {"kty": "RSA", "e": "AQAB", "n": "y" * 171}
    return _made(party, _claims(token), jwk=from_1024)


def _twice_in_claims(party: BoundParty, token: str) -> str:
    text = json.dumps(_claims(token))[:-1] + ', "htm": "GET"}'
    return sign_text("ES256", party.dpop_key, text, kid=None, typ="dpop+jwt", jwk=party.dpop_key.as_dict(private=False))


USELESS: dict[str, Maker] = {
    "empty": _text(""),
    "no jwt": _text("x.y.z"),
    "two in one header": lambda party, token: f"{_made(party, _claims(token))}, {_made(party, _claims(token))}",
    "no typ": _headed(typ=None),
    "typ JWT": _headed(typ="JWT"),
    "no jwk": _headed(jwk=None),
    "jwk is text": _reheaded(jwk="x"),
    "jwk by address": _headed(jwk=None, jku="https://rp.test/keys"),
    "jwk without its point": _headed(jwk={"kty": "EC", "crv": "P-256"}),
    "jwk off the curve": _headed(jwk={"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}),
    "jwk of small order": _headed(jwk={"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}),
    "jwk of another curve": _headed(jwk=new_key("EdDSA").as_dict(private=False)),
    "jwk too short": _weak_rsa,
    "jwk private": _private,
    "jwk symmetric": _symmetric,
    "extension nobody knows": _reheaded(crit=["x"], x=1),
    "alg none": lambda _, token: unsigned(_claims(token)),
    "signature of another": _other_signature,
    "no jti": _without("jti"),
    "jti empty": _with(jti=""),
    "jti too long": _with(jti="x" * 300),
    "jti a number": _with(jti=7),
    "no htm": _without("htm"),
    "htm PUT": _with(htm="PUT"),
    "htm in small letters": _with(htm="get"),
    "no htu": _without("htu"),
    "htu of another host": _with(htu="https://evil.test/userinfo"),
    "htu of another endpoint": _with(htu=f"{ISSUER}/token"),
    "htu with a name in it": _with(htu="http://x@127.0.0.1:8000/userinfo"),
    "htu no address": _with(htu="http://[::1/userinfo"),
    "htu a list": _with(htu=[f"{ISSUER}/userinfo"]),
    "no iat": _without("iat"),
    "iat a text": _with(iat="now"),
    "iat endless": _with(iat=10**400),
    "no ath": _without("ath"),
    "ath of another token": _with(ath=ath("another")),
    "ath not ASCII": _with(ath="é"),
    "a claim twice": _twice_in_claims,
    "nested": _with(more=[[[[[[[[[[1]]]]]]]]]]),
    "huge": _with(more="x" * 9000),
}


@pytest.mark.parametrize("name", USELESS)
def test_a_proof_that_proves_nothing_is_refused_and_the_right_one_still_works(
    browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], name: str
) -> None:
    """fapi2-security-profile-final-dpop-negative-tests; JOS-001, JOS-003, JOS-005 for proofs."""
    token = told["access_token"]
    headers: Headers = {"Authorization": f"DPoP {token}", "DPoP": USELESS[name](fapi, token)}
    response = browser.get("/userinfo", headers=headers)
    said = response.headers["WWW-Authenticate"]
    assert (response.status_code, response.data) == (401, b"")
    assert said.startswith("DPoP ")
    assert 'error="invalid_dpop_proof"' in said
    assert fapi.userinfo(browser, token).status_code == 200


RIGHT: dict[str, Maker] = {
    "htu with query and fragment": _with(htu=f"{ISSUER}/userinfo?a=b#c"),
    "htu in capitals": _with(htu="HTTP://127.0.0.1:8000/userinfo"),
    "more in the header": _headed(kid="k-1", more="x"),
    "more in the claims": _with(more="x", nonce="x"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_does_not_matter_in_a_proof_is_ignored(browser: FlaskClient, fapi: BoundParty, told: dict[str, Any], name: str) -> None:
    """fapi2-security-profile-final-dpop-negative-tests (no. 9 and the last ones)."""
    headers = {"Authorization": f"DPoP {told['access_token']}", "DPOP": RIGHT[name](fapi, told["access_token"])}
    assert browser.get("/userinfo?x=y" if "query" in name else "/userinfo", headers=headers).status_code == 200


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA", "Ed25519", "RS256"])
def test_proofs_are_signed_by_the_algorithms_of_the_profile(browser: FlaskClient, session_id: uuid.UUID, alg: str) -> None:
    """fapi2-security-profile-final-dpop-negative-tests (no. 5): RS256 where no profile applies, and nowhere else."""
    for profile in ("", "fapi2"):
        party = replace(register_bound(profile=profile), dpop_key=new_key(alg))
        allowed = alg != "RS256" or not profile

        def proof(method: str, path: str, party: BoundParty = party, **claims: Any) -> Headers:
            whole = {"jti": uuid.uuid4().hex, "htm": method, "htu": ISSUER + path, "iat": int(clock.now().timestamp()), **claims}
            return {"DPoP": sign(alg, party.dpop_key, whole, kid=None, typ="dpop+jwt", jwk=party.dpop_key.as_dict(private=False))}

        answer = party.post(browser, party.code_form(party.code(browser)), proof("POST", "/token"))
        assert answer.status_code == 200 if allowed else answer.get_json()["error"] == "invalid_dpop_proof"
        if allowed:
            token = answer.get_json()["access_token"]
            headers = {"Authorization": f"DPoP {token}", **proof("GET", "/userinfo", ath=ath(token))}
            assert browser.get("/userinfo", headers=headers).status_code == 200


def test_a_key_of_the_profile_used_by_an_algorithm_outside_it_is_refused_at_userinfo(
    browser: FlaskClient, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """fapi2-security-profile-final-dpop-negative-tests (no. 5): an RSA key bound by PS256, shown by RS256."""
    party, key = register_bound(), RSAKey.generate_key(2048)
    claims = {"htm": "POST", "htu": f"{ISSUER}/token", "iat": int(clock.now().timestamp()), "jti": "1"}
    header: dict[str, Any] = {"kid": None, "typ": "dpop+jwt", "jwk": key.as_dict(private=False)}
    token = party.post(browser, party.code_form(party.code(browser)), {"DPoP": sign("PS256", key, claims, **header)}).get_json()[
        "access_token"
    ]
    for alg, status in (("RS256", 401), ("PS256", 200)):
        shown = {"Authorization": f"DPoP {token}", "DPoP": sign(alg, key, _claims(token), **header)}
        assert browser.get("/userinfo", headers=shown).status_code == status
