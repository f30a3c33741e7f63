"""Rules of request objects: RFC 9101, OpenID Connect Core §6, FAPI 2.0 Message Signing §5.3."""

import base64
import hashlib
import hmac
import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from idp import clock
from idp.app import create_app
from idp.database import forget_connections
from tests.protocol.test_authorize_sign_in import claims, flow_of, opened, resume
from tests.support.installation import ISSUER, FreshContextClient, close, settings_for
from tests.support.keyed_party import KeyedParty, error_page, new_key, parameters_of, register_keyed, sign, sign_text, unsigned
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


# --- message signing -------------------------------------------------------------------------------------------------


def pushed_object(browser: FlaskClient, party: KeyedParty, **more: Any) -> Any:
    return party.push(browser, {"request": party.request_object(**{"response_mode": "jwt", **more})})


def test_message_signing_wants_every_request_signed(browser: FlaskClient, signing: KeyedParty) -> None:
    """-ensure-unsigned-request-at-par-endpoint-fails."""
    assert signing.push(browser).get_json()["error"] == "invalid_request"
    assert pushed_object(browser, signing).status_code == 201


@pytest.mark.parametrize("change", [{"exp": None}, {"nbf": None}, {"aud": None}, {"iss": None}])
def test_message_signing_wants_the_object_to_say_for_whom_and_when(
    browser: FlaskClient, signing: KeyedParty, change: dict[str, Any]
) -> None:
    """-ensure-request-object-without-exp-fails, -without-nbf-fails."""
    assert pushed_object(browser, signing, **change).get_json()["error"] == INVALID


def test_message_signing_bounds_the_life_of_an_object(browser: FlaskClient, signing: KeyedParty, time: clock.ManualClock) -> None:
    """-ensure-request-object-with-exp-over-60-fails, -with-nbf-over-60-fails, -nbf-8-seconds-in-the-future-is-accepted."""
    now = int(time.instant.timestamp())
    assert pushed_object(browser, signing, nbf=now, exp=now + 3601).get_json()["error"] == INVALID
    assert pushed_object(browser, signing, nbf=now - 3601, exp=now - 2).get_json()["error"] == INVALID
    assert pushed_object(browser, signing, nbf=now - 3601, exp=now + 60).get_json()["error"] == INVALID
    assert pushed_object(browser, signing, nbf=now + 8).status_code == 201


def test_signed_requests_with_plain_responses_are_bounded_in_the_same_way(browser: FlaskClient, time: clock.ManualClock) -> None:
    """-ensure-request-object-without-exp-fails, -without-nbf-fails, -with-exp-over-60-fails with plain_response."""
    party = register_keyed("PS256", profile="fapi2", dpop_bound_access_tokens=True, require_signed_request_object=True)
    now = int(time.instant.timestamp())
    for change in ({"exp": None}, {"nbf": None}, {"aud": None}, {"iss": None}, {"nbf": now, "exp": now + 3601}):
        pushed = party.push(browser, {"request": party.request_object(**change)})
        assert pushed.get_json()["error"] == INVALID, change
    assert party.push(browser, {"request": party.request_object()}).status_code == 201


def test_message_signing_takes_no_rs256(browser: FlaskClient, signing: KeyedParty) -> None:
    """-ensure-signed-request-object-with-RS256-fails."""
    assert pushed_object(browser, signing, alg="RS256").get_json()["error"] == INVALID


def test_message_signing_wants_a_signed_response(browser: FlaskClient, signing: KeyedParty, session_id: uuid.UUID) -> None:
    for mode in (None, "query", "form_post"):
        assert pushed_object(browser, signing, response_mode=mode).get_json()["error"] == "invalid_request"
    # What it did wrong without pushing, it is told signed as well.
    told = parameters_of(signing.authorize(browser))
    assert told.keys() == {"response"}


# --- by reference ----------------------------------------------------------------------------------------------------


class Shelf:
    """A web server of the client's, with one thing at each path."""

    def __init__(self) -> None:
        self.things: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.holds: threading.Event | None = None
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shelf.asked.append(self.path)
                if shelf.holds is not None:
                    shelf.holds.wait(10)
                status, body = shelf.things.get(self.path, (404, b""))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", body.decode())
                self.send_header("Content-Type", "application/oauth-authz-req+jwt")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def app(database_url: str, shelf: Shelf) -> Iterator[Flask]:
    """A provider whose operator lets it fetch from the shelf."""
    application = create_app(settings_for(database_url, outbound_allow=frozenset({f"127.0.0.1:{shelf.server.server_port}"})))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def by_reference(browser: FlaskClient, party: KeyedParty, request_uri: str) -> Any:
    return browser.get("/authorize", query_string={**party.request(state=None), "request_uri": request_uri})


def test_an_object_is_fetched_from_a_registered_address(browser: FlaskClient, shelf: Shelf, session_id: uuid.UUID) -> None:
    """oidcc-request-uri-signed-rs256; oidcc-request-uri-unsigned: the fragment is not compared with what is registered."""
    for given in ({"request_object_signing_alg": "RS256"}, {"request_object_signing_alg": "none"}):
        party = register_keyed("RS256", request_uris=(f"{shelf.url}/object#before",), **given)
        inside = unsigned(party.request()) if given["request_object_signing_alg"] == "none" else party.request_object()
        shelf.things["/object"] = (200, inside.encode())
        for address in (f"{shelf.url}/object#before", f"{shelf.url}/object#after", f"{shelf.url}/object"):
            told = party.answer(by_reference(browser, party, address))
            assert told["state"] == "s-1"
            assert "code" in told
    assert len(shelf.asked) == 6


