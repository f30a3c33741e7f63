"""Rules of how pages stand in a real browser: light, readable for everybody, narrow, in both languages, without JavaScript."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import insert
from werkzeug.serving import make_server

from clients.metadata import ClientMetadata
from clients.registration import register
from directory_sync.models import RunState, SyncChange, SyncRun
from directory_sync.sheets import imports
from idp import audit, clock
from idp.database import in_transaction, new_id
from idp.enrollment.snapshots import take_snapshot
from idp.people.models import Level
from idp.roles.models import Role
from idp.sessions import browser_sessions
from tests.support.assertions import JWKS
from tests.support.browser import accessibility_faults, compressed_bytes, overflow_pixels, person_at, watched_requests
from tests.support.enrolled_people import add_person_on
from tests.support.installation import Databases, close, settings_for
from tests.support.people import add_unit
from tests.support.services import free_port
from tests.support.sheets import sheet
from tests.support.signed_in import add_official, sign_in
from wsgi import build

LARGEST_SIGN_IN_PAGE = 14 * 1024  # bytes compressed: what arrives in the first round trip
AIM = 5 * 1024
LARGEST_CONSOLE_PAGE = 60 * 1024
NARROWEST = 320


@dataclass(frozen=True)
class Site:
    """A served application with something on every page, and an administrator's cookie."""

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
    province = add_unit("Tỉnh Hà Giang", level=Level.PROVINCE.value)
    units = [add_unit(f"UBND xã số {number}", parent_id=province, code=f"H22.{number}") for number in range(4)]
    for number, rung in enumerate(("B0", "B1", "B2", "B4", "B5", "B5", "B1", "B0")):
        person_id = add_person_on(rung, name=f"Nguyễn Thị Thu Hiền {number}", unit_id=units[number % 4], title="Phó Chủ tịch UBND xã")
    uri = "https://quan-ly-van-ban.hagiang.gov.vn/dang-nhap/tra-ve"
    wanted = ClientMetadata("Quản lý văn bản và điều hành", (uri,), backchannel_logout_uri=uri, client_id="van-ban")
    in_transaction(lambda connection: register(connection, wanted, actor="cli:test"))
    everything = ClientMetadata(
        "Kho dữ liệu dùng chung của tỉnh", (uri,), client_id="kho", token_endpoint_auth_method="private_key_jwt", jwks=JWKS, profile="fapi2",
        policy_uri=uri, tos_uri=uri, initiate_login_uri=uri, frontchannel_logout_uri=uri, subject_type="pairwise", require_consent=True,
        contacts=("quan-tri@hagiang.gov.vn",), access_token_format="jwt", default_max_age=600,
    )  # fmt: skip
    in_transaction(lambda connection: register(connection, everything, actor="cli:test"))
    _add_run(person_id)
    in_transaction(lambda connection: take_snapshot(connection, actor="cli:test"))
    administrator = add_official(Role.IT_ADMIN)
    with app.app_context():
        value = sign_in(app, administrator).get_cookie(browser_sessions.cookie_name())
    in_transaction(audit.link_events)
    assert value
    wrong = sheet(("HG-1", "Nguyễn Thị Ngọc Ánh 2", "Z99"), ("HG-1", "Lê Văn B", "H22.1", "", "nghỉ hưu", "31/02/2027", "1/QĐ"))
    draft = in_transaction(
        lambda c: imports.take(c, "spreadsheet:noi-vu", "nhân sự.csv", wrong, is_whole=False, actor=f"person:{administrator}")
    )
    pages = (
        "/console", "/console/enrollment", f"/console/enrollment?unit={units[0]}", "/console/people", "/console/people?q=khong+co",
        f"/console/people/{person_id}", f"/console/people/{person_id}/suspend", "/console/clients", "/console/clients/van-ban",
        "/console/register-client", "/console/clients/van-ban/secret", "/console/clients/kho", "/console/clients/kho/change", "/console/sync", "/console/sync/1", "/console/audit", "/nowhere",
        "/console/sync/import", f"/console/sync/import/{draft}/columns", f"/console/sync/import/{draft}/check", "/console/sources",
    )  # fmt: skip
    return pages, (browser_sessions.cookie_name(), value.value)


