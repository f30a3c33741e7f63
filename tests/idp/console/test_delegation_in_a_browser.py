"""Roles, proposals and emergency access are for everybody: by keyboard, on a narrow screen, for a screen reader."""

from collections.abc import Callable

from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import select

from idp.app import create_app
from idp.database import in_transaction, reader
from idp.emergency import accounts
from idp.emergency.sealed_password import draw
from idp.roles.models import Proposal, Role
from idp.roles.permissions import permissions_of
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.served import served
from tests.support.services import free_port
from tests.support.signed_in import add_official, browser_of, send_form, sign_in

WHO = "Vàng Mí Sính, Sở Nội vụ: danh bạ không trả lời"


def _judge(page: Page) -> None:
    assert accessibility_faults(page) == []
    assert overflow_pixels(page) == 0


def _enter(page: Page, app: Flask, person: object, origin: str) -> None:
    browser = sign_in(app, person)  # type: ignore[arg-type]
    cookie = browser.get_cookie("hopnhat_session", domain="localhost")
    assert cookie is not None
    page.context.add_cookies([{"name": "hopnhat_session", "value": cookie.value, "url": origin}])


def _fill_in(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.fill(f"#{name}", value)


def visit(app: Flask, origin: str, chrome: Browser, look: Callable[[Page], None] = _judge) -> None:
    """Go through all of it on a wide and a narrow screen, looking at every page."""
    unit_id = add_unit("Sở Y tế", code="H27.5")
    person_id = add_person("nhan", "Sùng Thị Máy", unit_id=unit_id)
    proposer, second = add_official(Role.IT_ADMIN, name="Nguyễn Văn An"), add_official(Role.IT_ADMIN, name="Trần Thị Bình")
    add_official(Role.HELP_DESK, unit_of_role=unit_id, name="Giàng A Páo")
    form = {"person": "nhan", "role": "it_admin", "unit": "H27.5", "valid_until": "31/12/2026", "reason": "Theo quyết định số 12/QĐ-SYT"}
    send_form(sign_in(app, proposer), "/console/roles/new", form)
    proposal_id = reader().execute(select(Proposal.id)).scalar_one()
    first, other = draw(), draw()
    holders = add_person("lan.nt", "Nguyễn Thị Lan"), add_person("minh.tv", "Trần Văn Minh")
    in_transaction(lambda connection: accounts.create(connection, "Két phòng máy chủ", (first, other), holders, actor="cli:test"))
    for narrow in (False, True):
        with person_at(chrome, narrow=narrow) as page:
            _enter(page, app, second, origin)
            for path in ("roles", "roles/new", "proposals", f"proposals/{proposal_id}", "emergency"):
                page.goto(f"{origin}/console/{path}")
                look(page)
            if narrow:
                page.goto(f"{origin}/console/proposals/{proposal_id}")
                page.focus("#approve")
                page.keyboard.press("Enter")
                page.wait_for_url("**/console/proposals")
                assert permissions_of(person_id)
    with person_at(chrome, narrow=True) as page:
        page.goto(f"{origin}/emergency")
        look(page)
        page.fill("#password", str(first.password).lower())
        page.keyboard.press("Tab")
        page.keyboard.type(str(other.password))
        page.keyboard.press("Tab")
        page.keyboard.type("lan.nt")
        page.keyboard.press("Tab")
        page.keyboard.type("minh.tv")
        page.keyboard.press("Tab")
        page.keyboard.type("vội")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        look(page)
        page.fill("#password", str(first.password))
        page.fill("#second_password", str(other.password))
        page.fill("#used_for", WHO)
        page.keyboard.press("Enter")
        page.wait_for_url("**/console")
        look(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{origin}/console/emergency")
        look(page)


def test_delegation_is_for_everybody(postgresql_url: str, chrome: Browser) -> None:
    port = free_port()
    app = create_app(settings_for(postgresql_url, issuer=f"http://127.0.0.1:{port}"))
    app.test_client_class = FreshContextClient
    with app.app_context(), served(app, port) as origin:
        assert browser_of(app).get("/console/roles").status_code == 403
        visit(app, origin, chrome)
    close(app)
