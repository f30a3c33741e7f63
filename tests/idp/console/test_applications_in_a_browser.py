"""Rules of how the pages about one application stand in a real browser: readable for everybody, and on a narrow screen."""

import uuid
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import insert

from clients.draft_models import ClientCard
from clients.registration import change
from idp.database import in_transaction, table_of
from idp.roles.models import Role
from idp.sessions import browser_sessions
from tests.idp.console.test_draft_pages import ABOUT, ADDRESSES, DATA, begin
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.guarded_site import register_site
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_unit
from tests.support.saml_party import Party
from tests.support.served import served
from tests.support.services import free_port
from tests.support.signed_in import browser_of, send_form
from wsgi import build

RULES = ("GET|HEAD /static/** public", "* /duyet/** role:hr_officer acr=aal2 max_age=600")
LONG = "https://he-thong-quan-ly-van-ban-va-dieu-hanh.hagiang.gov.vn/dang-nhap/tra-ve/rat-dai?buoc=1"
Site = tuple[str, str, tuple[str, ...]]


@pytest.fixture(scope="module")
def site(sqlite_databases: Databases) -> Iterator[Site]:
    """The provider's address, an administrator's cookie, and paths: of a guarded site, of one that speaks SAML, of what waits for a
    second person, of the wizard."""
    port = free_port()
    app = build(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}", saml=True))
    with app.app_context():
        add_unit("Sở Y tế", code="H27.5")
        guarded, party = register_site().party, Party().register().registered
        assert party is not None
        in_transaction(lambda c: change(c, guarded.client_id, actor="t", path_rules=RULES, longest_auth_age_seconds=3600))
        card = {"client_id": guarded.key, "environment": "production", "kind": "legacy", "purpose": "", "registered_by": "cli:t"}
        in_transaction(lambda c: c.execute(insert(table_of(ClientCard)), card))
        browser = browser_of(app, Role.IT_ADMIN)
        paths = (*_pages_of(guarded.client_id, party.client_id), _proposal(browser, guarded.client_id), *_draft(browser))
        held = browser.get_cookie(browser_sessions.cookie_name())
        assert held is not None
    with served(app, port) as url:
        yield url, held.value, paths
    close(app)


def _pages_of(guarded: str, speaks_saml: str) -> tuple[str, ...]:
    pages = ("", "/change", "/lifetimes", "/entry", "/paths", "/logo", "/history")
    return (*(f"/console/clients/{guarded}{page}" for page in pages), "/console/saml", f"/console/clients/{speaks_saml}/saml")


def _proposal(browser: FlaskClient, client_id: str) -> str:
    form = {
        "client_name": "Hệ thống quản lý văn bản và điều hành", "backchannel_logout_uri": LONG, "post_logout_redirect_uris": LONG, "scope": ["openid"],
        "require_pkce": "1", "reason": "Chuyển sang máy chủ của trung tâm dữ liệu tỉnh",
    }  # fmt: skip
    return str(send_form(browser, f"/console/clients/{client_id}/change", form).headers["Location"])


def _draft(browser: FlaskClient) -> tuple[str, ...]:
    draft = begin(browser)
    wrong = {**ABOUT, "environment": "production", "contact_2": "hungnd", "client_name": f"Một cửa {uuid.uuid4().hex}"}
    for page, form in (("about", wrong), ("kind", {"kind": "server"}), ("addresses", ADDRESSES), ("data", {**DATA, "lifetimes": "strict"})):
        send_form(browser, f"{draft}/{page}", form)
    return tuple(f"{draft}/{page}" for page in ("about", "kind", "addresses", "data", "check"))


@pytest.mark.parametrize("narrow", [False, True])
def test_the_pages_are_readable_for_everybody_and_fit(chrome: Browser, site: Site, narrow: bool) -> None:
    url, cookie, paths = site
    with person_at(chrome, narrow=narrow) as page:
        page.context.add_cookies([{"name": "hopnhat_session", "value": cookie, "url": url}])
        for path in paths:
            answer = page.goto(url + path)
            assert answer is not None
            assert answer.status == 200, path
            assert accessibility_faults(page) == [], path
            assert overflow_pixels(page) == 0, path
