"""Rules of how the pages of proof stand in a real browser: readable for everybody, and on a narrow screen."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from sqlalchemy import insert, select

from clients.models import Client
from idp import clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.outbox import OutboxMessage
from idp.roles.models import Role
from idp.sessions import browser_sessions
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.checked_application import checked_application
from tests.support.installation import Databases
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, sign_in
from tests.support.signed_in import browser_of

_c, _o = table_of(Client), table_of(OutboxMessage)
Site = tuple[str, str, str, str]


@pytest.fixture(scope="module")
def site(sqlite_databases: Databases) -> Iterator[Site]:
    """The provider's address, an administrator's cookie, the path of a client whose check is open, and a link of its test person."""
    with checked_application(sqlite_databases.fresh()) as checked:
        admin = browser_of(checked.app, Role.IT_ADMIN)
        checked.press(admin)
        window = checked.window(checked.link(admin))
        window.get(f"{checked.home}/", timeout=10)
        party = RelyingParty(checked.client_id, None, reader().execute(select(_c.c.id)).scalar_one(), f"{checked.home}/callback", "none")
        person = checked.app.test_client()
        sign_in(person, add_person("vmsinh"))
        assert party.authorize(person, redirect_uri="https://la.test/").status_code == 400
        assert party.post(person, {"grant_type": "authorization_code", "code": "x"}).status_code == 401
        row = {"id": new_id(), "kind": "logout_token", "payload": {}, "client_id": party.key, "created_at": clock.now(), "attempts": 3}
        late = {"next_attempt_at": clock.now() + timedelta(minutes=5), "last_error": "answered 400"}
        in_transaction(lambda c: c.execute(insert(_o), {**row, **late}))
        held = admin.get_cookie(browser_sessions.cookie_name())
        assert held is not None
        yield checked.url, held.value, f"/console/clients/{checked.client_id}", checked.link(admin)


@pytest.mark.parametrize("narrow", [False, True])
def test_the_pages_are_readable_for_everybody_and_fit(chrome: Browser, site: Site, narrow: bool) -> None:
    url, cookie, client, link = site
    with person_at(chrome, narrow=narrow) as page:
        page.goto(link)
        assert accessibility_faults(page) == []
        assert overflow_pixels(page) == 0
        page.context.add_cookies([{"name": "hopnhat_session", "value": cookie, "url": url}])
        for path in ("", "/check", "/activity", "/token-check"):
            answer = page.goto(url + client + path)
            assert answer is not None
            assert answer.status == 200, path
            assert accessibility_faults(page) == [], path
            assert overflow_pixels(page) == 0, path
        page.fill("#id_token", "eyJhbGciOiJub25lIn0.e30.")
        page.get_by_role("button", name="Xem", exact=True).click()
        assert "không có chữ ký" in page.inner_text("main")
        assert accessibility_faults(page) == []
        assert overflow_pixels(page) == 0
