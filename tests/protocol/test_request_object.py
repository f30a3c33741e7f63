"""Rules of request objects: RFC 9101, OpenID Connect Core §6, FAPI 2.0 Message Signing §5.3."""

import base64
import hashlib
import hmac
import json
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey

from idp import clock
from tests.protocol.test_authorize_sign_in import claims, flow_of, opened, resume
from tests.support.installation import ISSUER
from tests.support.keyed_party import KeyedParty, error_page, new_key, register_keyed, sign, sign_text, unsigned
from tests.support.relying_party import sign_in

INVALID = "invalid_request_object"


@pytest.fixture
def party(app: Flask) -> KeyedParty:
    """A client with a key and no profile."""
    return register_keyed()


@pytest.fixture
def signing(app: Flask) -> KeyedParty:
    """A client on the profile fapi2_message_signing."""
    return register_keyed(
        "PS256",
        profile="fapi2_message_signing",
        dpop_bound_access_tokens=True,
        authorization_signed_response_alg="PS256",
        id_token_signed_response_alg="PS256",
    )


def by_value(browser: FlaskClient, party: KeyedParty, request_object: str, **beside: str) -> Any:
    return browser.get("/authorize", query_string={"client_id": party.client_id, "request": request_object, **beside})


# --- by value --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_request_may_be_in_a_signed_object(browser: FlaskClient, session_id: uuid.UUID, alg: str) -> None:
    party = register_keyed(alg)
    told = party.answer(by_value(browser, party, party.request_object()))
    assert "code" in told
    assert told["state"] == "s-1"


def test_a_request_object_may_hold_numbers_and_objects(
    browser: FlaskClient, party: KeyedParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """RFC 9101 §4: max_age as a number, claims as an object."""
    sign_in(browser, person_id)
    time.advance(seconds=100)
    wish = {"userinfo": {"email": {"essential": True}}, "id_token": {"name": None}}
    flow_of(by_value(browser, party, party.request_object(max_age=99)))
    code = party.answer(by_value(browser, party, party.request_object(max_age=100, claims=wish)))["code"]
    told = browser.post(
        "/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": party.redirect_uri,
            "code_verifier": party.verifier,
            **party.assertion(),
        },
    ).get_json()
    assert claims(told["id_token"])["name"] == "Vàng Mí Sính"


def test_what_is_inside_wins_and_the_parameters_that_core_wants_outside_may_differ(
    browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID
) -> None:
    """RED-013. oidcc-ensure-request-object-with-redirect-uri: the redirect_uri inside takes precedence."""
    outside = {**party.request(state="outer", nonce="outer"), "redirect_uri": "https://evil.test/"}
    told = party.answer(browser.get("/authorize", query_string={**outside, "request": party.request_object()}))
    assert "code" in told
    assert told["state"] == "s-1"


