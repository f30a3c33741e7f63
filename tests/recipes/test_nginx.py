"""docs/integration/nginx-forward-auth.md, as it stands: nginx lets through whom the provider knows, and tells the application who it is."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from playwright.sync_api import Page

from tests.support.demo import Demo
from tests.support.echo_application import echo_application
from tests.support.official import at_step, give_code, give_password, press, read_notice
from tests.support.recipes import Recipe
from tests.support.services import find_program, free_port, running, unprivileged_user, wait_until
from tests.support.wizard import Connected

MAIN = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log info; worker_processes 1;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/bao-cao.conf;
}}
"""
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")  # nobody vouches for its certificate
HEADERS = {
    "X-Hopnhat-Identity": "forged", "X-Hopnhat-Subject": "forged", "X-Hopnhat-Username": "admin", "X-Hopnhat-Roles": "admin",
    "X-Hopnhat-Unit": "forged", "X_Hopnhat_Username": "admin", "X_Hopnhat_Roles": "admin", "x-hopnhat-username": "admin", "X-Hopnhat_Username": "admin",
    "X_Hopnhat-Roles": "admin",
}  # fmt: skip


@dataclass
class Site:
    """The application behind nginx, as its visitors reach it; `unit` is the code of the unit whose part it has."""

    origin: str
    recipe: Recipe

    def told(self, page: Page, path: str = "/") -> dict[str, Any]:
        """Open a page of the application; what reached it."""
        page.goto(self.origin + path)
        return self.shown(page)

    def shown(self, page: Page) -> dict[str, Any]:
        """What reached the application, as the browser shows it."""
        assert page.url.startswith(self.origin), page.url
        told: dict[str, Any] = json.loads(page.inner_text("body"))
        return {**told, "headers": dict(told["headers"]), "all": told["headers"]}

    def without_browser(self, path: str, method: str = "GET", **sent: str) -> requests.Response:
        """A request of a program that is signed in nowhere."""
        return requests.request(method, self.origin + path, headers=sent, verify=False, allow_redirects=False, timeout=10)


def replaced(text: str, here: dict[str, str]) -> str:
    """A file with what differs on this machine."""
    for example, real in here.items():
        text = text.replace(example, real)
    return text


def certificate(folder: Path, name: str) -> None:
    """A certificate that nobody vouches for."""
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
    subprocess.run([*command, *files], check=True, capture_output=True, user=unprivileged_user())


@pytest.fixture(scope="module")
def site(demo: Demo, folder: Path, connecting: Callable[[Recipe], Connected]) -> Iterator[Site]:
    """nginx with the files that the console shows after what the document says to fill in there, on other addresses."""
    port = free_port()
    origin = f"https://127.0.0.1:{port}"
    with echo_application() as application:
        recipe = Recipe("nginx-forward-auth.md", {"https://login.example.gov.vn": demo.issuer, "https://baocao.example.gov.vn": origin})
        shown = connecting(recipe)
        here = {
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl", "127.0.0.1:9000": f"127.0.0.1:{application}",
            "include hopnhat-": f"include {folder}/hopnhat-", "ssl_certificate /etc/nginx/": f"ssl_certificate {folder}/",
            "_key /etc/nginx/": f"_key {folder}/",
        }  # fmt: skip
        for name in ("/etc/nginx/hopnhat-ask.conf", "/etc/nginx/hopnhat-identity.conf", "/etc/nginx/conf.d/bao-cao.conf"):
            text = shown.settings(name)
            assert text == recipe.file(name).replace("baocao.example.gov.vn", "127.0.0.1"), name
            (folder / Path(name).name).write_text(replaced(text, here))
        (folder / "hopnhat-parts").mkdir()
        for name in ("hopnhat-nobody.conf", "hopnhat-parts/bao-cao.conf"):
            (folder / name).write_text(replaced(recipe.file(f"/etc/nginx/{name}"), here))
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
        certificate(folder, "bao-cao")
        command = [
            find_program("nginx", "/usr/sbin/nginx"),
            "-p",
            str(folder),
            "-c",
            str(folder / "nginx.conf"),
            "-e",
            str(folder / "error.log"),
        ]
        with running(command, port, folder / "out.log", user=unprivileged_user()):
            yield Site(origin, recipe)


def sign_in(site: Site, demo: Demo, page: Page, path: str = "/") -> dict[str, Any]:
    """Open a page of the application and sign in; what reached it."""
    page.goto(site.origin + path)
    assert at_step(page) == "/sign-in"
    give_password(page, demo.account("staff"))
    read_notice(page)
    return site.shown(page)


def test_opening_a_page_leads_to_the_sign_in_and_back_to_it_and_the_application_is_told_who_it_is(
    demo: Demo, site: Site, page: Page
) -> None:
    told, account = sign_in(site, demo, page, "/bao-cao?quy=4&nam=2026"), demo.account("staff")
    assert (told["method"], told["path"]) == ("GET", "/bao-cao?quy=4&nam=2026")
    headers = told["headers"]
    assert headers["X-Hopnhat-Username"] == account.username
    assert unquote(headers["X-Hopnhat-Name"]) == "Vàng Thị Mai"
    assert headers["X-Hopnhat-Acr"] == "urn:hopnhat:aal1"
    cookie = next(cookie for cookie in page.context.cookies(site.origin) if cookie["name"].startswith("__Host-hopnhat-site-"))
    assert cookie["secure"]
    assert cookie["httpOnly"]


