"""Rules of who sees which page of the console."""

import re

from flask import Flask
from sqlalchemy import select

from idp.clock import ManualClock
from idp.database import reader, table_of
from idp.people.models import Person
from idp.roles.models import Role
from idp.sessions.assurance import AAL1
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from wsgi import build

_p = table_of(Person)

PAGES = {
    "/console": set(Role),
    "/console/enrollment": set(Role) - {Role.HELP_DESK, Role.CLIENT_OWNER},
    "/console/people": {Role.IT_ADMIN, Role.HR_OFFICER, Role.AUDITOR, Role.HELP_DESK},
    "/console/clients": {Role.IT_ADMIN, Role.AUDITOR, Role.CLIENT_OWNER},
    "/console/drafts": {Role.IT_ADMIN, Role.CLIENT_OWNER},
    "/console/register-client": {Role.IT_ADMIN},
    "/console/audit": {Role.IT_ADMIN, Role.AUDITOR},
}


def test_a_page_opens_for_the_roles_that_may_see_it_and_for_no_other(app: Flask) -> None:
    for role in (None, *Role):
        browser = browser_of(app, role)
        for page, allowed in PAGES.items():
            assert browser.get(page).status_code == (200 if role in allowed else 403), (role, page)


def test_a_stranger_is_asked_to_sign_in_and_led_back(app: Flask) -> None:
    for page in PAGES:
        answer = app.test_client().get(page)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/sign-in?flow=")


def test_one_factor_is_not_enough_for_the_console(app: Flask) -> None:
    person_id = add_official(Role.IT_ADMIN)
    assert sign_in(app, person_id, AAL1).get("/console").status_code == 303


def test_the_menu_shows_only_what_opens(database_url: str) -> None:
    whole = build(settings_for(database_url))
    whole.test_client_class = FreshContextClient
    with whole.app_context():
        for role in Role:
            browser = browser_of(whole, role)
            menu = re.findall(r'<li><a href="(/console[^"]*)"', words_of(browser.get("/console")))
            assert menu
            for href in menu:
                assert browser.get(href).status_code == 200, (role, href)
    close(whole)


def test_an_officer_of_one_unit_sees_and_changes_nobody_of_another(app: Flask) -> None:
    mine, other = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã Du Già")
    colleague, stranger = add_person("a", "Vàng Mí Sính", unit_id=mine), add_person("b", "Sùng Thị Máy", unit_id=other)
    browser = browser_of(app, Role.HR_OFFICER, unit_of_role=mine)
    listed = words_of(browser.get("/console/people"))
    assert "Vàng Mí Sính" in listed
    assert "Sùng Thị Máy" not in listed
    assert "Sùng Thị Máy" not in words_of(browser.get(f"/console/people?unit={other}"))
    assert browser.get(f"/console/people/{colleague}").status_code == 200
    for path in (f"/console/people/{stranger}", f"/console/people/{stranger}/suspend"):
        assert browser.get(path).status_code == 404
    sent = send_form(browser, f"/console/people/{stranger}/suspend", {"reason": "thử quyền"}, page=f"/console/people/{colleague}/suspend")
    assert sent.status_code == 404


def test_a_leader_of_one_unit_sees_the_figures_of_that_unit_only(app: Flask) -> None:
    mine, other = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã Du Già")
    for unit_id in (mine, other, other):
        add_person(unit_id=unit_id, username=None, staff_category="cong_chuc")
    browser = browser_of(app, Role.LEADER, unit_of_role=mine)
    assert "0 / 1</b>" in words_of(browser.get("/console/enrollment"))
    assert browser.get(f"/console/enrollment?unit={mine}").status_code == 200
    assert browser.get(f"/console/enrollment?unit={other}").status_code == 404


def test_an_officer_of_one_unit_does_not_lock_out_somebody_who_holds_a_role(app: Flask) -> None:
    mine = add_unit("UBND xã Lũng Cú")
    colleague, administrator = add_person("a", unit_id=mine), add_official(Role.IT_ADMIN, unit_id=mine)
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=mine)
    page = f"/console/people/{colleague}/suspend"
    assert send_form(officer, f"/console/people/{administrator}/suspend", {"reason": "thử quyền"}, page=page).status_code == 403
    assert f"/console/people/{administrator}/suspend" not in words_of(officer.get(f"/console/people/{administrator}"))
    assert browser_of(app, Role.HR_OFFICER).get(f"/console/people/{administrator}/suspend").status_code == 200


def test_what_is_sensitive_is_done_only_by_somebody_who_has_just_signed_in(app: Flask, time: ManualClock) -> None:
    person_id, browser = add_person(), browser_of(app, Role.IT_ADMIN)
    forms = (f"/console/people/{person_id}/suspend", "/console/register-client")
    token = csrf_token(browser, forms[0])
    time.advance(minutes=6)
    for form in forms:
        assert browser.get(form).headers["Location"].startswith("/sign-in?flow=")
    assert browser.get("/console/people").status_code == 200
    assert browser.post(forms[0], data={"csrf_token": token, "reason": "?"}).status_code == 400  # a form may take a while to fill in
    time.advance(minutes=14, seconds=1)
    assert browser.get("/console/people").status_code == 200
    sent = [browser.post(form, data={"csrf_token": token, "reason": "nghỉ việc"}) for form in forms]
    assert all(answer.headers["Location"].startswith("/sign-in?flow=") for answer in sent)
    assert reader().execute(select(_p.c.state).where(_p.c.id == person_id)).scalar_one() == "active"
