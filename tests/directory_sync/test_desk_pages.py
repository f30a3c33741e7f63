"""Rules of the desk's pages, and of an officer of one unit who tries everything on another's people."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from directory_sync.desk_models import CaseKind, CaseState, DeskCase, DeskRule
from directory_sync.desk_words import CHOICES, KINDS, WHAT_IT_MEANS
from idp import clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.people.models import Person
from idp.roles.models import Role
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, sign_in, words_of
from wsgi import build

_d, _p = table_of(DeskCase), table_of(Person)
WHY = {"reason": "theo quyết định 12/QĐ-SNV"}


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """The whole application, with the pages of all three packages."""
    application = build(settings_for(database_url))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def add_gone(unit_id: uuid.UUID | None, username: str = "cu", **given: Any) -> uuid.UUID:
    """Somebody whose entry is gone."""
    facts = {"source": "ldap", "state": "suspended", "state_reason": "gone_from_directory", "state_changed_at": clock.now()}
    return add_person(username, "Người Cũ", unit_id=unit_id, **{**facts, **given})


def add_case(unit_id: uuid.UUID | None, *people: uuid.UUID, kind: CaseKind = CaseKind.NO_NUMBER, **given: Any) -> uuid.UUID:
    """An open case about a new entry in a unit, which could be these people's."""
    case_id = new_id()
    row = {
        "id": case_id, "kind": kind.value, "source": "ldap", "fingerprint": f"entry:ldap:{case_id}", "entry_key": f"e-{case_id.hex[:20]}",
        "person_id": people[0] if people else None, "unit_id": unit_id, "name": "Người Mới", "value": "HG1", "facts": {"name": "Người Mới", "entry": "uid=x"},
        "candidates": [{"person_id": str(one), "hints": ["username"], "unit_id": None} for one in people], "opened_at": clock.now(), "state": "open", **given,
    }  # fmt: skip
    in_transaction(lambda connection: connection.execute(insert(_d), row))
    return case_id


def state_of(case_id: uuid.UUID) -> str:
    return str(reader().execute(select(_d.c.state).where(_d.c.id == case_id)).scalar())


def test_every_kind_and_every_choice_has_words() -> None:
    assert set(KINDS) == set(WHAT_IT_MEANS) == set(CaseKind)
    assert len(CHOICES) == 7


def test_an_officer_sees_a_case_side_by_side_and_decides_it(app: Flask) -> None:
    unit_id = add_unit()
    gone = add_gone(unit_id)
    case_id = add_case(unit_id, gone)
    browser = browser_of(app, Role.HR_OFFICER, unit_of_role=unit_id)
    assert "Người Mới" in words_of(browser.get("/console/desk"))
    page = words_of(browser.get(f"/console/desk/{case_id}"))
    assert "Người Cũ" in page
    assert f'value="same:{gone}"' in page
    answer = send_form(browser, f"/console/desk/{case_id}", {"choice": f"same:{gone}", **WHY})
    assert (answer.status_code, state_of(case_id)) == (303, CaseState.DECIDED)
    row = reader().execute(select(_p.c.state, _p.c.source_key).where(_p.c.id == gone)).one()
    assert (row.state, row.source_key) == ("active", f"e-{case_id.hex[:20]}")


def test_what_is_missing_is_told_and_what_was_typed_stays(app: Flask) -> None:
    case_id = add_case(None, add_gone(None))
    browser = browser_of(app, Role.HR_OFFICER)
    answer = send_form(browser, f"/console/desk/{case_id}", {"reason": "đúng người cũ"})
    assert answer.status_code == 400
    assert "Chọn một trong các cách" in words_of(answer)
    assert 'value="đúng người cũ"' in words_of(answer)
    assert send_form(browser, f"/console/desk/{case_id}", {"choice": "new"}).status_code == 400
    assert send_form(browser, f"/console/desk/{case_id}", {"choice": "same:x", **WHY}).status_code == 400
    assert send_form(browser, f"/console/desk/{case_id}", {"later": "1", "until": "2020-01-01"}).status_code == 400
    assert state_of(case_id) == CaseState.OPEN


def test_a_case_put_off_is_out_of_sight_until_its_day(app: Flask, time: clock.ManualClock) -> None:
    case_id = add_case(None)
    browser = browser_of(app, Role.HR_OFFICER)
    assert send_form(browser, f"/console/desk/{case_id}", {"later": "1", "until": "2026-11-25"}).status_code == 303
    assert f"/console/desk/{case_id}" not in words_of(browser.get("/console/desk"))
    assert f"/console/desk/{case_id}" in words_of(browser.get("/console/desk?put_off=1"))
    time.advance(hours=16)  # 00:00 in Hà Giang is 17:00 UTC
    assert f"/console/desk/{case_id}" in words_of(browser_of(app, Role.HR_OFFICER).get("/console/desk"))


