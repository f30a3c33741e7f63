"""Whatever a known client says and signs, however senseless, no endpoint breaks over it, and none takes long."""

import ipaddress
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.metadata import ClientMetadata
from clients.metadata_wire import write_metadata
from idp import clock
from idp.app import create_app
from tests.support.bound_party import BoundParty, add_resource, register_bound
from tests.support.guarded_site import ORIGIN, Site, register_site
from tests.support.hostile_input import keys, signed, texts, values, with_changes
from tests.support.installation import ISSUER, Databases, FreshContextClient, close, settings_for
from tests.support.keyed_party import KeyedParty, new_key, register_keyed, sign_text
from tests.support.people import add_person
from tests.support.relying_party import sign_in

EXAMPLES = 40
LONGEST_SECONDS = 1.0  # of processor time
CLIENT_ENDPOINTS = ("/token", "/par", "/introspect", "/revoke", "/device_authorization")
HEADER = ("alg", "typ", "kid", "jwk", "jku", "x5c", "x5u", "x5t", "crit", "b64", "cty", "zip", "enc", "p2c", "nonce")
ASKED = (
    "response_mode", "scope", "prompt", "max_age", "acr_values", "claims", "login_hint", "id_token_hint", "ui_locales", "claims_locales", "display",
    "request", "request_uri", "registration", "resource", "dpop_jkt", "authorization_details", "nonce", "state", "iss", "aud", "exp", "nbf", "iat", "jti",
)  # fmt: skip
PUBLIC_KEY = new_key("RS256").as_dict(private=False)
NO_JSON = (
    "", "[", "[" * 5000, '{"a":' * 900, "NaN", '{"exp": NaN}', '{"exp": Infinity}', '{"a": 1, "a": 2}', '{"exp": ' + "9" * 5000 + "}",
    '{"exp": 1e400}', '{"\\ud800": "\\udfff"}', "\ufeff{}", "{} {}", "null", "0", '"x"', "[]", '{"__proto__": {}}', '{"keys": {"keys": []}}',
)  # fmt: skip
fuzzed = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def installation(postgresql_databases: Databases) -> Iterator[Flask]:
    """On PostgreSQL, which is the stricter one about text; it registers clients for everybody."""
    application = create_app(settings_for(postgresql_databases.fresh(), registration="open"))
    application.config.update(PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)  # what lies behind the token is meant
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


@pytest.fixture(scope="module")
def browser(installation: Flask) -> FlaskClient:
    """Somebody is signed in."""
    opened = installation.test_client()
    sign_in(opened, add_person())
    return opened


@pytest.fixture(scope="module")
def party(installation: Flask) -> KeyedParty:
    """A client with keys that may ask for everything."""
    add_resource()
    everything = ("authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
                  "urn:ietf:params:oauth:grant-type:token-exchange")  # fmt: skip
    return register_keyed(grant_types=everything, resources=("https://api.hagiang.test/dossiers",))


@pytest.fixture(scope="module")
def site(installation: Flask) -> Site:
    """A site that a proxy guards."""
    return register_site()


@pytest.fixture(scope="module")
def bound(installation: Flask) -> BoundParty:
    """A client whose tokens are bound to its key."""
    return register_bound(profile="")


def check(browser: FlaskClient, method: str, path: str, **sent: Any) -> Any:
    """Send a request; the answer is no failure of ours, and took no time to speak of."""
    began = time.thread_time()
    response = browser.open(path, method=method, **sent)
    took = time.thread_time() - began
    assert response.status_code < 500, (method, path, sent)
    assert took < LONGEST_SECONDS, (took, method, path, sent)
    return response


def form(written: dict[str, Any]) -> dict[str, str]:
    """As a form: what is no text is written as JSON."""
    return {_sendable(name): _sendable(value) for name, value in written.items()}


