"""Rules of how the pages that connect an application stand in a real browser: readable for everybody, and on a narrow screen."""

from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser

from clients import drafts, failed_requests
from clients.entry import RoleRule
from clients.registration import change
from clients.role_rules import give_role
from idp.app import create_app
from idp.database import in_transaction, reader
from idp.roles.models import Role
from idp.sessions import browser_sessions
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.relying_party import register_party
from tests.support.served import served
from tests.support.services import free_port
from tests.support.signed_in import browser_of

ANSWERS = {
    "client_name": "Một cửa điện tử", "owner": "H27.5", "contact_1": "an@hagiang.gov.vn", "contact_2": "binh@hagiang.gov.vn",
    "environment": "production", "kind": "server", "redirect_uris": "https://mot-cua.hagiang.gov.vn/dang-nhap/tra-ve",
}  # fmt: skip


@pytest.fixture
def site(sqlite_databases: Databases) -> Iterator[tuple[str, str, list[str]]]:
    """The address, an administrator's cookie, and the pages."""
    port = free_port()
    app: Flask = create_app(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}"))
    with app.app_context():
        add_unit("Sở Y tế", code="H27.5")
        add_person("binh", "Lý Thị Bình")
        party = register_party(contacts=("an@hagiang.gov.vn",))
        draft = in_transaction(lambda c: drafts.begin(c, actor="person:x"))
        in_transaction(lambda c: drafts.keep(c, draft, ANSWERS))
        held = browser_of(app, Role.IT_ADMIN).get_cookie(browser_sessions.cookie_name())
        assert held is not None
        client = f"/console/clients/{party.client_id}"
        pages = [f"/console/drafts/{draft}/{page}" for page in ("about", "kind", "addresses", "data", "check")]
        app.test_client().get("/authorize", query_string=party.request(redirect_uri="https://rp.test/cb/"))
        failure = failed_requests.latest_of_all(reader(), 1)[0].code
        in_transaction(lambda c: give_role(c, party.client_id, RoleRule("reader", staff_category="cong_chuc"), actor="cli:an"))
        in_transaction(
            lambda c: change(
                c, party.client_id, actor="cli:an", redirect_uris=("https://rp.test/cb", "https://rp.test/rat/dai/" + "x" * 90)
            )
        )
        site = register_party(
            client_id="cu", redirect_uris=("https://cu.test/hopnhat/callback",), forward_auth_origins=("https://cu.test",)
        )
        pages += [
            "/console/failures",
            f"/console/failures?client_id={party.client_id}",
            f"/console/failures/{failure}",
            f"/console/clients/{site.client_id}/setup",
        ]
        pages += [
            "/console/drafts",
            client,
            *(f"{client}/{page}" for page in ("entry", "setup", "add-secret", "preview?person=binh", "roles", "history", "logo")),
        ]
    with served(app, port) as url:
        yield url, held.value, pages
    close(app)


@pytest.mark.parametrize("narrow", [False, True])
def test_the_pages_are_readable_for_everybody_and_fit(chrome: Browser, site: tuple[str, str, list[str]], narrow: bool) -> None:
    url, cookie, pages = site
    with person_at(chrome, narrow=narrow) as page:
        page.context.add_cookies([{"name": "hopnhat_session", "value": cookie, "url": url}])
        for path in pages:
            answer = page.goto(url + path)
            assert answer is not None
            assert answer.status == 200, path
            assert accessibility_faults(page) == []
            assert overflow_pixels(page) == 0, path
