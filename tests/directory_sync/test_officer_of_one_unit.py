"""Rules of an officer of one unit who tries everything on the people of others, on those above, and on themselves (ADM-001, ADM-003)."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from directory_sync import plans
from directory_sync.asked import carry_out_approved
from directory_sync.models import HeldChange, PlanLine, RunState, SyncPlan
from idp import access
from idp.database import in_transaction, reader, table_of
from idp.jobs import Job, ensure_leases
from idp.people.models import Person
from idp.roles.grants import grant
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from tests.support.staff_directory import COMMUNE, DEPARTMENT, StaffDirectory, approve, everybody, ldap_settings, person, sync, unit
from wsgi import build

REASON = "đã đối chiếu với Phòng Nội vụ huyện"
OTHERS, SOMEBODY = "Lê Văn Người", uuid.uuid4()
_p, _l, _h = table_of(Person), table_of(PlanLine), table_of(HeldChange)


@pytest.fixture
def app(database_url: str, empty_directory: StaffDirectory) -> Iterator[Flask]:
    """The whole application on the test's directory."""
    application = build(settings_for(database_url, **ldap_settings(empty_directory.server)))
    with application.app_context():
        ensure_leases([Job("sync", 60, lambda: None, lease_seconds=60)])
        yield application
    close(application)


@pytest.fixture
def stopped(app: Flask, empty_directory: StaffDirectory) -> int:
    """A run that stopped: 25 of thirty in a department are gone, and one of three in a commune."""
    theirs = [empty_directory.add_person(f"u{number:02d}", f"{OTHERS} {number}", DEPARTMENT) for number in range(30)]
    ours = [empty_directory.add_person(f"x{number}", f"Vàng Mí {number}", COMMUNE) for number in range(3)]
    sync()
    for dn in (*theirs[:25], ours[0]):
        empty_directory.remove(dn)
    return sync().number


@pytest.fixture
def commune(app: Flask, stopped: int) -> uuid.UUID:
    """The unit of the officer."""
    found: uuid.UUID = unit("UBND xã Lũng Cú, Đồng Văn").id
    return found


@pytest.fixture
def officer(app: Flask, commune: uuid.UUID) -> FlaskClient:
    """The browser of an officer of the commune."""
    return sign_in(app, add_official(Role.HR_OFFICER, unit_of_role=commune, unit_id=commune))


def _line(number: int, name: str) -> uuid.UUID:
    run_id = plans.require_plan(reader(), number).run_id
    found: uuid.UUID = reader().execute(select(_l.c.id).where(_l.c.run_id == run_id, _l.c.name == name)).scalar_one()
    return found


def _state() -> list[Any]:
    rows = reader().execute(select(_p.c.id, _p.c.state, _p.c.unit_id, _p.c.title, _p.c.subject).order_by(_p.c.id)).all()
    return [*rows, reader().execute(select(func.count()).select_from(_h)).scalar_one()]


def test_no_deed_reaches_anybody_of_another_unit_by_page_or_by_hand(app: Flask, stopped: int, officer: FlaskClient) -> None:
    """ADM-001."""
    other = person("u29").id
    token = csrf_token(officer, f"/console/sync/{stopped}/plan/{_line(stopped, 'Vàng Mí 0')}/hold")
    before = _state()
    form = {
        "csrf_token": token, "reason": REASON, "typed": "26", "part": "whole", "choice": "new", "kind": "concurrent", "unit": "00715",
        "plan": "leaving", "plan_from": "31/12/2030", "from_day": "31/12/2030", "decision": "1/QĐ", "name": "Sắp xếp", "effective_on": "01/07/2030",
        "is_admin": "1", "unit_id": str(unit("Sở Nội vụ").id), "subject": "mine",
    }  # fmt: skip
    for path in (
        f"/console/sync/{stopped}/approve", f"/console/sync/{stopped}/reject", f"/console/sync/{stopped}/plan/{_line(stopped, f'{OTHERS} 3')}/hold",
        f"/console/sync/held/{SOMEBODY}/release", "/console/sync/run", "/console/sync/plan", f"/console/people/{other}/sync",
        f"/console/people/{other}/service/posts", f"/console/people/{other}/service/posts/{SOMEBODY}/end",
        f"/console/people/{other}/service/plans", f"/console/people/{other}/service/plans/{SOMEBODY}/call_off", f"/console/desk/{SOMEBODY}",
        f"/console/desk/{SOMEBODY}/reopen", f"/console/desk/rules/{SOMEBODY}/revoke", "/console/reviews", f"/console/reviews/sheets/{SOMEBODY}",
        "/console/reorganisations/new", "/console/reorganisations/1/approve", "/console/reorganisations/1/withdraw", "/console/scim/add",
        "/console/scim/scim:so-y-te/allow",
    ):  # fmt: skip
        answer = officer.post(path, data=form)
        assert answer.status_code in (403, 404), (path, answer.status_code)
        assert OTHERS not in words_of(answer), path
    assert _state() == before