def _add_run(person_id: uuid.UUID) -> None:
    run_id, now = new_id(), clock.now()
    flaw = {"kind": "no_mail", "name": "Nguyễn Thị Thu Hiền", "entry": "uid=hien,ou=Phòng Tổ chức - Cán bộ,dc=hagiang", "unit": "Sở Nội vụ"}
    run = {
        "id": run_id, "number": 1, "source": "ldap", "started_by": "system:sync", "started_at": now, "finished_at": now,
        "state": RunState.APPLIED, "flaws": [flaw],
    }  # fmt: skip
    change = {
        "id": new_id(), "run_id": run_id, "kind": "moved", "person_id": person_id, "name": "Nguyễn Thị Thu Hiền", "before": {"title": "Cũ"},
        "after": {"title": "Mới"},
    }  # fmt: skip
    in_transaction(lambda connection: (connection.execute(insert(SyncRun), run), connection.execute(insert(SyncChange), change)))


def _let_in(page: Page, site: Site) -> None:
    page.context.add_cookies([{"name": site.cookie[0], "value": site.cookie[1], "url": site.url}])


@pytest.mark.parametrize(("language", "narrow"), [("vi", False), ("vi", True), ("en", True)])
def test_every_page_is_accessible_and_is_never_scrolled_sideways(site: Site, chrome: Browser, language: str, narrow: bool) -> None:
    with person_at(chrome, language=language, narrow=narrow) as page:
        _let_in(page, site)
        if narrow:
            page.set_viewport_size({"width": NARROWEST, "height": 640})
        for path in site.pages:
            page.goto(site.url + path)
            assert page.get_attribute("html", "lang") == language, path
            assert accessibility_faults(page) == []
            assert overflow_pixels(page) == 0, path


def test_a_page_of_the_console_is_two_requests_and_light_also_without_javascript(site: Site, chrome: Browser) -> None:
    for path in site.pages:
        with person_at(chrome, javascript=False) as page:
            _let_in(page, site)
            with watched_requests(page) as answers:
                page.goto(site.url + path)
            assert len(answers) <= 2, [answer.url for answer in answers]
            assert sum(map(compressed_bytes, answers)) <= LARGEST_CONSOLE_PAGE, path


@pytest.mark.parametrize("path", ["/sign-in", "/console", "/nowhere"])
def test_a_page_before_the_sign_in_is_one_request_that_arrives_in_the_first_round_trip(site: Site, chrome: Browser, path: str) -> None:
    with person_at(chrome, javascript=False) as page:
        with watched_requests(page) as answers:
            page.goto(site.url + path)
        shown = [answer for answer in answers if answer.status not in (302, 303)]
        assert len(shown) == 1, [answer.url for answer in answers]
        assert compressed_bytes(shown[0]) <= AIM < LARGEST_SIGN_IN_PAGE


def test_the_menu_and_every_control_is_large_enough_for_a_finger(site: Site, chrome: Browser) -> None:
    with person_at(chrome, narrow=True) as page:
        _let_in(page, site)
        for path in ("/console/people#places", "/console/register-client#places"):
            page.goto(site.url + path)  # with its menu opened
            heights = page.eval_on_selector_all(
                "nav.places a, .button, input:not([type=hidden]):not([type=checkbox]), select, textarea",
                "found => found.map(one => [one.textContent || one.name, one.getBoundingClientRect().height])",
            )
            assert [one for one in heights if one[1] < 44] == [], path


def test_what_has_the_focus_is_seen_and_the_first_stop_leads_to_the_content(site: Site, chrome: Browser) -> None:
    with person_at(chrome) as page:
        _let_in(page, site)
        page.goto(site.url + "/console/people")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        for _ in range(12):
            page.keyboard.press("Tab")
            assert page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)") >= 3


def test_a_printed_tracker_has_figures_and_no_menu(site: Site, chrome: Browser) -> None:
    with person_at(chrome) as page:
        _let_in(page, site)
        page.goto(site.url + "/console/enrollment")
        page.emulate_media(media="print")
        assert not page.is_visible("nav.places")
        assert page.is_visible(".main-figure .big")
        assert page.is_visible("table")
