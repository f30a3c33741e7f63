"""Strict relying parties that nobody here wrote sign somebody in at a served provider: openid-client and oauth4webapi, under Node."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey, RSAKey
from werkzeug.serving import make_server

from clients import initial_access
from clients.registry import find_client
from idp.app import create_app
from idp.database import in_transaction
from idp.oidc.grants.device_code import GRANT_TYPE
from idp.opaque_tokens import digest
from tests.support.assertions import JWKS, KEYS
from tests.support.installation import close, settings_for
from tests.support.keyed_party import register_keyed
from tests.support.people import add_person, add_unit
from tests.support.relying_party import ALL_SCOPES, register_party, sign_in
from tests.support.services import free_port

NODE = Path(sys.executable).parent / "node"
AFTER = "https://rp.test/signed-out"


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """A provider that is really served."""
    port = free_port()
    application = create_app(settings_for(database_url, issuer=f"http://127.0.0.1:{port}", device_poll_seconds=1))
    server = make_server("127.0.0.1", port, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    with application.app_context():
        yield application
    server.shutdown()
    server.server_close()
    close(application)


WAYS = [
    ("client_secret_basic", "RS256", "query"), ("client_secret_post", "ES256", "form_post"), ("none", "RS256", "query"),
    ("client_secret_jwt", "RS256", "query"), *(("private_key_jwt", alg, "query") for alg in KEYS),
]  # fmt: skip


@pytest.mark.parametrize("library", ["openid-client", "oauth4webapi"])
@pytest.mark.parametrize(("auth_method", "alg", "response_mode"), WAYS)
def test_it_signs_somebody_in_refreshes_asks_and_signs_out(
    app: Flask, node_programs: Path, library: str, auth_method: str, alg: str, response_mode: str
) -> None:
    jwks = JWKS if auth_method == "private_key_jwt" else None
    party = register_party(
        token_endpoint_auth_method=auth_method, id_token_signed_response_alg=alg, post_logout_redirect_uris=(AFTER,), jwks=jwks
    )  # fmt: skip
    browser = app.test_client()
    session_id = sign_in(browser, add_person(unit_id=add_unit()))
    cookie = browser.get_cookie("hopnhat_session")
    assert cookie is not None
    given = {
        "issuer": app.extensions["hopnhat.settings"].issuer, "client_id": party.client_id, "client_secret": party.secret,
        "auth_method": auth_method, "alg": alg, "response_mode": response_mode, "redirect_uri": party.redirect_uri, "scope": ALL_SCOPES,
        "post_logout_redirect_uri": AFTER, "cookies": {"hopnhat_session": cookie.value},
        "signing": {"alg": alg, "jwk": KEYS[alg].as_dict(private=True)},
    }  # fmt: skip
    done = subprocess.run([NODE, f"{library}.mjs", json.dumps(given)], cwd=node_programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["claims"]["sid"] == str(session_id)
    assert told["told"]["name"] == "Vàng Mí Sính"
    assert told["told"]["unit"]["name"] == "UBND xã Lũng Cú"
    assert set(told["scope"].split()) == set(ALL_SCOPES.split())


@pytest.mark.parametrize("profile", ["fapi2", "fapi2_message_signing"])
def test_it_signs_somebody_in_by_the_rules_of_a_profile(app: Flask, node_programs: Path, profile: str) -> None:
    """fapi2-security-profile-final-happy-flow and that of Message Signing, as openid-client understands them."""
    party = register_keyed(profile=profile, dpop_bound_access_tokens=True, authorization_signed_response_alg="ES256")
    browser = app.test_client()
    sign_in(browser, add_person(unit_id=add_unit()))
    cookie = browser.get_cookie("hopnhat_session")
    assert cookie is not None
    given = {
        "issuer": app.extensions["hopnhat.settings"].issuer, "client_id": party.client_id, "jwk": party.signing_key.as_dict(private=True),
        "redirect_uri": party.redirect_uri, "scope": ALL_SCOPES, "message_signing": profile == "fapi2_message_signing",
        "cookies": {"hopnhat_session": cookie.value},
    }  # fmt: skip
    done = subprocess.run([NODE, "high-security.mjs", json.dumps(given)], cwd=node_programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["told"]["name"] == "Vàng Mí Sính"
    assert set(told["scope"].split()) == set(ALL_SCOPES.split())


ENCRYPTED = [("RSA-OAEP-256", "A256GCM", "PS256"), ("ECDH-ES", "A128CBC-HS256", "EdDSA"), ("ECDH-ES+A256KW", "A256CBC-HS512", "ES256")]


@pytest.mark.parametrize(("encryption_alg", "enc", "alg"), ENCRYPTED)
def test_it_reads_what_is_encrypted_to_it(app: Flask, node_programs: Path, encryption_alg: str, enc: str, alg: str) -> None:
    """Encrypted and signed ID tokens and userinfo (OpenID Connect Core §5.3.2, §10.2), as openid-client understands them."""
    options: Any = {"kid": "e", "use": "enc"}
    key = RSAKey.generate_key(2048, options) if encryption_alg.startswith("RSA") else ECKey.generate_key("P-256", options)
    wanted = {
        f"{kind}_encrypted_response_{part}": value
        for kind in ("id_token", "userinfo")
        for part, value in (("alg", encryption_alg), ("enc", enc))
    }
    party = register_party(
        jwks={"keys": [key.as_dict(private=False)]}, id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg, **wanted
    )  # fmt: skip
    given: dict[str, Any] = {"client_id": party.client_id, "client_secret": party.secret, "alg": alg, "redirect_uri": party.redirect_uri}
    given |= {"encryption_alg": encryption_alg, "enc": enc, "jwk": key.as_dict(private=True), "scope": "openid profile"}
    told = _run(app, node_programs, "decrypting.mjs", given)
    assert told["told"]["name"] == "Vàng Mí Sính"
    assert told["claims"]["aud"] == party.client_id


def test_a_device_gets_its_person_signed_in_elsewhere(app: Flask, node_programs: Path) -> None:
    """RFC 8628 as openid-client understands it."""
    grants = ("authorization_code", "refresh_token", GRANT_TYPE)
    party = register_party(token_endpoint_auth_method="none", grant_types=grants)
    told = _run(app, node_programs, "device.mjs", {"client_id": party.client_id, "alg": "RS256", "scope": "openid profile offline_access"})
    assert told["told"]["name"] == "Vàng Mí Sính"
    assert told["claims"]["aud"] == party.client_id


def _run(app: Flask, node_programs: Path, program: str, given: dict[str, Any]) -> dict[str, Any]:
    """What a program of them learned with somebody signed in to its browser."""
    browser = app.test_client()
    sign_in(browser, add_person(unit_id=add_unit()))
    cookie = browser.get_cookie("hopnhat_session")
    assert cookie is not None
    given = {**given, "issuer": app.extensions["hopnhat.settings"].issuer, "cookies": {"hopnhat_session": cookie.value}}
    done = subprocess.run([NODE, program, json.dumps(given)], cwd=node_programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_both_register_themselves(app: Flask, node_programs: Path) -> None:
    """`oidcc-server` of the dynamic plan, as strict clients read the answer."""
    token = in_transaction(lambda c: initial_access.issue(c, note="x", days=1, uses=2, actor="cli:test"))[1]
    metadata = {"client_name": "Tự đăng ký", "redirect_uris": ["https://rp.test/cb"], "jwks": JWKS, "contacts": ["ops@rp.test"]}
    given = {"issuer": app.extensions["hopnhat.settings"].issuer, "metadata": metadata, "token": token}
    done = subprocess.run([NODE, "registration.mjs", json.dumps(given)], cwd=node_programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    for one in told.values():
        found = find_client(one["client_id"])
        assert found is not None
        assert found.secrets[0].digest == digest(one["client_secret"])
        assert one["client_name"] == "Tự đăng ký"
