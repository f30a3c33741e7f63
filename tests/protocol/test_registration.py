"""Rules of /register: RFC 7591, RFC 7592, OpenID Connect Registration 1.0."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from clients import initial_access, registry
from clients.models import Client, InitialAccessToken
from idp import clock
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.opaque_tokens import digest
from tests.protocol.test_races import at_once
from tests.support import trail
from tests.support.assertions import JWKS
from tests.support.installation import ISSUER, FreshContextClient, close, settings_for

REDIRECT = "https://rp.test/cb"
WANTED: dict[str, Any] = {"client_name": "Tra cứu hồ sơ", "redirect_uris": [REDIRECT]}


def initial_token(uses: int | None = None, days: float = 1) -> str:
    return in_transaction(lambda c: initial_access.issue(c, note="Sở TTTT", days=days, uses=uses, actor="cli:test"))[1]


def send(browser: FlaskClient, wanted: object, token: str | None = "", path: str = "/register", method: str = "POST") -> TestResponse:
    """A registration request; "" stands for a fresh initial access token."""
    token = initial_token() if token == "" else token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = wanted if isinstance(wanted, bytes | str) else json.dumps(wanted)
    return browser.open(path, method=method, data=body, content_type="application/json", headers=headers)


def registered(browser: FlaskClient, **more: Any) -> dict[str, Any]:
    response = send(browser, {**WANTED, **more})
    assert response.status_code == 201, response.text
    told: dict[str, Any] = response.get_json()
    return told


def refused(response: TestResponse, *errors: str, status: int = 400) -> bool:
    told = response.get_json()
    assert response.status_code == status, response.text
    assert told["error"] in errors, told
    assert told.get("error_description", "").isascii()
    assert response.headers["Cache-Control"] == "no-store"
    return True


def clients_there() -> int:
    return reader().execute(select(func.count()).select_from(table_of(Client))).scalar_one()


def test_a_client_registers_itself(browser: FlaskClient) -> None:
    """`oidcc-server` with dynamic registration."""
    response = send(browser, {**WANTED, "scope": "openid email", "unheard_of": {"x": 1}, "client_name#ja": "x", "policy_uri": None})
    told = response.get_json()
    assert response.status_code == 201
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers
    assert told["client_secret_expires_at"] == 0
    assert told["registration_client_uri"] == f"{ISSUER}/register/{told['client_id']}"
    assert told["redirect_uris"] == [REDIRECT]
    assert (told["scope"], told["token_endpoint_auth_method"], told["response_types"]) == ("openid email", "client_secret_basic", ["code"])
    assert "unheard_of" not in told
    assert "minimum_acr" not in told
    found = registry.find_client(told["client_id"])
    assert found is not None
    assert found.metadata.require_consent
    assert found.require_pkce
    assert found.secrets[0].digest == digest(told["client_secret"])
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert browser.post("/token", data=form, auth=(told["client_id"], told["client_secret"])).get_json()["error"] == "invalid_grant"


def test_it_may_not_say_what_administrators_decide(browser: FlaskClient) -> None:
    ours = {
        "client_id": "admin", "minimum_acr": "urn:hopnhat:aal3", "require_consent": False, "require_pkce": False, "profile": "fapi2",
        "resources": ["https://api.test"], "token_exchange_from": ["x"], "forward_auth_origins": ["https://x.test"], "access_token_format": "jwt",
    }  # fmt: skip
    told = registered(browser, **ours)
    found = registry.find_client(told["client_id"])
    assert found is not None
    assert told["client_id"] != "admin"
    kept = found.metadata
    assert (kept.require_consent, kept.require_pkce, kept.profile, kept.resources) == (True, True, "", ())
    assert not set(ours) - {"client_id"} & set(told)


def test_without_a_token_nobody_registers(browser: FlaskClient) -> None:
    """REG-001."""
    for token in (None, "wrong", "x" * 600, initial_token(days=-1)):
        response = send(browser, WANTED, token)
        assert refused(response, "invalid_token", status=401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    for header in ("Basic eDp5", "Bearer", "Bearer ", "Bearer a b", "bearer é", "Bearer " + "x" * 100_000):
        assert browser.post("/register", json=WANTED, headers={"Authorization": header}).status_code in (400, 401), header[:20]
    assert clients_there() == 0


def test_a_token_registers_as_many_clients_as_it_is_for(browser: FlaskClient, time: clock.ManualClock) -> None:
    token = initial_token(uses=2)
    assert send(browser, {**WANTED, "redirect_uris": ["http://evil.test/"]}, token).status_code == 400  # uses nothing up
    assert [send(browser, WANTED, token).status_code for _ in range(3)] == [201, 201, 401]
    lasting = initial_token(days=1)
    assert send(browser, WANTED, lasting).status_code == 201
    time.advance(days=1)
    assert send(browser, WANTED, lasting).status_code == 401


def test_a_revoked_token_is_dead_and_kept_as_a_digest_only(browser: FlaskClient) -> None:
    token_id, token = in_transaction(lambda c: initial_access.issue(c, note="x", days=1, uses=None, actor="cli:test"))
    row = reader().execute(select(table_of(InitialAccessToken))).one()
    assert row.digest == digest(token)
    assert in_transaction(lambda c: initial_access.revoke(c, token_id, actor="cli:test"))
    assert not in_transaction(lambda c: initial_access.revoke(c, token_id, actor="cli:test"))
    assert send(browser, WANTED, token).status_code == 401
    assert trail.kinds("registration_token.issued", "registration_token.revoked") == [
        "registration_token.issued",
        "registration_token.revoked",
    ]
    assert token not in json.dumps([row.detail for row in trail.events("registration_token.issued")])


def test_of_twenty_at_once_a_token_for_one_registers_one(postgresql_url: str) -> None:
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        token = initial_token(uses=1)
        got = at_once(application, lambda browser, _number: send(browser, WANTED, token).status_code)
        assert clients_there() == 1
    close(application)
    assert sorted(got) == [201] + [401] * 19


def test_the_operator_may_open_or_close_it(database_url: str) -> None:
    for mode, status in (("open", 201), ("off", 403)):
        application = create_app(settings_for(database_url, registration=mode))
        application.test_client_class = FreshContextClient
        with application.app_context():
            browser = application.test_client()
            assert send(browser, WANTED, None).status_code == status
            told = browser.get("/.well-known/openid-configuration").get_json()
            assert ("registration_endpoint" in told) is (mode == "open")
            if mode == "open":
                answers = [send(browser, WANTED, None).status_code for _ in range(40)]
                assert set(answers) == {201, 429}
                assert send(browser, WANTED, initial_token()).status_code == 201
            else:
                assert send(browser, WANTED).status_code == 403
        close(application)


def test_whoever_tries_tokens_is_slowed_down(browser: FlaskClient) -> None:
    answers = [send(browser, WANTED, "wrong").status_code for _ in range(40)]
    assert set(answers) == {401, 429}
    assert send(browser, WANTED).status_code == 201


REDIRECTS: list[Any] = [
    [], None, "https://rp.test/cb", [5], ["http://evil.test/cb"], ["https://rp.test/cb#x"], ["https://rp.test/cb#"], ["javascript:alert(1)"], ["https://*.rp.test/"],
    ["com.example.app:/cb"], ["https://u:p@rp.test/"], ["https://2130706433/"], ["https://0x7f.1/"], ["https://rp.test/" + "x" * 2000], ["data:text/html,x"],
    ["https://rp.test/../x"], ["//rp.test/cb"], ["https:/rp.test/cb"], ["urn:ietf:wg:oauth:2.0:oob"], ["https://rp.test/\u202e"], [""],
    [f"https://rp.test/{n}" for n in range(51)],
]  # fmt: skip


def test_redirect_uris_are_looked_at(browser: FlaskClient) -> None:
    """`oidcc-redirect-uri-regfrag`."""
    for uris in REDIRECTS:
        assert refused(send(browser, {**WANTED, "redirect_uris": uris}), "invalid_redirect_uri", "invalid_client_metadata"), uris
    assert clients_there() == 0
    told = registered(browser, redirect_uris=["https://rp.test/cb?a=b&c=d"])  # `oidcc-redirect-uri-query-OK`
    assert told["redirect_uris"] == ["https://rp.test/cb?a=b&c=d"]


def test_a_native_application_may_use_a_scheme_of_its_own(browser: FlaskClient) -> None:
    native = {"application_type": "native", "token_endpoint_auth_method": "none"}
    told = registered(browser, **native, redirect_uris=["com.example.app:/cb", "http://127.0.0.1/cb", "https://rp.test/app"])
    assert "client_secret" not in told
    for uri in ("javascript:alert(1)", "app:/cb", "http://evil.test/", "com.example.app:///x", "com.example.app:/#x"):
        assert refused(send(browser, {**WANTED, **native, "redirect_uris": [uri]}), "invalid_redirect_uri"), uri


COMBINATIONS: list[dict[str, Any]] = [
    {"response_types": ["token"]}, {"response_types": ["code", "id_token"]}, {"response_types": ["code id_token"]}, {"grant_types": ["implicit"]},
    {"grant_types": ["password"]}, {"grant_types": ["refresh_token"]}, {"grant_types": []}, {"grant_types": ["client_credentials"]},
    {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"]}, {"token_endpoint_auth_method": "magic"},
    {"token_endpoint_auth_method": "private_key_jwt"}, {"token_endpoint_auth_method": "tls_client_auth"}, {"token_endpoint_auth_method": 5},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS, "jwks_uri": "https://rp.test/jwks"}, {"jwks": {"keys": "x"}}, {"jwks": []},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS, "token_endpoint_auth_signing_alg": "HS256"}, {"jwks_uri": "ftp://rp.test/jwks"},
    {"token_endpoint_auth_signing_alg": "none"}, {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
    {"id_token_signed_response_alg": "none"}, {"id_token_signed_response_alg": "HS256"}, {"userinfo_signed_response_alg": "HS256"},
    {"id_token_encrypted_response_alg": "RSA1_5", "jwks": JWKS}, {"id_token_encrypted_response_alg": "RSA-OAEP-256"}, {"userinfo_encrypted_response_enc": "A128GCM"},
    {"id_token_encrypted_response_alg": "RSA-OAEP-256", "id_token_encrypted_response_enc": "A192GCM", "jwks": JWKS}, {"request_object_signing_alg": "HS256"},
    {"require_signed_request_object": True, "request_object_signing_alg": "none", "jwks": JWKS}, {"require_signed_request_object": True},
    {"subject_type": "ephemeral"}, {"subject_type": "pairwise", "redirect_uris": ["https://a.test/", "https://b.test/"]}, {"default_max_age": -1},
    {"default_max_age": "5"}, {"default_max_age": True}, {"default_max_age": 1e9}, {"require_auth_time": "true"}, {"default_acr_values": ["gold"]},
    {"scope": "openid admin"}, {"scope": ["openid"]}, {"application_type": "desktop"}, {"contacts": ["<script>"]}, {"contacts": ["a@b.test"] * 11},
    {"client_name": "x" * 101}, {"client_name": "\u202e"}, {"client_name": 5}, {"client_name": "\ud800"}, {"client_name": "a\u0000b"}, {"software_id": "x" * 256},
    {"frontchannel_logout_uri": "https://other.test/out"}, {"request_uris": ["http://rp.test/ro"]}, {"request_uris": ["https://rp.test/" + "x" * 512]},
    {"post_logout_redirect_uris": ["http://evil.test/"]}, {"initiate_login_uri": "javascript:alert(1)"}, {"logo_uri": "data:image/png;base64,x"},
    {"default_acr_values": "urn:hopnhat:aal1"}, {"tls_client_auth_subject_dn": "CN=x"}, {"software_statement": 5}, {"sector_identifier_uri": "http://rp.test/s"},
]  # fmt: skip


def test_what_does_not_fit_together_is_refused(browser: FlaskClient) -> None:
    for given in COMBINATIONS:
        response = send(browser, json.dumps({**WANTED, **given}))
        assert refused(response, "invalid_client_metadata", "invalid_redirect_uri", "invalid_software_statement"), given
    assert clients_there() == 0


PRIVATE = [
    "http://127.0.0.1/x", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://169.254.169.254/latest", "https://10.0.0.1/x",
    "https://192.168.1.1/x", "https://[::ffff:10.0.0.1]/", "https://0.0.0.0/", "https://2130706433/", "https://0x7f.0.0.1/", "https://127.1/",
    "https://metadata.localhost/", "http://rp.test/x", "file:///etc/passwd", "gopher://rp.test/", "https://rp.test@127.0.0.1/", "//rp.test/x",
]  # fmt: skip
ADDRESSES = [
    "jwks_uri", "logo_uri", "policy_uri", "tos_uri", "client_uri", "initiate_login_uri", "sector_identifier_uri", "backchannel_logout_uri", "request_uris",
]  # fmt: skip


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_in_our_own_network_is_refused(browser: FlaskClient, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """REG-003."""
    for uri in PRIVATE:
        value = [uri] if name == "request_uris" else uri
        assert refused(send(browser, {**WANTED, name: value}), "invalid_client_metadata"), uri


def test_what_it_publishes_is_kept(browser: FlaskClient) -> None:
    """`oidcc-registration-logo-uri`, `oidcc-registration-policy-uri`, `oidcc-registration-tos-uri`."""
    published = {
        name: f"https://rp.test/{name}" for name in ("logo_uri", "policy_uri", "tos_uri", "client_uri", "initiate_login_uri", "jwks_uri")
    }
    assert published.items() <= registered(browser, **published, contacts=["ops@rp.test", "+84 219 3866 123"]).items()


def test_a_name_is_shown_as_it_will_be_seen(browser: FlaskClient) -> None:
    """REG-005."""
    told = registered(browser, client_name="  Cổng\u202e dịch\u200b vụ \u0007công <img src=x onerror=alert(1)> ")
    assert told["client_name"] == "Cổng dịch vụ công <img src=x onerror=alert(1)>"
    assert registered(browser, client_name=None)["client_name"] == "rp.test"


def test_keys_must_be_public_and_strong(browser: FlaskClient) -> None:
    """JOS-003."""
    good = ECKey.generate_key("P-256")
    public = dict(good.as_dict(private=False))
    weak = [
        good.as_dict(private=True), {"kty": "oct", "k": "AAAA"}, {**public, "x": public["y"], "y": public["x"]}, {**public, "x": "AA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "RSA", "n": "x" * 342, "e": "AQ"}, {"kty": "RSA", "n": "x" * 342, "e": "Aw"},
        {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43}, {"kty": "OKP", "crv": "X25519", "x": "A" * 43}, {"kty": "EC"}, {"kty": 5}, 5,
        {**public, "x5c": ["AAAA"]}, {**public, "kid": "k" * 300},
    ]  # fmt: skip
    for jwk in weak:
        response = send(browser, {**WANTED, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public, jwk]}})
        assert refused(response, "invalid_client_metadata"), jwk
    unknown = {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}
    told = registered(browser, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [unknown, {**public, "evil": "x"}]})
    assert told["jwks"] == {"keys": [public]}
    assert "client_secret" not in told


BODIES: list[bytes] = [
    b"", b"null", b"[]", b'"x"', b"{", b"\xff", b'{"redirect_uris":["https://rp.test/"],"redirect_uris":["https://evil.test/"]}',
    b'{"default_max_age":NaN}', b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}", b'{"default_max_age":' + b"9" * 5000 + b"}", b'{"x":1e400}',
]  # fmt: skip


def test_a_body_that_cannot_be_read_one_way_only_is_refused(browser: FlaskClient) -> None:
    """JOS-005."""
    for body in BODIES:
        assert refused(send(browser, body), "invalid_client_metadata"), body[:40]
    token = initial_token()
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        response = browser.post("/register", data=json.dumps(WANTED), content_type=kind, headers={"Authorization": f"Bearer {token}"})
        assert refused(response, "invalid_request")
    assert send(browser, json.dumps({**WANTED, "x": "y" * 70_000})).status_code == 413
    assert browser.get("/register").status_code == 405
    assert "Access-Control-Allow-Origin" not in browser.options("/register", headers={"Origin": "https://evil.test"}).headers


def test_what_is_wrong_is_told_in_characters_that_an_error_may_have(browser: FlaskClient) -> None:
    """RFC 6749 §5.2: no control character, quotation mark or backslash of what was sent comes back."""
    response = send(browser, {"client_name": "x", "redirect_uris": ['é\x04"\\']}, initial_token())
    assert response.status_code == 400
    assert re.fullmatch(r"[ !#-\[\]-~]+", response.get_json()["error_description"])
