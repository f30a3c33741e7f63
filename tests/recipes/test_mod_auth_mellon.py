"""docs/integration/saml-mod-auth-mellon.md, as it stands: Debian's SAML module signs people in and out, in both directions."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.echo_application import echo_application
from tests.support.official import at_step
from tests.support.recipe_visit import sign_in, sign_out_at_the_provider
from tests.support.recipes import Recipe
from tests.support.services import find_program, free_port, running, unprivileged_user

MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "setenvif", "headers", "proxy", "proxy_http", "auth_mellon")
MAIN = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
Mutex pthread
ErrorLog {folder}/error.log
{modules}
# Browsers keep no cookie with SameSite=None that is not secure, and loopback has no TLS.
SetEnvIf Request_URI "." MELLON_DISABLE_SAMESITE=1
MellonLockFile "{folder}/mellon.lock"
ProxyPass /mellon/ !
ProxyPass / http://127.0.0.1:{application}/
Include {folder}/hopnhat-saml.conf
"""


@pytest.fixture(scope="module")
def application(demo: Demo, folder: Path) -> Iterator[str]:
    """Apache as the document configures it, registered by the metadata that its own tool wrote; its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # Loopback has no TLS, and browsers keep no secure cookie of it.
    replaced = {
        "https://login.example.gov.vn": demo.issuer, "https://hoso.example.gov.vn": url, "/etc/apache2/saml": str(folder),
        "MellonSecureCookie On": "MellonSecureCookie Off",
    }  # fmt: skip
    recipe = Recipe("saml-mod-auth-mellon.md", replaced)
    subprocess.run(recipe.command("mellon_create_metadata"), cwd=folder, check=True, capture_output=True)
    for ending in ("key", "cert", "xml"):
        (written,) = folder.glob(f"http*.{ending}")
        written.rename(folder / f"ho-so.{ending}")
        account = unprivileged_user()
        if account:
            shutil.chown(folder / f"ho-so.{ending}", account)
    command = [str(folder / part) if part == "ho-so.xml" else part for part in recipe.command("hopnhat saml add")[1:]]
    registered = demo.hopnhat(*command)
    assert registered.returncode == 0, registered.stderr
    (folder / "idp.xml").write_bytes(requests.get(f"{demo.issuer}/saml/metadata", timeout=10).content)
    (folder / "hopnhat-saml.conf").write_text(recipe.file("/etc/apache2/conf-available/hopnhat-saml.conf"))
    modules = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES)
    with echo_application() as behind:
        (folder / "apache.conf").write_text(MAIN.format(folder=folder, port=port, modules=modules, application=behind))
        apache = [find_program("apache2", "/usr/sbin/apache2"), "-DFOREGROUND", "-f", str(folder / "apache.conf")]
        with running(apache, port, folder / "out.log", user=unprivileged_user()):
            yield url


def told(text: str) -> dict[str, str]:
    shown: dict[str, Any] = json.loads(text)
    return dict(shown["headers"])


def test_somebody_signs_in_and_comes_back_to_the_page_and_the_application_knows_who(demo: Demo, application: str, page: Page) -> None:
    page.set_extra_http_headers({"X-Remote-User": "forged"})
    headers = told(sign_in(demo, page, application + "/ho-so/7?trang=2"))
    assert headers["X-Mail"].startswith(demo.account("staff").username)
    assert headers["X-Remote-User"] not in ("", "forged", "(null)")
    assert headers["X-Staff-Code"] != "(null)"


def test_signing_out_here_signs_out_everywhere_and_comes_back(demo: Demo, application: str, page: Page) -> None:
    sign_in(demo, page, application + "/")
    page.goto(f"{application}/mellon/logout?ReturnTo={quote(application + '/da-dang-xuat', safe='')}")
    assert page.url == application + "/da-dang-xuat"
    for url in (f"{demo.issuer}/account", application + "/"):
        page.goto(url)
        assert at_step(page) == "/sign-in", url


def test_signing_out_at_the_provider_ends_the_session_here(demo: Demo, application: str, page: Page) -> None:
    sign_in(demo, page, application + "/")
    sign_out_at_the_provider(demo, page)
    page.wait_for_selector("text=đã xác nhận")
    assert page.url.startswith(f"{demo.issuer}/saml/slo")
    page.goto(application + "/")
    assert at_step(page) == "/sign-in"
