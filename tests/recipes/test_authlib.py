"""docs/integration/authlib.md, as it stands: a Flask application on Authlib."""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.official import at_step, give_code
from tests.support.recipe_visit import sign_in, sign_out_at_the_provider, wait_until_out
from tests.support.recipes import Recipe
from tests.support.services import free_port, running


@pytest.fixture(scope="module")
def url(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The application as the document has it, served."""
    port, folder = free_port(), tmp_path_factory.mktemp("authlib")
    address = f"http://127.0.0.1:{port}"
    recipe = Recipe("authlib.md", {"https://lich.example.gov.vn": address})
    registered = demo.hopnhat(*recipe.command("hopnhat client add")[1:])
    assert registered.returncode == 0, registered.stderr
    made = json.loads(registered.stdout)
    (folder / "app.py").write_text(recipe.file("app.py"))
    environment = {
        **os.environ, "ISSUER": demo.issuer, "CLIENT_ID": made["client_id"], "CLIENT_SECRET": made["client_secret"],
        "SESSION_KEY": secrets.token_hex(16),
    }  # fmt: skip
    command = [str(Path(sys.executable).parent / "flask"), "--app", str(folder / "app.py"), "run", "--port", str(port)]
    with running(command, port, folder / "out.log", env=environment):
        yield address


def test_somebody_signs_in_proves_a_second_factor_and_signs_out(demo: Demo, url: str, page: Page) -> None:
    assert sign_in(demo, page, f"{url}/").startswith("Vàng Thị Mai – ")
    page.goto(f"{url}/duyet")
    assert at_step(page) == "/sign-in/factor"
    give_code(page, demo.phone("staff"))
    assert page.inner_text("body") == "duyệt: urn:hopnhat:aal2"
    page.goto(f"{url}/sign-out")
    assert at_step(page) == "/sign-in"


def test_who_signs_out_elsewhere_is_out_here_within_seconds(demo: Demo, url: str, page: Page) -> None:
    sign_in(demo, page, f"{url}/")
    sign_out_at_the_provider(demo, page)
    wait_until_out(page, f"{url}/")


def test_an_answer_that_is_not_the_providers_is_refused(url: str) -> None:
    assert requests.get(f"{url}/callback?code=x&state=y&iss=https://evil.example", timeout=10).status_code == 400
    assert requests.post(f"{url}/backchannel-logout", data={"logout_token": "eyJhbGciOiJub25lIn0.e30."}, timeout=10).status_code == 400