def test_an_address_that_holds_the_digest_of_its_content_is_fetched_once(browser: FlaskClient, shelf: Shelf, session_id: uuid.UUID) -> None:
    """Core §6.2."""
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    text = party.request_object().encode()
    shelf.things["/object"] = (200, text)
    fragment = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
    for _ in range(3):
        assert "code" in party.answer(by_reference(browser, party, f"{shelf.url}/object#{fragment}"))
    assert shelf.asked == ["/object"]


def test_no_other_address_is_fetched(browser: FlaskClient, shelf: Shelf) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    for address in (f"{shelf.url}/object?x", f"{shelf.url}/", "http://169.254.169.254/latest", "file:///etc/passwd", "urn:x", "//[", "\\"):
        assert party.answer(by_reference(browser, party, address))["error"] == "invalid_request_uri"
    assert shelf.asked == []


def test_a_slow_address_holds_up_one_thread_only(app: Flask, shelf: Shelf) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/slow",))
    go = threading.Event()
    shelf.holds = go

    def open_it(_number: int) -> str:
        with app.app_context():
            told = party.answer(by_reference(app.test_client(), party, f"{shelf.url}/slow"))["error"]
            forget_connections()
            return told

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(open_it, number) for number in range(8)]
        done, _waiting = wait(asked, timeout=5, return_when="FIRST_COMPLETED")
        while len(done) < 7:
            done, _waiting = wait(asked, timeout=0.1)
        go.set()
    assert len(shelf.asked) == 1


def test_an_address_that_does_not_serve_rests_a_moment(browser: FlaskClient, shelf: Shelf) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    shelf.things |= {"/object": (302, b"/elsewhere"), "/elsewhere": (200, party.request_object().encode())}
    for fragment in ("", "#1", "#2", "", "#1"):
        assert party.answer(by_reference(browser, party, f"{shelf.url}/object{fragment}"))["error"] == "invalid_request_uri"
    assert shelf.asked == ["/object"]


@pytest.mark.parametrize("body", [b"s" * 20000, "é".encode(), b"", b"not a JWT"])
def test_what_is_found_there_is_read_as_strictly(browser: FlaskClient, shelf: Shelf, body: bytes) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    shelf.things["/object"] = (200, body)
    assert party.answer(by_reference(browser, party, f"{shelf.url}/object"))["error"] in ("invalid_request_uri", INVALID)


# --- signed responses ------------------------------------------------------------------------------------------------


def read_response(browser: FlaskClient, party: KeyedParty, response: Any, alg: str) -> dict[str, Any]:
    told = parameters_of(response)
    assert told.keys() == {"response"}
    token = jwt.decode(told["response"], KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=[alg])
    assert token.claims.pop("aud") == party.client_id
    return token.claims


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_response_may_be_signed(browser: FlaskClient, session_id: uuid.UUID, time: clock.ManualClock, mode: str, alg: str) -> None:
    """JARM §2.1, §2.3."""
    party = register_keyed(authorization_signed_response_alg=alg)
    told = read_response(browser, party, party.authorize(browser, response_mode=mode), alg)
    assert told.pop("exp") == int(time.instant.timestamp()) + 300
    assert told.keys() == {"code", "state", "iss", "session_state"}
    told = read_response(browser, party, party.authorize(browser, response_mode=mode, prompt="bogus"), alg)
    assert told["error"] == "invalid_request"


def test_a_signed_response_may_be_posted(browser: FlaskClient, party: KeyedParty, session_id: uuid.UUID) -> None:
    """JARM §2.3.3."""
    response = party.authorize(browser, response_mode="form_post.jwt")
    assert response.status_code == 200
    assert 'name="response"' in response.text
    assert 'name="code"' not in response.text


def test_a_signed_response_may_be_encrypted(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """JARM §2.2."""
    key = RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"})
    own = new_key("ES256")
    party = register_keyed(
        jwks={"keys": [own.as_dict(private=False), key.as_dict(private=False)]},
        authorization_signed_response_alg="ES256",
        authorization_encrypted_response_alg="RSA-OAEP-256",
        authorization_encrypted_response_enc="A256GCM",
    )
    sealed = parameters_of(party.authorize(browser, response_mode="jwt"))["response"]
    inside = jwe.decrypt_compact(sealed, key, algorithms=["RSA-OAEP-256", "A256GCM"])
    assert inside.headers()["cty"] == "JWT"
    assert inside.plaintext is not None
    token = jwt.decode(inside.plaintext, KeySet.import_key_set(browser.get("/jwks").get_json()), algorithms=["ES256"])
    assert "code" in token.claims


def test_the_profile_s_response_is_signed_as_the_profile_wants(browser: FlaskClient, signing: KeyedParty, session_id: uuid.UUID) -> None:
    """fapi2-message-signing happy flow."""
    reference = pushed_object(browser, signing).get_json()["request_uri"]
    told = read_response(browser, signing, signing.open(browser, reference), "PS256")
    assert "code" in told


def test_a_response_that_cannot_be_encrypted_is_a_page(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """The client has lost its key: there is nobody to tell, and nothing breaks, whatever the answer would be."""
    party = register_keyed(
        jwks=None, jwks_uri="https://keys.rp.test/jwks", authorization_signed_response_alg="ES256",
        authorization_encrypted_response_alg="RSA-OAEP-256", authorization_encrypted_response_enc="A256GCM",
    )  # fmt: skip
    for more in ({}, {"prompt": "bogus"}):
        assert error_page(party.authorize(browser, response_mode="jwt", **more))
