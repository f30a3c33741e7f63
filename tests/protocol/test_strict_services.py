"""Strict libraries that nobody here wrote are a portal and the services behind it: tokens bound, read, introspected, exchanged, given back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from clients.registration import change
from idp.app import create_app
from idp.database import in_transaction
from tests.support.bound_party import API, OTHER_API, add_resource
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import ALL_SCOPES, register_party, sign_in
from tests.support.served import served
from tests.support.services import free_port

NODE = Path(sys.executable).parent / "node"
GRANTS = ("client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange")


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """A provider that is really served and gives nonces for DPoP."""
    port = free_port()
    application = create_app(settings_for(database_url, issuer=f"http://127.0.0.1:{port}", dpop_nonce_seconds=60))
    with served(application, port), application.app_context():
        yield application
    close(application)


@pytest.mark.parametrize("library", ["openid-client", "oauth4webapi"])
def test_a_portal_and_its_services_get_along(app: Flask, node_programs: Path, library: str) -> None:
    service = register_party(
        client_id="dossiers", grant_types=GRANTS, redirect_uris=(), scope="", token_exchange_from=("portal",),
        introspection_signed_response_alg="RS256",
    )  # fmt: skip
    add_resource(API, ("people",), form="jwt", client_id="dossiers")
    add_resource(OTHER_API, ("people",), client_id="dossiers")
    in_transaction(lambda c: change(c, "dossiers", actor="cli:test", resources=(OTHER_API,), scope="people"))
    portal = register_party(client_id="portal", scope=f"{ALL_SCOPES} people", resources=(API,))
    browser = app.test_client()
    sign_in(browser, add_person())
    cookie = browser.get_cookie("hopnhat_session")
    assert cookie is not None
    given = {
        "issuer": app.extensions["hopnhat.settings"].issuer, "redirect_uri": portal.redirect_uri, "api": API, "behind": OTHER_API,
        "portal": {"client_id": portal.client_id, "client_secret": portal.secret},
        "service": {"client_id": service.client_id, "client_secret": service.secret}, "cookies": {"hopnhat_session": cookie.value},
    }  # fmt: skip
    program = f"{library}-services.mjs"
    done = subprocess.run([NODE, program, json.dumps(given)], cwd=node_programs, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["told"]["sub"] == told["claims"]["sub"]
    assert told["nonces"] >= 1
