"""Forward-auth as Traefik asks: the very headers that its middleware writes (v3, pkg/middlewares/auth/forward.go), and its recipe.

No package that the tests could install carries Traefik; docs/integration/traefik-forward-auth.md says how far it was tried.
"""

import re
import uuid
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.guarded_site import ORIGIN, Site, register_site

RECIPE = (Path(__file__).resolve().parents[2] / "docs/integration/traefik-forward-auth.md").read_text()


def as_traefik(browser: FlaskClient, site: Site, path: str, method: str = "GET", **sent: str) -> TestResponse:
    """What Traefik sends with trustForwardHeader: false: the visitor's headers without X-Forwarded-*, then its own; always a GET."""
    found = re.search(r'address: "https://[^/"]+([^"]+)"', RECIPE)
    assert found
    asked = dict(parse_qsl(urlsplit(found[1]).query)) | {"client_id": site.party.client_id}
    scheme, _, host = ORIGIN.partition("://")
    told = {
        "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": scheme, "X-Forwarded-Port": "443", "X-Forwarded-Method": method, "X-Forwarded-Host": host,
        "X-Forwarded-Uri": path, "User-Agent": "Mozilla/5.0", "Accept": "text/html", **sent,
    }  # fmt: skip
    cookies = "; ".join(f"{name}={value}" for name, value in site.cookies.items())
    other = browser.application.test_client(use_cookies=False)
    return other.get(urlsplit(found[1]).path, query_string=asked, headers=told | ({"Cookie": cookies} if cookies else {}))


def test_traefik_is_answered_with_the_way_to_the_sign_in_or_who_it_is(browser: FlaskClient, session_id: uuid.UUID) -> None:
    site = register_site()
    led = as_traefik(browser, site, "/bao-cao?quy=4")
    assert (led.status_code, led.headers["Location"]) == (303, f"{ORIGIN}/hopnhat/sign-in?to=%2Fbao-cao%3Fquy%3D4")
    site.sign_in(browser)
    told = as_traefik(browser, site, "/bao-cao")
    assert told.status_code == 200
    pattern = re.search(r'authResponseHeadersRegex: "([^"]+)"', RECIPE)
    assert pattern
    passed_on = [name for name, _value in told.headers if re.match(pattern[1], name)]
    assert len(passed_on) == 9
    assert as_traefik(browser, site, "/luu", "POST").status_code == 200


def test_traefik_is_told_no_by_a_status_that_it_passes_on(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """It lets 2xx through and passes on everything else."""
    site = register_site(path_rules=("* /kin/** nobody", "GET /mo/** public"))
    assert as_traefik(browser, site, "/luu", "POST").status_code == 401
    assert as_traefik(browser, site, "/mo/a").status_code == 200
    site.sign_in(browser)
    assert as_traefik(browser, site, "/kin/a").status_code == 403
    assert as_traefik(browser, site, "/mo/../kin/a").status_code == 403
    assert as_traefik(browser, register_site("https://khac.example.vn"), "/").status_code == 403


def test_the_path_of_a_sign_in_is_written_as_the_recipe_rewrites_it(browser: FlaskClient) -> None:
    found = re.search(r'regex: "([^"]+)", replacement: "([^"]+)"', RECIPE)
    assert found
    client_id = register_site().party.client_id
    rewritten = re.sub(found[1], found[2].replace("$1", r"\1"), "/hopnhat/sign-in").replace("bao-cao", client_id)
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "baocao.example.vn"}
    assert urlsplit(browser.get(rewritten, query_string={"to": "/"}, headers=sent).headers["Location"]).path == "/authorize"
