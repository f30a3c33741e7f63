"""docs/integration/high-security.md, as it stands: openid-client on the profile fapi2."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.serving import make_server

from tests.protocol.conftest import node_programs
from tests.protocol.test_strict_relying_parties import NODE
from tests.support.installation import close, settings_for
from tests.support.keyed_party import new_key
from tests.support.people import add_person
from tests.support.recipes import Recipe
from tests.support.relying_party import sign_in
from tests.support.services import free_port
from wsgi import build, main

__all__ = ["node_programs"]
KEYS_URL = "jwks_uri=https://giamsat.example.gov.vn/jwks.json"
REDIRECT_URI = "https://giamsat.example.gov.vn/callback"
DRIVER = """
import { begin, finish, refresh } from './sign-in.mjs';
import { Browser } from './browser.mjs';
const browser = new Browser(JSON.parse(process.env.COOKIES));
const { url, kept } = await begin();
const { tokens, told } = await finish(await browser.authorize(url), kept);
const fresh = await refresh(tokens.refresh_token);
console.log(JSON.stringify({ told, type: tokens.token_type, parameters: [...url.searchParams.keys()], kept: fresh.refresh_token ?? null }));
"""


@pytest.fixture
def app(sqlite_databases: Any) -> Iterator[Flask]:
    """A provider that is really served."""
    port = free_port()
    with sqlite_databases.lent() as database:
        application = build(settings_for(database, issuer=f"http://127.0.0.1:{port}"))
        server = make_server("127.0.0.1", port, application, threaded=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        with application.app_context():
            yield application
        server.shutdown()
        server.server_close()
        close(application)


def test_somebody_signs_in_with_a_pushed_request_and_bound_tokens(app: Flask, node_programs: Path) -> None:
    key = new_key("ES256", "2026-11")
    published = json.dumps({"keys": [key.as_dict(private=False)]})
    recipe = Recipe("high-security.md", {KEYS_URL: f"'jwks={published}'"})
    _hopnhat, group, name, *arguments = recipe.command("hopnhat client add")
    made = CliRunner().invoke(main.commands[group], [name, *arguments])
    assert made.exit_code == 0, made.output
    browser = app.test_client()
    sign_in(browser, add_person(), "urn:hopnhat:aal2")
    cookie = browser.get_cookie("hopnhat_session")
    assert cookie is not None
    (node_programs / "sign-in.mjs").write_text(recipe.file("sign-in.mjs"))
    (node_programs / "driver.mjs").write_text(DRIVER)
    environment = {
        **os.environ, "ISSUER": app.extensions["hopnhat.settings"].issuer, "CLIENT_ID": "giam-sat", "REDIRECT_URI": REDIRECT_URI,
        "PRIVATE_JWK": json.dumps(key.as_dict(private=True)), "COOKIES": json.dumps({"hopnhat_session": cookie.value}),
    }  # fmt: skip
    done = subprocess.run([NODE, "driver.mjs"], cwd=node_programs, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["told"]["name"] == "Vàng Mí Sính"
    assert told["type"] == "dpop"
    assert sorted(told["parameters"]) == ["client_id", "request_uri"]