def test_what_is_signed_is_verified_as_the_document_shows(demo: Demo, site: Site, page: Page) -> None:
    headers = sign_in(site, demo, page)["headers"]
    scope: dict[str, Any] = {}
    exec(site.recipe.file("verify_identity.py"), scope)
    claims = scope["verified"](headers["X-Hopnhat-Identity"], requests.get(f"{demo.issuer}/jwks", timeout=10).json())
    assert claims["sub"] == headers["X-Hopnhat-Subject"]
    assert claims["name"] == "Vàng Thị Mai"


def test_what_a_browser_sends_under_our_names_never_reaches_the_application(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.set_extra_http_headers(HEADERS)
    forged = site.told(page)
    assert forged["headers"]["X-Hopnhat-Username"] == demo.account("staff").username
    assert "admin" not in json.dumps(forged["all"])
    assert "forged" not in json.dumps(forged["all"])


def test_a_form_reaches_the_application_whole(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.set_content(f'<form method="post" action="{site.origin}/luu"><input name="a" value="Báo cáo"><button>x</button></form>')
    press(page, "button")
    assert unquote(site.shown(page)["body"]) == "a=Báo cáo".replace(" ", "+")


def test_a_part_asks_for_two_factors_another_for_people_of_one_unit(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.goto(site.origin + "/duyet/7")
    assert at_step(page) == "/sign-in/factor"
    give_code(page, demo.phone("staff"))
    assert site.shown(page)["headers"]["X-Hopnhat-Acr"] == "urn:hopnhat:aal2"

    refused = page.goto(site.origin + "/so-y-te/")
    assert refused is not None
    assert refused.status == 403
    assert "Không có quyền vào ứng dụng này" in page.inner_text("main")


def test_who_signs_out_is_out_at_the_next_request_and_what_they_send_is_not_lost_silently(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.goto(f"{demo.issuer}/end_session")
    press(page, "#continue")
    page.goto(site.origin + "/static/trang")
    page.set_content(f'<form method="post" action="{site.origin}/luu"><input name="a" value="1"><button>x</button></form>')
    press(page, "button")
    assert "nội dung vừa gửi chưa được nhận" in page.inner_text("main")
    page.goto(site.origin + "/")
    assert at_step(page) == "/sign-in"


def test_signing_out_of_the_application_signs_out_everywhere(demo: Demo, site: Site, page: Page) -> None:
    sign_in(site, demo, page)
    page.goto(site.origin + "/hopnhat/sign-out")
    page.wait_for_url(site.origin + "/da-dang-xuat")  # open to everybody: behind the check it would be a sign-in page
    assert page.inner_text("body") == "Đã đăng xuất."
    page.goto(f"{demo.issuer}/account")
    assert at_step(page) == "/sign-in"


def test_nobody_gets_past_nginx_without_a_sign_in(site: Site) -> None:
    for sent in (
        HEADERS,
        {"Cookie": "__Host-hopnhat-site-bao-cao=x"},
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Uri": "/static/"},
    ):
        refused = site.without_browser("/a", Accept="text/html", **sent)
        assert refused.status_code == 303
        assert refused.headers["Location"].startswith(site.origin + "/hopnhat/sign-in?to=%2Fa")
    posted = site.without_browser("/a", "POST", Accept="application/json")
    assert (posted.status_code, posted.json()["error"]) == (401, "login_required")
    assert site.without_browser("/hopnhat-check").status_code == 404
    assert site.without_browser("/static/x").json()["path"] == "/static/x"
    assert not {"admin", "forged"} & {value for _, value in site.without_browser("/static/x", **HEADERS).json()["headers"]}


@pytest.mark.parametrize(
    "path", ["/static/../duyet/7", "/static/%2e%2e/duyet/7", "//duyet/7", "/duyet%2f7", "/hopnhat/../a", "/hopnhat/..%2fa"]
)
def test_no_way_of_writing_a_path_gets_around_the_check(site: Site, path: str) -> None:
    request = requests.Request("GET", site.origin, headers={"Accept": "text/html"}).prepare()
    request.url = site.origin + path
    with requests.Session() as session:
        answer = session.send(request, verify=False, allow_redirects=False, timeout=10)
    assert answer.status_code in (303, 400, 403, 404), answer.text


def test_rules_by_path_at_the_provider_hold_behind_nginx(demo: Demo, site: Site) -> None:
    """docs/integration/forward-auth-paths.md"""
    rules = ("GET /mo/** public", "* /mo-mot-phan/** nobody")
    for rule in rules:
        assert demo.hopnhat("client", "path", "add", "bao-cao", rule).returncode == 0
    wait_until(lambda: site.without_browser("/mo/a").status_code == 200)  # every process knows within a second
    assert not {"admin", "forged"} & {value for _, value in site.without_browser("/mo/a", **HEADERS).json()["headers"]}
    for path in ("/mo/../a", "/mo/%2e%2e/a", "/mo//a", "/MO/a", "/mo;x/a"):
        request = requests.Request("GET", site.origin, headers={"Accept": "text/html"}).prepare()
        request.url = site.origin + path
        with requests.Session() as session:
            assert session.send(request, verify=False, allow_redirects=False, timeout=10).status_code in (303, 403), path
    for rule in rules:
        assert demo.hopnhat("client", "path", "remove", "bao-cao", rule).returncode == 0
