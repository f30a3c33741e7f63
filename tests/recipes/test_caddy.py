"""docs/integration/caddy-forward-auth.md, as it stands: Caddy lets through whom the provider knows, and tells the application who it is."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page

from tests.recipes.test_nginx import HEADERS, Site, certificate, sign_in
from tests.support.demo import Demo
from tests.support.echo_application import echo_application
from tests.support.official import at_step, give_code, press
from tests.support.recipes import Recipe
from tests.support.services import find_program, free_port, running, unprivileged_user

MAIN = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n"  # of this machine, not of the site
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # nobody vouches for its certificate


@pytest.fixture(scope="module")
def site(demo: Demo, folder: Path) -> Iterator[Site]:
    """Caddy as the document configures it, the client registered as it says, on other addresses."""
    port = free_port()
    origin = f"https://127.0.0.1:{port}"
    with echo_application() as application:
        recipe = Recipe(
            "caddy-forward-auth.md",
            {
                "https://login.example.gov.vn": demo.issuer, "https://solieu.example.gov.vn": origin, "so-lieu": f"so-lieu-{port}",
                "127.0.0.1:9000": f"127.0.0.1:{application}", "/etc/caddy/solieu.pem": f"{folder}/baocao.pem",
                "/etc/caddy/solieu.key": f"{folder}/baocao.key",
            },
        )  # fmt: skip
        (folder / "Caddyfile").write_text(MAIN + recipe.file("/etc/caddy/solieu.caddy"))
        certificate(folder, "baocao")
        registered = demo.hopnhat(*recipe.command("hopnhat client add")[1:])
        assert registered.returncode == 0, registered.stderr
        kept = [f"{name}={folder}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
        caddy = [find_program("caddy", "/usr/bin/caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
        command = ["/usr/bin/env", *kept, f"PATH={os.environ['PATH']}", *caddy]
        with running(command, port, folder / "out.log", user=unprivileged_user()):
            yield Site(origin, recipe)


def test_opening_a_page_leads_to_the_sign_in_and_back_and_the_application_is_told_who_it_is(demo: Demo, site: Site, page: Page) -> None:
    told, account = sign_in(site, demo, page, "/bao-cao?quy=4&nam=2026"), demo.account("staff")
    assert (told["method"], told["path"]) == ("GET", "/bao-cao?quy=4&nam=2026")
    assert told["headers"]["X-Hopnhat-Username"] == account.username
    assert unquote(told["headers"]["X-Hopnhat-Name"]) == "Vàng Thị Mai"


def test_what_a_browser_sends_under_our_names_never_reaches_the_application(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.set_extra_http_headers(HEADERS)
    forged = site.told(page)
    assert forged["headers"]["X-Hopnhat-Username"] == demo.account("staff").username
    assert not any(word in json.dumps(forged["all"]) for word in ("admin", "forged"))


def test_a_part_asks_for_two_factors_another_for_people_of_one_unit(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.goto(site.origin + "/duyet/7")
    assert at_step(page) == "/sign-in/factor"
    give_code(page, demo.phone("staff"))
    assert site.shown(page)["headers"]["X-Hopnhat-Acr"] == "urn:hopnhat:aal2"
    refused = page.goto(site.origin + "/so-y-te/")
    assert refused is not None
    assert refused.status == 403


def test_signing_out_of_the_application_signs_out_everywhere_and_what_is_sent_then_is_not_lost_silently(
    demo: Demo, site: Site, page: Page
) -> None:
    sign_in(site, demo, page)
    page.goto(site.origin + "/hopnhat/sign-out")
    page.wait_for_url(site.origin + "/da-dang-xuat")
    assert page.inner_text("body") == "Đã đăng xuất."
    page.set_content(f'<form method="post" action="{site.origin}/luu"><input name="a" value="1"><button>x</button></form>')
    press(page, "button")
    assert "nội dung vừa gửi chưa được nhận" in page.inner_text("main")
    page.goto(site.origin + "/")
    assert at_step(page) == "/sign-in"


def test_nobody_gets_past_caddy_without_a_sign_in(site: Site) -> None:
    lies = ({"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Uri": "/static/"}, {"X-Forwarded-Method": "GET"})
    written = (
        {name: "/static/"} for name in ("X_Forwarded_Uri", "X-Forwarded_Uri", "X_Forwarded-Uri", "x_forwarded_uri", "X_FORWARDED_URI")
    )
    for sent in (HEADERS, {"Cookie": "__Host-hopnhat-site-so-lieu=x"}, {"X_Forwarded_Method": "POST"}, *lies, *written):
        refused = site.without_browser("/a", Accept="text/html", **sent)
        assert refused.status_code == 303
        assert refused.headers["Location"].startswith(site.origin + "/hopnhat/sign-in?to=%2Fa")
    assert site.without_browser("/a", "POST", Accept="application/json").status_code == 401
    told = site.without_browser("/static/x", **HEADERS, **{"X.Hopnhat.Username": "admin"}).json()
    assert told["path"] == "/static/x"
    assert not {"admin", "forged"} & {value for _, value in told["headers"]}


@pytest.mark.parametrize(
    "path", ["//", "/static/../a", "/static/%2e%2e/a", "/%73tatic/../a", "/hopnhat/../a", "/x;/static/", "/hopnhat-check"]
)
def test_no_way_of_writing_a_path_gets_around_the_check(site: Site, path: str) -> None:
    assert site.without_browser(path, Accept="text/html").status_code in (303, 308, 400, 403, 404)
