"""Rules of proofing at the console: an officer says how they made sure, a slip says it too, and it can be taken back."""

from flask import Flask
from sqlalchemy import select

from idp.audit import AuditEvent
from idp.clock import ManualClock
from idp.credentials import failures, proofings
from idp.credentials.failures import UNTIL_HELP_DESK
from idp.database import in_transaction, reader, table_of
from idp.login import unlocking
from idp.roles.models import Role
from tests.idp.console.test_help_pages import CHECKED, REASON, app, helps
from tests.support.people import add_person
from tests.support.signed_in import add_official, browser_of, sign_in, words_of

__all__ = ["app"]
_e = table_of(AuditEvent)


def kinds_of(person_id: object) -> list[str]:
    return [one.kind for one in proofings.find_in_force(reader(), person_id)]  # type: ignore[arg-type]


def test_an_officer_records_how_they_made_sure_and_takes_it_back(app: Flask, time: ManualClock) -> None:
    person_id, officer = add_person(), browser_of(app, Role.HELP_DESK)
    for kind in (proofings.VNEID, proofings.CERTIFICATE):
        assert "Đã ghi nhận" in words_of(helps(officer, person_id, "proof", {**CHECKED, "proof": kind}))
    assert kinds_of(person_id) == [proofings.CERTIFICATE, proofings.VNEID]
    page = words_of(officer.get(f"/console/people/{person_id}"))
    assert "VNeID mức 2" in page
    assert helps(officer, person_id, "withdraw_proof", {"reason": REASON}).status_code == 200
    assert kinds_of(person_id) == []
    event = reader().execute(select(_e).where(_e.c.event == "proofing.withdrawn")).one()
    assert (event.person_id, event.detail["reason"]) == (person_id, REASON)


def test_what_is_no_way_of_making_sure_is_refused(app: Flask) -> None:
    person_id, officer = add_person(), browser_of(app, Role.HELP_DESK)
    assert helps(officer, person_id, "proof", {**CHECKED, "proof": "telephone"}).status_code == 400
    assert helps(officer, person_id, "proof", {"reason": REASON}).status_code == 400
    assert kinds_of(person_id) == []


def test_the_slip_that_an_officer_prints_is_a_proofing_in_person(app: Flask, time: ManualClock) -> None:
    person_id, officer = add_person(), browser_of(app, Role.HELP_DESK)
    helps(officer, person_id, "activation")
    [one] = proofings.find_in_force(reader(), person_id)
    assert (one.kind, one.reason) == (proofings.IN_PERSON, REASON)
    assert one.recorded_by.startswith("person:")
    time.advance(days=1826)
    assert kinds_of(person_id) == []


def test_nobody_proofs_themselves_and_of_role_holders_only_two_do(app: Flask) -> None:
    me, chief = add_official(Role.HELP_DESK), add_official(Role.LEADER)
    officer = sign_in(app, me)
    page = f"/console/people/{add_person('somebody')}/help/proof"
    assert helps(officer, me, "proof", page=page).status_code == 403
    helps(officer, chief, "proof")
    assert kinds_of(chief) == []
    helps(browser_of(app, Role.HELP_DESK), chief, "proof")
    assert kinds_of(chief) == [proofings.IN_PERSON]


def test_the_help_desk_ends_a_rest_after_wrong_tries_with_a_reason(app: Flask, time: ManualClock) -> None:
    """LOG-013: also the one that only the help desk ends."""
    person_id, officer = add_person(), browser_of(app, Role.HELP_DESK)
    assert "Mở khóa đăng nhập" not in words_of(officer.get(f"/console/people/{person_id}"))
    account = failures.account_of_person(person_id)
    for _ in range(failures.SECOND_FACTOR.most):
        in_transaction(lambda c: failures.count_attempt(c, failures.SECOND_FACTOR, account))
        time.advance(hours=9)
    officer = browser_of(app, Role.HELP_DESK)
    assert unlocking.rests_until(reader(), person_id) == UNTIL_HELP_DESK
    assert "cho đến khi cán bộ hỗ trợ mở khóa" in words_of(officer.get(f"/console/people/{person_id}"))
    assert "đăng nhập lại được ngay" in words_of(helps(officer, person_id, "unlock"))
    assert unlocking.rests_until(reader(), person_id) is None
    event = reader().execute(select(_e).where(_e.c.event == "account.unlocked")).one()
    assert (event.person_id, event.detail["reason"]) == (person_id, REASON)
