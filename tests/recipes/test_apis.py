"""docs/integration/apis.md, as it stands: an API that takes access tokens, and a program that calls it."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.jwk import ECKey

from tests.support.bound_party import ath
from tests.support.demo import Demo
from tests.support.keyed_party import new_key, sign
from tests.support.recipes import Recipe
from tests.support.services import free_port, running

PYTHON = Path(sys.executable)


@dataclass(frozen=True)
class Api:
    """The API as the document has it, served, and the program that calls it."""

    url: str
    issuer: str
    caller: tuple[str, str]
    folder: Path

    def token(self, headers: dict[str, str] | None = None, **more: str) -> str:
        """A token of the program."""
        form = {"grant_type": "client_credentials", **more}
        answer = requests.post(f"{self.issuer}/token", data=form, auth=self.caller, headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def call(self, method: str, path: str, token: str, scheme: str = "Bearer", **headers: str) -> requests.Response:
        """A request to the API."""
        return requests.request(method, self.url + path, headers={"Authorization": f"{scheme} {token}", **headers}, timeout=10)


@pytest.fixture(scope="module")
def api(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    port, folder = free_port(), tmp_path_factory.mktemp("apis")
    address = f"http://127.0.0.1:{port}"
    recipe = Recipe("apis.md", {"https://kho.example.gov.vn": address})
    made: list[dict[str, Any]] = []
    for start in ('hopnhat client add --name "Kho', "hopnhat resource add", 'hopnhat client add --name "Thống kê'):
        done = demo.hopnhat(*recipe.command(start)[1:])
        assert done.returncode == 0, done.stderr
        made.append(json.loads(done.stdout))
    for name in ("app.py", "caller.py"):
        (folder / name).write_text(recipe.file(name))
    server, _, caller = made
    environment = {
        **os.environ, "ISSUER": demo.issuer, "RESOURCE": f"{address}/", "CLIENT_ID": server["client_id"],
        "CLIENT_SECRET": server["client_secret"],
    }  # fmt: skip
    command = [str(PYTHON.parent / "flask"), "--app", str(folder / "app.py"), "run", "--port", str(port)]
    with running(command, port, folder / "out.log", env=environment):
        yield Api(address, demo.issuer, (caller["client_id"], caller["client_secret"]), folder)


def test_the_program_calls_the_api(api: Api) -> None:
    client_id, secret = api.caller
    environment = {**os.environ, "ISSUER": api.issuer, "RESOURCE": f"{api.url}/", "CLIENT_ID": client_id, "CLIENT_SECRET": secret}
    done = subprocess.run([PYTHON, api.folder / "caller.py"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"of": client_id, "called_by": client_id, "dossiers": []}


def test_the_api_refuses_what_is_not_for_it(api: Api) -> None:
    assert requests.get(f"{api.url}/ho-so", timeout=10).headers["WWW-Authenticate"] == 'Bearer realm="kho", DPoP realm="kho"'
    for wrong in ("x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."):
        assert api.call("GET", "/ho-so", wrong).status_code == 401
    narrow = api.call("POST", "/ho-so/duyet", api.token(scope="ho-so.doc"))
    assert (narrow.status_code, 'error="insufficient_scope"' in narrow.headers["WWW-Authenticate"]) == (403, True)
    weak = api.call("POST", "/ho-so/ky", api.token(scope="ho-so.duyet"))  # nobody proved anything: it is a machine
    assert weak.status_code == 401
    assert 'error="insufficient_user_authentication", acr_values="urn:hopnhat:aal2"' in weak.headers["WWW-Authenticate"]


def test_what_matters_is_asked_about_once_more(api: Api) -> None:
    token = api.token()
    assert api.call("POST", "/ho-so/duyet", token).status_code == 200
    requests.post(f"{api.issuer}/revoke", data={"token": token}, auth=api.caller, timeout=10)
    assert api.call("POST", "/ho-so/duyet", token).status_code == 401
    assert api.call("GET", "/ho-so", token).status_code == 200  # read alone it is good until it expires


def proof(key: ECKey, method: str, url: str, **more: str) -> str:
    claims = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time()), **more}
    return sign("ES256", key, claims, kid=None, typ="dpop+jwt", jwk=key.as_dict(private=False))


def test_a_bound_token_is_worth_nothing_without_its_key(api: Api) -> None:
    key, other = (new_key("ES256") for _ in range(2))
    assert isinstance(key, ECKey)
    assert isinstance(other, ECKey)
    token = api.token({"DPoP": proof(key, "POST", f"{api.issuer}/token")})
    url, hashed = f"{api.url}/ho-so", ath(token)
    shown = proof(key, "GET", url, ath=hashed)
    assert api.call("GET", "/ho-so", token, "DPoP", DPoP=shown).status_code == 200
    for wrong in (shown, "x", proof(other, "GET", url, ath=hashed), proof(key, "POST", url, ath=hashed), proof(key, "GET", url, ath="x")):
        assert api.call("GET", "/ho-so", token, "DPoP", DPoP=wrong).status_code == 401
    assert api.call("GET", "/ho-so", token).status_code == 401
    assert api.call("GET", "/ho-so", api.token(), "DPoP", DPoP=shown).status_code == 401