def _sendable(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text.encode("utf-8", "replace").decode()


def somewhere() -> dict[str, str]:
    """Another address each time, or the limits of one address answer instead."""
    return {"REMOTE_ADDR": str(ipaddress.IPv6Address(uuid.uuid4().int))}


def now() -> int:
    return int(clock.now().timestamp())


@fuzzed
@given(data=st.data(), path=st.sampled_from(CLIENT_ENDPOINTS))
def test_client_assertions(browser: FlaskClient, party: KeyedParty, data: st.DataObject, path: str) -> None:
    usual = {
        "iss": party.client_id,
        "sub": party.client_id,
        "aud": ISSUER,
        "jti": uuid.uuid4().hex,
        "iat": now(),
        "nbf": now(),
        "exp": now() + 60,
    }
    claims = data.draw(st.one_of(with_changes(usual), values))
    header = data.draw(with_changes({"kid": party.signing_key.kid, "typ": "JWT"}, HEADER))
    assertion = {**party.assertion(), "client_assertion": signed(party.alg, party.signing_key, claims, header)}
    check(browser, "POST", path, data={**assertion, "token": "x", "grant_type": "client_credentials"})


@fuzzed
@given(data=st.data(), pushed=st.booleans())
def test_request_objects(browser: FlaskClient, party: KeyedParty, data: st.DataObject, pushed: bool) -> None:
    usual = {**party.request(), "iss": party.client_id, "aud": ISSUER, "nbf": now(), "exp": now() + 300}
    claims = data.draw(st.one_of(with_changes(usual, ASKED), values))
    header = data.draw(with_changes({"kid": party.signing_key.kid, "typ": "oauth-authz-req+jwt"}, HEADER))
    sent = {"client_id": party.client_id, "request": signed(party.alg, party.signing_key, claims, header)}
    if pushed:
        check(browser, "POST", "/par", data={**sent, **party.assertion()})
    else:
        check(browser, "GET", "/authorize", query_string={**sent, "response_type": "code", "scope": "openid"})


@fuzzed
@given(data=st.data())
def test_authorization_requests(browser: FlaskClient, party: KeyedParty, data: st.DataObject) -> None:
    asked = form(data.draw(with_changes(party.request(), ASKED)))
    check(browser, "GET", "/authorize", query_string=asked)
    response = check(browser, "POST", "/par", data={**asked, **party.assertion()})
    if response.status_code == 201:
        check(browser, "GET", "/authorize", query_string={"client_id": party.client_id, "request_uri": response.get_json()["request_uri"]})


@fuzzed
@given(data=st.data(), member=st.sampled_from(["id_token", "userinfo"]))
def test_the_claims_parameter(browser: FlaskClient, party: KeyedParty, data: st.DataObject, member: str) -> None:
    wish = data.draw(st.one_of(values, st.dictionaries(st.sampled_from(["acr", "sub", "name", "auth_time", "unit"]), values, max_size=3)))
    check(browser, "GET", "/authorize", query_string=party.request(claims=json.dumps({member: wish}, default=str)))


@fuzzed
@given(data=st.data(), path=st.sampled_from(["/token", "/par", "/userinfo"]))
def test_dpop_proofs(browser: FlaskClient, bound: BoundParty, data: st.DataObject, path: str) -> None:
    method = "GET" if path == "/userinfo" else "POST"
    usual = {"jti": uuid.uuid4().hex, "htm": method, "htu": ISSUER + path, "iat": now(), "ath": "x"}
    claims = data.draw(st.one_of(with_changes(usual, ("nonce", "nbf", "exp")), values))
    jwk = data.draw(st.one_of(st.just(bound.dpop_key.as_dict(private=False)), keys, with_changes(bound.dpop_key.as_dict(private=False))))
    header = data.draw(with_changes({"typ": "dpop+jwt", "jwk": jwk, "kid": None}, HEADER))
    proof = {"DPoP": signed("ES256", bound.dpop_key, claims, header)}
    if path == "/userinfo":
        check(
            browser,
            "GET",
            path,
            headers={**proof, "Authorization": "DPoP " + data.draw(st.sampled_from(["x", "eyJhbGciOiJFUzI1NiJ9.e30.AA"]))},
        )
    else:
        asked = {"grant_type": "client_credentials"} if path == "/token" else bound.request()
        check(browser, "POST", path, data={**asked, **bound.assertion()}, headers=proof)


GRANTS = (
    "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange", "password", "",
)  # fmt: skip
TOKEN_FIELDS = (
    "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource", "audience", "device_code", "subject_token", "subject_token_type",
    "actor_token", "actor_token_type", "requested_token_type", "client_id", "token", "token_type_hint",
)  # fmt: skip


@fuzzed
@given(data=st.data(), path=st.sampled_from(CLIENT_ENDPOINTS), grant=st.sampled_from(GRANTS))
def test_token_requests(browser: FlaskClient, party: KeyedParty, data: st.DataObject, path: str, grant: str) -> None:
    usual = {
        "grant_type": grant,
        **dict.fromkeys(TOKEN_FIELDS[:10], "x"),
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }
    asked = form(data.draw(with_changes(usual, TOKEN_FIELDS)))
    check(browser, "POST", path, data={**asked, "client_id": party.client_id, **party.assertion()})


@fuzzed
@given(data=st.data())
def test_registrations(browser: FlaskClient, data: st.DataObject) -> None:
    names = tuple(write_metadata(ClientMetadata("x", ("https://rp.test/cb",)))) + tuple(ClientMetadata.__dataclass_fields__)
    usual = {"redirect_uris": ["https://rp.test/cb"], "client_name": "Thử"}
    some_key = st.one_of(keys, with_changes(PUBLIC_KEY, ("use", "alg", "key_ops", "x5c")))
    jwks = data.draw(st.one_of(st.just(None), st.lists(some_key, max_size=2).map(lambda found: {"keys": found})))
    wanted = data.draw(with_changes(usual | ({"jwks": jwks} if jwks else {}), (*names, "software_statement")))
    sent = {"data": json.dumps(wanted, default=str), "content_type": "application/json", "environ_base": somewhere()}
    made = check(browser, "POST", "/register", **sent)
    if made.status_code == 201:
        told = made.get_json()
        sent["headers"] = {"Authorization": f"Bearer {told['registration_access_token']}"}
        changed = data.draw(with_changes({**usual, "client_id": told["client_id"]}, names))
        sent["data"] = json.dumps(changed, default=str)
        check(browser, "PUT", f"/register/{told['client_id']}", **sent)
        check(
            browser,
            "GET",
            "/authorize",
            query_string=form({**usual, "client_id": told["client_id"], "response_type": "code", "scope": "openid"}),
        )
        check(browser, "POST", "/token", data={"grant_type": "client_credentials", "client_id": told["client_id"], "client_secret": "x"})


@fuzzed
@given(
    values=st.dictionaries(
        st.sampled_from(["id_token_hint", "post_logout_redirect_uri", "client_id", "state", "ui_locales", "logout_hint"]), texts
    )
)
def test_logout_requests(browser: FlaskClient, values: dict[str, str]) -> None:
    check(browser, "GET", "/end_session", query_string=form(values))
    check(browser, "POST", "/end_session", data=form(values))


@fuzzed
@given(data=st.data())
def test_forward_auth_requests(browser: FlaskClient, site: Site, data: st.DataObject) -> None:
    usual = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": ORIGIN.removeprefix("https://"),
        "X-Forwarded-Uri": "/",
        "Accept": "text/html",
    }
    printable = st.text([chr(code) for code in range(0x20, 0x7F)], max_size=40)
    names = (*usual, "X-Forwarded-Method", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Cookie")
    headers = usual | data.draw(st.dictionaries(st.sampled_from(names), printable, max_size=2))
    asked = form(
        data.draw(st.dictionaries(st.sampled_from(["acr", "max_age", "units", "answer", "to", "state", "code", "iss", "error"]), texts))
    )
    check(browser, "GET", "/forward-auth", query_string={"client_id": site.party.client_id, **asked}, headers=headers)
    for path in ("sign-in", "callback", "sign-out"):
        check(browser, "GET", f"/forward-auth/{site.party.client_id}/{path}", query_string=asked, headers=headers)


@fuzzed
@given(code=texts, fields=st.dictionaries(st.sampled_from(["user_code", "csrf_token", "answer", "device", "cancel"]), texts))
def test_device_pages(browser: FlaskClient, code: str, fields: dict[str, str]) -> None:
    check(browser, "GET", "/device", query_string=form({"user_code": code}))
    check(browser, "POST", "/device", data=form({"user_code": code, **fields}))


@pytest.mark.parametrize("text", NO_JSON, ids=range(len(NO_JSON)))
def test_what_is_no_json_or_too_much_of_it(browser: FlaskClient, party: KeyedParty, text: str) -> None:
    written = sign_text(party.alg, party.signing_key, text)
    assertion = {**party.assertion(), "client_assertion": written}
    for path in CLIENT_ENDPOINTS:
        assert check(browser, "POST", path, data={**assertion, "token": "x", "grant_type": "client_credentials"}).status_code == 401
    check(browser, "GET", "/authorize", query_string={"client_id": party.client_id, "request": written})
    check(browser, "GET", "/authorize", query_string=party.request(claims=text[:1900]))
    check(browser, "POST", "/par", data={**party.request(), **party.assertion()}, headers={"DPoP": written})
    check(browser, "GET", "/end_session", query_string={"id_token_hint": written})
    sent = {"content_type": "application/json", "environ_base": somewhere()}
    for body in (text, json.dumps({"software_statement": written})):
        assert check(browser, "POST", "/register", data=body, **sent).status_code == 400