def test_a_complete_openid_request_may_hold_the_rest_outside(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    """Core §6.1: parameters may be split between both."""
    inside = party.request_object(state=None, response_type=None, scope=None, code_challenge=None, code_challenge_method=None)
    told = party.answer(browser.get("/authorize", query_string={**party.request(state="outer"), "request": inside}))
    assert "code" in told
    assert told["state"] == "outer"


def test_nothing_outside_counts_for_an_object_of_rfc_9101(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    """RFC 9101 §5, §6.3: state-only-outside-request-object-not-used."""
    strict = register_keyed(require_signed_request_object=True)
    alone = {"client_id": party.client_id, "state": "outer", "prompt": "login"}
    told = party.answer(browser.get("/authorize", query_string={**alone, "request": party.request_object(state=None)}))
    assert "state" not in told
    typed = party.request_object(state=None, typ="oauth-authz-req+jwt")
    assert "state" not in party.answer(browser.get("/authorize", query_string={**party.request(state="outer"), "request": typed}))
    told = strict.answer(
        browser.get("/authorize", query_string={**strict.request(state="outer"), "request": strict.request_object(state=None)})
    )
    assert "state" not in told


def test_an_object_without_redirect_uri_cannot_be_answered(
    browser: FlaskClient, party: KeyedParty, signing: KeyedParty, session_id: uuid.UUID
) -> None:
    """fapi2-security-profile-final-ensure-request-object-without-redirect-uri-fails."""
    assert error_page(by_value(browser, party, party.request_object(redirect_uri=None)))
    assert error_page(by_value(browser, party, party.request_object(redirect_uri="https://evil.test/")))
    pushed = signing.push(browser, {"request": signing.request_object(redirect_uri=None, response_mode="jwt")})
    assert pushed.get_json()["error"] == "invalid_request"


def bad_objects(party: KeyedParty, now: int) -> dict[str, str]:
    stranger = new_key("ES256")
    good = party.request_object()
    whole = {**party.request(), "iss": party.client_id, "aud": ISSUER}
    return {
        "another key": party.request_object(key=stranger),
        "another key of the same name": party.request_object(key=new_key("ES256", kid=party.signing_key.kid)),
        "changed": ".".join([good.split(".")[0], party.request_object(scope="openid hr:read").split(".")[1], good.split(".")[2]]),
        "unsigned": unsigned(whole),
        "none with a signature": "eyJhbGciOiJub25lIn0." + good.split(".")[1] + "." + good.split(".")[2],
        "without its signature": good.rpartition(".")[0] + ".",
        "symmetric": _signed_by_the_public_key(party, whole),
        "expired": party.request_object(exp=now - 1),
        "not yet": party.request_object(nbf=now + 61),
        "for somebody else": party.request_object(aud="https://other.test"),
        "of somebody else": party.request_object(iss="somebody"),
        "client_id of somebody else": party.request_object(client_id="somebody"),
        "an assertion": party.assertion()["client_assertion"],
        "a proof": party.request_object(typ="dpop+jwt"),
        "request inside": party.request_object(request=good),
        "request_uri inside": party.request_object(request_uri="https://rp.test/o"),
        "critical": sign("ES256", party.signing_key, whole, crit=["b64"], b64=False),
        "exp in words": party.request_object(exp="soon"),
        "twice": sign_text("ES256", party.signing_key, json.dumps(whole)[:-1] + ', "scope": "openid admin"}'),
        "not JSON": sign_text("ES256", party.signing_key, "{"),
        "a list": sign_text("ES256", party.signing_key, "[]"),
        "NaN": sign_text("ES256", party.signing_key, json.dumps(whole)[:-1] + ', "max_age": NaN}'),
        "deep": sign_text("ES256", party.signing_key, json.dumps(whole)[:-1] + ', "claims": ' + "[" * 400 + "]" * 400 + "}"),
        "NUL": party.request_object(state="a\0b"),
        "half a character": party.request_object(state="\ud800"),
        "too large": party.request_object(state="s" * 20000),
        "five parts": "a.b.c.d.e",
        "nothing": ".",
        "no ASCII": "é.é.é",
    }


def _signed_by_the_public_key(party: KeyedParty, whole: dict[str, Any]) -> str:
    """The oldest confusion of algorithms: the public key, which everybody has, as the secret of an HMAC."""
    header = {"alg": "HS256", "kid": party.signing_key.kid}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, whole)]
    assert isinstance(party.signing_key, ECKey)
    mac = hmac.digest(party.signing_key.as_pem(private=False), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def test_what_is_no_request_object_of_this_client_now_is_refused(
    browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """COD-021. -ensure-request-object-with-invalid-signature-fails, -ensure-matching-key-in-authorization-request,
    -ensure-request-object-signature-algorithm-is-not-none, -ensure-expired-request-object-fails, -with-bad-aud-fails,
    -par-authorization-request-containing-request_uri, oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported."""
    for name, bad in bad_objects(party, int(time.instant.timestamp())).items():
        posted = browser.post("/authorize", data={**party.request(), "request": bad}) if len(bad) < 8000 else None
        if posted is not None:
            assert party.answer(posted)["error"] == INVALID, name
        told = browser.post("/par", data={"request": bad, **party.assertion()})
        assert (told.status_code, told.get_json()["error"]) == (400, INVALID), name


def test_a_refusal_goes_where_the_object_says_once_it_is_certain_whose_it_is(
    browser: FlaskClient, party: KeyedParty, time: clock.ManualClock
) -> None:
    late = party.request_object(exp=int(time.instant.timestamp()) - 1)
    told = party.answer(by_value(browser, party, late))
    assert (told["error"], told["state"]) == (INVALID, "s-1")
    assert error_page(by_value(browser, party, party.request_object(key=new_key("ES256"))))


def test_it_may_be_a_little_early(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID, time: clock.ManualClock) -> None:
    """-ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted, -with-multiple-aud-succeeds."""
    early = party.request_object(nbf=int(time.instant.timestamp()) + 8, aud=["https://other.test", ISSUER])
    assert "code" in party.answer(by_value(browser, party, early))


@pytest.mark.parametrize("registered", ["EdDSA", "Ed25519", None])
def test_both_names_of_ed25519_mean_the_same_whichever_is_registered(
    browser: FlaskClient, session_id: uuid.UUID, registered: str | None
) -> None:
    """RFC 9864 §2.2, §3.1: the old name is one that older libraries write."""
    party = register_keyed("EdDSA", request_object_signing_alg=registered)
    for alg in ("EdDSA", "Ed25519"):
        told = party.answer(
            browser.get("/authorize", query_string={"client_id": party.client_id, "request": party.request_object(alg=alg)})
        )
        assert "code" in told, told
    supported = browser.get("/.well-known/openid-configuration").get_json()["request_object_signing_alg_values_supported"]
    assert supported == ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]


def test_the_registered_algorithm_is_the_only_one(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_keyed("RS256", request_object_signing_alg="RS256")
    assert "code" in party.answer(by_value(browser, party, party.request_object()))
    told = browser.post("/par", data={"request": party.request_object(alg="PS256"), **party.assertion()})
    assert told.get_json()["error"] == INVALID


def test_an_unsigned_object_counts_for_a_client_registered_for_it_only(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """oidcc-request-uri-unsigned, oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported,
    oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported."""
    party = register_keyed(request_object_signing_alg="none")
    told = party.answer(by_value(browser, party, unsigned(party.request())))
    assert told["state"] == "s-1"
    assert "code" in told
    assert error_page(by_value(browser, party, party.request_object()))


def test_request_and_request_uri_exclude_each_other(browser: FlaskClient, party: KeyedParty) -> None:
    told = party.answer(browser.get("/authorize", query_string={**party.request(), "request": "a", "request_uri": "https://rp.test/o"}))
    assert told["error"] == "invalid_request"


def test_the_object_is_carried_through_the_sign_in(browser: FlaskClient, party: KeyedParty, person_id: uuid.UUID) -> None:
    flow = flow_of(by_value(browser, party, party.request_object(login_hint="vmsinh")))
    assert opened(browser, flow).login_hint == "vmsinh"
    sign_in(browser, person_id)
    assert "code" in party.answer(resume(browser, flow))
    strict = register_keyed(require_signed_request_object=True)
    flow = flow_of(by_value(app_browser := browser.application.test_client(), strict, strict.request_object()))
    sign_in(app_browser, person_id)
    assert "code" in strict.answer(resume(app_browser, flow))
