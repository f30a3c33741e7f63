"""Rules of how the pages of the desk, of posts and of reviews stand in a real browser: for everybody, and on a narrow screen."""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import Connection
from werkzeug.serving import make_server

from directory_sync import desk
from directory_sync.desk import Officer, Word
from directory_sync.desk_models import CaseKind, Choice
from directory_sync.lifecycle import idle, planned, reviews
from directory_sync.lifecycle.planned import Plan
from idp import clock
from idp.database import in_transaction, reader
from idp.people import appointments
from idp.people.appointments import Post
from idp.people.career_models import PlannedKind, PostKind
from idp.roles.models import Role
from idp.sessions import browser_sessions
from tests.directory_sync.test_desk_pages import add_case, add_gone
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.services import free_port
from tests.support.signed_in import add_official, sign_in
from wsgi import build

PICTURES = os.environ.get("HOPNHAT_TEST_PICTURES")  # where to leave pictures of the pages for somebody to look at


@dataclass(frozen=True)
class Site:
    """A served application with something on every page, and an officer's cookie."""

    url: str
    cookie: tuple[str, str]
    pages: tuple[str, ...]


@pytest.fixture(scope="module")
def site(sqlite_databases: Databases) -> Iterator[Site]:
    """The whole application, served."""
    port = free_port()
    app = build(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}"))
    with app.app_context():
        pages, cookie = _fill(app)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Site(f"http://127.0.0.1:{port}", cookie, pages)
    server.shutdown()
    thread.join()
    close(app)


def _fill(app: Flask) -> tuple[tuple[str, ...], tuple[str, str]]:
    unit_id = add_unit("UBND xã Lũng Cú, Đồng Văn")
    person_id = add_person(
        "a", "Nguyễn Thị Thu Hiền", unit_id=unit_id, title="Phó Chủ tịch UBND xã", last_signed_in_at=clock.now().replace(year=2020)
    )
    officer = add_official(Role.HR_OFFICER, unit_id=unit_id)
    case_id = add_case(unit_id, add_gone(unit_id), add_gone(unit_id, "cu2"), value="HG000102")
    shared = add_case(unit_id, person_id, kind=CaseKind.SHARED_MAIL, value="vanthu@hagiang.gov.vn", entry_key=None)
    post = Post(unit_id, "Ủy viên Ban Quản lý Công viên địa chất", PostKind.SECONDMENT, date(2026, 1, 1), None, "12/QĐ-UBND")

    def fill(connection: Connection) -> None:
        desk.decide(connection, shared, Word(Choice.FINE, "hộp thư dùng chung", None, "value"), Officer("cli:test"))
        appointments.add(connection, person_id, post, actor="cli:test")
        planned.plan(connection, person_id, Plan(PlannedKind.ABSENCE, date(2027, 1, 1), "13/QĐ", date(2027, 6, 30)), actor="cli:test")
        planned.plan(connection, person_id, Plan(PlannedKind.RETURN, date(2026, 1, 1), "14/QĐ"), actor="cli:test")
        idle.warn_idle(connection)
        reviews.open_campaign(connection, "2026-2", date(2030, 12, 31), actor="cli:test")

    in_transaction(fill)
    campaign = reviews.campaigns(reader(), None)[0]
    sheet = reviews.sheets_of(reader(), campaign.id, None)[0].id
    pages = (
        "/console/desk", f"/console/desk/{case_id}", f"/console/desk/{shared}", "/console/desk/rules", "/console/desk/waiting", "/console/idle",
        f"/console/people/{person_id}/service", "/console/reviews", f"/console/reviews/{campaign.id}", f"/console/reviews/sheets/{sheet}",
        f"/console/reviews/sheets/{sheet}/minutes",
    )  # fmt: skip
    cookie = sign_in(app, officer).get_cookie(browser_sessions.cookie_name())
    assert cookie
    return pages, (cookie.key, cookie.value)


@pytest.mark.parametrize("narrow", [False, True])
def test_every_page_is_for_everybody_and_fits_a_narrow_screen(chrome: Browser, site: Site, narrow: bool) -> None:
    faults = []
    with person_at(chrome, narrow=narrow) as page:
        page.context.add_cookies([{"name": site.cookie[0], "value": site.cookie[1], "url": site.url}])
        for number, path in enumerate(site.pages):
            answer = page.goto(site.url + path)
            assert answer is not None
            assert answer.status == 200, path
            if PICTURES:
                page.screenshot(path=str(Path(PICTURES) / f"{'narrow' if narrow else 'wide'}-{number:02}.png"), full_page=True)
            faults += accessibility_faults(page)
            faults += [f"{path}: {overflow_pixels(page)} px too wide"] if overflow_pixels(page) else []
    assert faults == []