def test_no_page_tells_an_officer_of_one_unit_about_people_or_figures_of_others(app: Flask, stopped: int, officer: FlaskClient) -> None:
    """ADM-001: neither a name nor a count."""
    for path, status in (
        ("/console/sync", 200), ("/console/sync?all=1", 200), ("/console/sync/1", 200), (f"/console/sync/{stopped}", 200),
        (f"/console/sync/{stopped}/plan", 200), (f"/console/sync/{stopped}/plan.csv", 200), (f"/console/sync/{stopped}/approve", 403),
        ("/console/sync/held", 200), ("/console/desk", 200), ("/console/desk/waiting", 200), ("/console/desk/rules", 200),
        ("/console/reviews", 200), ("/console/idle", 200), ("/console", 200), ("/console/reorganisations", 403), ("/console/scim", 403),
    ):  # fmt: skip
        answer = officer.get(path, follow_redirects=path == "/console")
        page = words_of(answer)
        assert answer.status_code == status, (path, answer.status_code)
        told = [words for words in (OTHERS, ">33<", ">30<", ">26<", "26 trên 33", "26 người", "25 vượt", "u29") if words in page]
        assert not told, (path, told)


def test_an_officer_keeps_neither_themselves_in_nor_whoever_stands_above_them(
    app: Flask, stopped: int, commune: uuid.UUID, empty_directory: StaffDirectory
) -> None:
    for dn in (f"uid=x1,{COMMUNE}", f"uid=x2,{COMMUNE}"):
        empty_directory.remove(dn)
    in_transaction(lambda c: plans.end_waiting(c, "ldap", "cli:test"))
    number = sync(only_plan=True).number
    me, above = person("x1").id, person("x2").id
    in_transaction(lambda c: grant(c, me, Role.HR_OFFICER, unit_id=commune, actor="cli:test"))
    in_transaction(lambda c: grant(c, above, Role.IT_ADMIN, unit_id=None, actor="cli:test"))
    browser = sign_in(app, me)
    page = f"/console/sync/{number}/plan/{_line(number, 'Vàng Mí 0')}/hold"
    for name in ("Vàng Mí 1", "Vàng Mí 2"):
        answer = send_form(browser, f"/console/sync/{number}/plan/{_line(number, name)}/hold", {"reason": REASON}, page=page)
        assert answer.status_code in (200, 403), name
    assert reader().execute(select(func.count()).select_from(_h)).scalar_one() == 0
    assert send_form(browser, page, {"reason": REASON}).status_code == 303


def test_a_plan_with_somebody_who_holds_a_role_is_not_for_the_officer_of_one_unit(
    app: Flask, stopped: int, officer: FlaskClient, empty_directory: StaffDirectory
) -> None:
    for number in range(25):
        empty_directory.add_person(f"u{number:02d}", f"{OTHERS} {number}", DEPARTMENT)
    assert approve(sync(only_plan=True).number).state == RunState.APPLIED
    empty_directory.remove(f"uid=x1,{COMMUNE}")
    in_transaction(lambda c: grant(c, person("x1").id, Role.AUDITOR, unit_id=None, actor="cli:test"))
    number = sync(only_plan=True).number
    path, form = f"/console/sync/{number}/approve", {"typed": "1", "reason": REASON, "part": "whole"}
    assert send_form(officer, path, form).status_code == 403
    assert plans.find_approved(reader()) is None
    assert send_form(browser_of(app, Role.HR_OFFICER), path, form).status_code == 303


def test_a_word_counts_once_however_often_and_late_it_is_sent(app: Flask, stopped: int) -> None:
    """Two tabs, a form sent again, and one that was looked at before the plan became another."""
    browser, path = browser_of(app, Role.HR_OFFICER), f"/console/sync/{stopped}/approve"
    form = {"typed": "26", "reason": REASON, "part": "whole", "csrf_token": csrf_token(browser, path)}
    assert browser.post(path, data=form).status_code == 303
    assert browser.post(path, data=form).status_code == 409
    in_transaction(lambda c: plans.end_waiting(c, "ldap", "cli:test"))
    in_transaction(lambda c: c.execute(update(table_of(SyncPlan)).values(state="moved_on")))
    assert browser_of(app, Role.HR_OFFICER).post(path, data=form).status_code in (400, 403, 409)
    assert {row.state for row in everybody().values()} == {"active"}


@pytest.mark.parametrize(
    ("typed", "is_right"), [("26", True), (" 26 ", True), ("2.6", False), ("+26", False), ("26.0", False), ("٢٦", False), ("", False)]
)
def test_the_number_is_typed_in_digits(app: Flask, stopped: int, typed: str, is_right: bool) -> None:
    answer = send_form(
        browser_of(app, Role.HR_OFFICER), f"/console/sync/{stopped}/approve", {"typed": typed, "reason": REASON, "part": "whole"}
    )
    assert (answer.status_code == 303) is is_right
    assert (plans.find_approved(reader()) is not None) is is_right


def test_a_plan_is_not_carried_out_for_somebody_who_was_suspended_after_approving_it(app: Flask, stopped: int) -> None:
    approver = add_official(Role.HR_OFFICER)
    form = {"typed": "26", "reason": REASON, "part": "whole"}
    assert send_form(sign_in(app, approver), f"/console/sync/{stopped}/approve", form).status_code == 303
    in_transaction(lambda c: access.withdraw(c, approver, reason="by_administrator", actor="cli:test"))
    assert carry_out_approved("system:sync") is None
    assert {row.state for row in everybody().values() if row.source == "ldap"} == {"active"}
    assert plans.find_approved(reader()) is None
    assert sync().found["plan_number"] == stopped + 1
