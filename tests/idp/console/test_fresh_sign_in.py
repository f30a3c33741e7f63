"""Rules of what nobody does at the console on the strength of a sign-in of this morning."""

from typing import Any

import pytest
from flask import Flask

from idp.clock import ManualClock
from idp.roles.models import Role
from tests.support.people import add_person
from tests.support.relying_party import register_party
from tests.support.signed_in import add_official, csrf_token, sign_in

DEEDS: dict[str, dict[str, str]] = {
    "/console/people/{person}/help/reset_factors": {"reason": "Mất điện thoại", "checked": "1"},
    "/console/people/{person}/help/unlock": {"reason": "Đã gọi xác nhận", "checked": "1"},
    "/console/people/{person}/help/proof": {"reason": "Đã gặp", "checked": "1", "proof": "in_person"},
    "/console/people/{person}/suspend": {"reason": "Nghỉ việc"},
    "/console/clients/{client}/secret": {},
    "/console/clients/{client}/change": {"name": "x", "redirect_uris": "https://attacker.test/cb"},
    "/console/clients/{client}/disable": {"reason": "Ngừng"},
    "/console/audit/export": {"kind": "csv"},
}


@pytest.mark.parametrize(("path", "form"), DEEDS.items(), ids=[path.rpartition("/")[2] for path in DEEDS])
def test_half_an_hour_later_it_is_asked_who_sits_there(app: Flask, time: ManualClock, path: str, form: dict[str, Any]) -> None:
    """ADM-005: by opening the page, and by sending a form that was opened in time."""
    me, party = add_official(Role.IT_ADMIN), register_party()
    browser = sign_in(app, me)
    target = path.format(person=add_person(), client=party.client_id)
    token = csrf_token(browser, "/console/audit")
    for _ in range(3):
        time.advance(minutes=10)
        assert browser.get("/console").status_code == 200  # at the desk all the time: it is not idleness
    answer = browser.post(target, data={**form, "csrf_token": token})
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith("/sign-in?")
    assert "export" in path or browser.get(target).headers.get("Location", "").startswith("/sign-in?")