def test_one_units_officer_neither_sees_nor_decides_cases_of_another_or_of_no_unit(app: Flask) -> None:
    mine, other = add_unit(), add_unit("UBND xã Đồng Văn")
    mine_case = add_case(mine)
    browser = browser_of(app, Role.HR_OFFICER, unit_of_role=mine)
    token = csrf_token(browser, f"/console/desk/{mine_case}")
    for unit_id in (other, None):
        case_id = add_case(unit_id, add_gone(other, f"cu{case_number(unit_id)}"))
        assert f"/console/desk/{case_id}" not in words_of(browser.get("/console/desk"))
        assert browser.get(f"/console/desk/{case_id}").status_code == 404
        for form in ({"choice": "new", **WHY}, {"choice": "keep_out", **WHY}, {"later": "1", "until": "2030-01-01"}):
            assert browser.post(f"/console/desk/{case_id}", data={**form, "csrf_token": token}).status_code == 404
        assert browser.post(f"/console/desk/{case_id}/reopen", data={"csrf_token": token}).status_code == 404
        assert state_of(case_id) == CaseState.OPEN


def case_number(unit_id: uuid.UUID | None) -> int:
    return 0 if unit_id is None else 1


def test_one_units_officer_cannot_take_somebody_of_another_unit_over_by_a_case_of_their_own(app: Flask) -> None:
    mine, other = add_unit(), add_unit("UBND xã Đồng Văn")
    victim = add_gone(other)
    case_id = add_case(mine, victim)
    browser = browser_of(app, Role.HR_OFFICER, unit_of_role=mine)
    page = words_of(browser.get(f"/console/desk/{case_id}"))
    assert "Người Cũ" not in page
    assert "thuộc đơn vị khác" in page
    assert send_form(browser, f"/console/desk/{case_id}", {"choice": f"same:{victim}", **WHY}).status_code == 404
    assert reader().execute(select(_p.c.state).where(_p.c.id == victim)).scalar() == "suspended"
    assert state_of(case_id) == CaseState.OPEN


def test_one_units_officer_cannot_give_an_entry_to_who_holds_a_role_nor_to_themselves(app: Flask) -> None:
    unit_id = add_unit()
    gone: dict[str, Any] = {"source": "ldap", "state": "suspended", "state_reason": "gone_from_directory", "unit_id": unit_id}
    administrator = add_official(Role.IT_ADMIN, **gone)
    officer = add_official(Role.HR_OFFICER, unit_of_role=unit_id, unit_id=unit_id, source="ldap")
    case_id = add_case(unit_id, administrator, officer)
    browser = sign_in(app, officer)
    for person_id in (administrator, officer):
        assert send_form(browser, f"/console/desk/{case_id}", {"choice": f"same:{person_id}", **WHY}).status_code == 403
    assert state_of(case_id) == CaseState.OPEN


def test_rules_are_of_the_officers_units_and_end_when_revoked(app: Flask) -> None:
    mine, other = add_unit(), add_unit("UBND xã Đồng Văn")
    case_id, province = add_case(mine), browser_of(app, Role.HR_OFFICER)
    assert send_form(province, f"/console/desk/{case_id}", {"choice": "new", "remember": "all", **WHY}).status_code == 303
    rule_id = reader().execute(select(table_of(DeskRule).c.id)).scalar()
    stranger = browser_of(app, Role.HR_OFFICER, unit_of_role=other)
    own = add_case(other)
    token = csrf_token(stranger, f"/console/desk/{own}")
    assert "Chưa ghi nhớ" in words_of(stranger.get("/console/desk/rules"))
    assert stranger.post(f"/console/desk/rules/{rule_id}/revoke", data={"csrf_token": token}).status_code == 404
    assert send_form(province, f"/console/desk/rules/{rule_id}/revoke", {}, page="/console/desk/rules").status_code == 303
    assert "Chưa ghi nhớ" in words_of(province.get("/console/desk/rules"))


def test_of_two_who_decide_at_once_the_second_is_told(app: Flask) -> None:
    case_id = add_case(None)
    browser = browser_of(app, Role.HR_OFFICER)
    token = csrf_token(browser, f"/console/desk/{case_id}")
    in_transaction(lambda connection: connection.execute(update(_d).where(_d.c.id == case_id).values(state="decided", choice="new")))
    answer = browser.post(f"/console/desk/{case_id}", data={"choice": "keep_out", **WHY, "csrf_token": token})
    assert answer.status_code == 409
    assert "vừa được người khác quyết định" in words_of(answer)
