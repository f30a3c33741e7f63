"""docs/integration/mod-auth-openidc.md, as it stands: Debian's Apache module signs people in, and out when it is told."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.support.demo import Demo
from tests.support.echo_application import echo_application
from tests.support.official import at_step, give_code, give_password, read_notice
from tests.support.proving import prove
from tests.support.recipe_visit import sign_out_at_the_provider, wait_until_out
from tests.support.recipes import Recipe
from tests.support.services import find_program, free_port, running, unprivileged_user
from tests.support.wizard import Connected, open_console

SECRETS = re.compile(r'(?<=(?:Secret|phrase) )".*"')
MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "proxy", "proxy_http", "auth_openidc")
MAIN = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
{modules}
ProxyPass /oidc/ !
ProxyPass / http://127.0.0.1:{application}/
Include {folder}/hopnhat.conf
Include {folder}/hopnhat-parts.conf
"""


@dataclass
class Application:
    """What Apache guards, as its visitors reach it."""

    url: str

    def shown(self, page: Page) -> dict[str, str]:
        """The headers that reached the application, as the browser shows them."""
        assert page.url.startswith(self.url), page.url
        told: dict[str, Any] = json.loads(page.inner_text("body"))
        return {name: value.encode("latin-1").decode() for name, value in told["headers"]}

    def sign_in(self, demo: Demo, page: Page, path: str = "/") -> dict[str, str]:
        """Open a page and sign in; the headers that reached the application."""
        page.goto(self.url + path)
        assert at_step(page) == "/sign-in"
        give_password(page, demo.account("staff"))
        read_notice(page)
        return self.shown(page)


@pytest.fixture(scope="module")
def application(demo: Demo, folder: Path, connecting: Callable[[Recipe], Connected]) -> Iterator[Application]:
    """Apache with the settings that the console shows after what the document says to fill in there, on other addresses."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    replaced = {"https://login.example.gov.vn": demo.issuer, "https://hoso.example.gov.vn": url}
    recipe = Recipe("mod-auth-openidc.md", replaced)
    shown = connecting(recipe).settings("Apache (mod_auth_openidc)")
    assert SECRETS.sub('"…"', shown) == SECRETS.sub('"…"', recipe.file("/etc/apache2/conf-available/hopnhat.conf"))
    (folder / "hopnhat.conf").write_text(shown)
    (folder / "hopnhat-parts.conf").write_text(recipe.file("/etc/apache2/conf-available/hopnhat-parts.conf"))
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    with echo_application() as behind:
        (folder / "apache.conf").write_text(MAIN.format(folder=folder, port=port, modules=modules, application=behind))
        command = [find_program("apache2", "/usr/sbin/apache2"), "-DFOREGROUND", "-f", str(folder / "apache.conf")]
        with running(command, port, folder / "out.log", user=unprivileged_user()):
            yield Application(url)


def test_somebody_signs_in_and_the_application_is_told_who_it_is(demo: Demo, application: Application, page: Page) -> None:
    page.set_extra_http_headers({"OIDC_CLAIM_sub": "forged", "OIDC-CLAIM-name": "forged"})
    told = application.sign_in(demo, page, "/ho-so/7?trang=2")
    assert page.url == application.url + "/ho-so/7?trang=2"
    assert told["OIDC_CLAIM_name"] == "Vàng Thị Mai"
    assert told["OIDC_CLAIM_preferred_username"] == demo.account("staff").username
    assert told["OIDC_CLAIM_acr"] == "urn:hopnhat:aal1"
    assert set(json.loads(told["OIDC_CLAIM_unit"])) == {"code", "name", "level"}
    assert told["OIDC_CLAIM_sub"] != "forged"


def test_a_part_asks_for_two_factors_another_for_staff_of_one_category(demo: Demo, application: Application, page: Page) -> None:
    application.sign_in(demo, page)
    refused = page.goto(application.url + "/hop-dong/")
    assert refused is not None
    assert refused.status in (401, 403)
    page.goto(application.url + "/duyet/7")
    page.wait_for_url("**/sign-in/factor?**")  # the module answers with a page that refreshes itself
    give_code(page, demo.phone("staff"))
    assert application.shown(page)["OIDC_CLAIM_acr"] == "urn:hopnhat:aal2"
    assert page.url == application.url + "/duyet/7"


def test_who_signs_out_elsewhere_is_out_here_within_seconds(demo: Demo, application: Application, page: Page) -> None:
    application.sign_in(demo, page)
    sign_out_at_the_provider(demo, page)
    wait_until_out(page, application.url + "/")


def test_who_leaves_is_out_here_within_seconds(demo: Demo, application: Application, page: Page) -> None:
    """The module keeps sessions by `sid`, and takes a token with `sub` alone for one of nobody."""
    application.sign_in(demo, page)
    username = demo.account("staff").username
    assert demo.hopnhat("people", "suspend", username, "--reason", "other").returncode == 0
    try:
        wait_until_out(page, application.url + "/")
    finally:
        assert demo.hopnhat("people", "restore", username, "--reason", "other").returncode == 0


def test_signing_out_here_signs_out_everywhere_and_comes_back(demo: Demo, application: Application, page: Page) -> None:
    application.sign_in(demo, page)
    after = application.url + "/da-dang-xuat.html"
    page.goto(f"{application.url}/oidc/callback?logout={quote(after, safe='')}")
    assert page.url == after
    page.goto(f"{demo.issuer}/account")
    assert at_step(page) == "/sign-in"


def test_the_connection_is_proven_as_the_guide_says(demo: Demo, application: Application, page: Page, chrome: Browser) -> None:
    console = open_console(demo, chrome, "it_admin")
    console.goto(f"{demo.issuer}/console/clients/ho-so/check")
    after = quote(f"{application.url}/da-dang-xuat.html", safe="")
    prove(console, page, f"{application.url}/oidc/callback?logout={after}")
    page.goto(application.url + "/")
    assert at_step(page) == "/sign-in"
