"""Rules of helping somebody in: checked, with a reason, never oneself, never one of those above alone, a code shown once."""

import re
import uuid
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select
from werkzeug.test import TestResponse

from idp import access, audit
from idp.app import create_app
from idp.clock import ManualClock
from idp.console import help_pages
from idp.credentials import factors, officer_codes, recovery_codes
from idp.credentials.totp import WrongCode
from idp.database import in_transaction, new_id, reader, table_of
from idp.roles import grants
from idp.roles.models import Role
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.sign_in import enrolled_phone
from tests.support.signed_in import add_official, browser_of, send_form, sign_in, words_of

REASON = "Để quên điện thoại ở nhà"
CHECKED = {"reason": REASON, "checked": "1"}
_e = table_of(audit.AuditEvent)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An installation whose officers hand out activation slips."""
    application = create_app(settings_for(database_url, activation_slips=True))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def helps(browser: FlaskClient, person_id: uuid.UUID, deed: str, form: dict[str, str] | None = None, **given: str) -> TestResponse:
    return send_form(browser, f"/console/people/{person_id}/help/{deed}", CHECKED if form is None else form, **given)


def code_on(answer: TestResponse) -> str:
    found = re.search(r'<code id="code">([\w-]{9})</code>', words_of(answer))
    return found[1] if found else ""


def events() -> list[str]:
    return list(reader().execute(select(_e.c.event).order_by(_e.c.id)).scalars())


@pytest.mark.parametrize("deed", ["temporary", "activation"])
def test_an_officer_hands_over_a_code_that_is_shown_once_and_kept_as_a_hash(app: Flask, time: ManualClock, deed: str) -> None:
    """REC-003"""
    unit_id = add_unit()
    person_id = add_person(name="Vàng Mí Sính", unit_id=unit_id)
    officer = browser_of(app, Role.IT_ADMIN, unit_of_role=unit_id)
    assert f"/help/{deed}" in words_of(officer.get(f"/console/people/{person_id}"))
    answer = helps(officer, person_id, deed)
    code = code_on(answer)
    assert code
    assert answer.headers["Cache-Control"] == "no-store"
    [row] = officer_codes.find_open(reader(), person_id)
    assert row.hash.startswith("$argon2id$")
    assert officer_codes.match(reader(), person_id, deed, f" {code.lower().replace('-', ' ')} ") == row.id
    assert code not in words_of(officer.get(f"/console/people/{person_id}"))
    event = reader().execute(select(_e).where(_e.c.event == f"{deed}_code.issued")).one()
    assert (event.person_id, event.detail["reason"], event.detail["checked"]) == (person_id, REASON, True)
    assert code not in str(event)


@pytest.mark.parametrize("form", [{"reason": REASON}, {"checked": "1"}, {"checked": "1", "reason": "vì"}, {}])
@pytest.mark.parametrize("deed", ["temporary", "activation", "reset_factors"])
def test_nothing_is_done_unchecked_or_without_a_reason(app: Flask, deed: str, form: dict[str, str]) -> None:
    person_id = add_person()
    answer = helps(browser_of(app, Role.HELP_DESK), person_id, deed, form)
    assert answer.status_code == 400
    assert "Lỗi:" in words_of(answer)
    assert officer_codes.find_open(reader(), person_id) == []


def test_a_newer_code_replaces_the_one_before(app: Flask) -> None:
    person_id, officer = add_person(), browser_of(app, Role.HELP_DESK)
    first, second = code_on(helps(officer, person_id, "temporary")), code_on(helps(officer, person_id, "temporary"))
    with pytest.raises(WrongCode):
        officer_codes.match(reader(), person_id, "temporary", first)
    officer_codes.match(reader(), person_id, "temporary", second)


@pytest.mark.parametrize("deed", help_pages.DEEDS)
def test_nobody_helps_themselves_and_no_unit_s_officer_those_of_others_or_above(app: Flask, deed: str) -> None:
    mine, other = add_unit("UBND xã Lũng Cú"), add_unit("UBND xã Du Già")
    colleague, stranger = add_person("a", unit_id=mine), add_person("b", unit_id=other)
    chief = add_official(Role.LEADER, unit_id=mine)
    me = add_official(Role.IT_ADMIN, unit_id=mine, unit_of_role=mine)
    officer = sign_in(app, me)
    page = f"/console/people/{colleague}/help/{deed}"
    for person_id, status in ((me, 403), (stranger, 404), (chief, 403), (uuid.uuid4(), 404)):
        assert helps(officer, person_id, deed, page=page).status_code == status
    assert not {"temporary_code.issued", "activation_code.issued", "factors.reset", "account.unlocked"} & set(events())
    assert not {"proofing.recorded", "proofing.withdrawn", "help.asked"} & set(events())


@pytest.mark.parametrize("role", [Role.HR_OFFICER, Role.AUDITOR, Role.LEADER])
def test_only_help_desk_and_administrators_help(app: Flask, role: Role) -> None:
    assert browser_of(app, role).get(f"/console/people/{add_person()}/help/temporary").status_code == 403


def test_the_word_of_an_officer_who_was_suspended_meanwhile_helps_nobody(app: Flask) -> None:
    chief, suspended = add_official(Role.IT_ADMIN), add_official(Role.HELP_DESK)
    helps(sign_in(app, suspended), chief, "temporary")
    in_transaction(lambda connection: access.withdraw(connection, suspended, reason="Thôi việc", actor="cli:test"))
    assert "Cần thêm một cán bộ hỗ trợ khác" in words_of(helps(browser_of(app, Role.HELP_DESK), chief, "temporary"))
    assert officer_codes.find_open(reader(), chief) == []


def test_two_officers_help_somebody_who_holds_a_role_and_never_one_twice(app: Flask, time: ManualClock) -> None:
    """ENR-003"""
    chief = add_official(Role.IT_ADMIN)
    one, other = browser_of(app, Role.HELP_DESK), browser_of(app, Role.HELP_DESK)
    for _ in range(2):
        assert "Cần thêm một cán bộ hỗ trợ khác" in words_of(helps(one, chief, "temporary"))
    assert officer_codes.find_open(reader(), chief) == []
    assert code_on(helps(other, chief, "temporary"))
    assert len(officer_codes.find_open(reader(), chief)) == 1
    assert not code_on(helps(other, chief, "temporary")), "the first officer's word is used up"
    assert events().count("help.asked") == 3


@pytest.mark.parametrize("kind", ["temporary", "activation"])
def test_a_code_of_one_officer_is_worth_nothing_once_its_person_holds_a_role(app: Flask, kind: str) -> None:
    """ENR-003: whoever waits for the role with a slip in hand would else need no second officer."""
    person_id = add_person()
    code = code_on(helps(browser_of(app, Role.HELP_DESK), person_id, kind))
    officer_codes.match(reader(), person_id, kind, code)

    def give(connection: Connection) -> None:
        grants.grant(connection, person_id, Role.IT_ADMIN, actor="cli:test")
        access.role_granted(connection, person_id, actor="cli:test")

    in_transaction(give)
    with pytest.raises(WrongCode):
        officer_codes.match(reader(), person_id, kind, code)


def test_the_word_of_an_officer_who_lost_the_role_is_worth_nothing(app: Flask) -> None:
    """ENR-003: whoever is no officer any more is not one of two."""
    chief, first = add_official(Role.IT_ADMIN), add_official(Role.HELP_DESK)
    helps(sign_in(app, first), chief, "temporary")
    in_transaction(lambda c: grants.revoke(c, first, Role.HELP_DESK, actor="cli:test"))
    one, other = browser_of(app, Role.HELP_DESK), browser_of(app, Role.HELP_DESK)
    assert not code_on(helps(one, chief, "temporary"))
    assert code_on(helps(other, chief, "temporary"))


def test_the_word_of_the_first_officer_is_for_one_deed_and_one_hour(app: Flask, time: ManualClock) -> None:
    chief = add_official(Role.LEADER)
    officers = [add_official(Role.HELP_DESK) for _ in range(2)]
    helps(sign_in(app, officers[0]), chief, "temporary")
    assert "chưa có gì thay đổi" in words_of(helps(sign_in(app, officers[1]), chief, "reset_factors"))
    time.advance(minutes=60, seconds=1)
    assert not code_on(helps(sign_in(app, officers[1]), chief, "temporary"))


def test_a_reset_takes_every_factor_and_ends_every_session(app: Flask, time: ManualClock) -> None:
    """ENR-003"""
    person_id = add_official(name="Sùng Thị Máy")
    enrolled_phone(person_id, codes=recovery_codes.new_sheet()[:2])
    theirs = sign_in(app, person_id)
    officer = browser_of(app, Role.HELP_DESK)
    helps(officer, person_id, "temporary")
    assert "Đã hủy mọi phương tiện" in words_of(helps(officer, person_id, "reset_factors"))
    assert factors.held_by(reader(), person_id) == factors.Held()
    assert recovery_codes.left(reader(), person_id) == 0
    assert officer_codes.find_open(reader(), person_id) == []
    assert theirs.get("/account").status_code == 303
    assert events().count("factors.reset") == 1


def test_no_slip_is_printed_for_somebody_with_a_factor(app: Flask) -> None:
    person_id = add_person()
    enrolled_phone(person_id)
    assert browser_of(app, Role.HELP_DESK).get(f"/console/people/{person_id}/help/activation").status_code == 400


def test_slips_are_printed_only_where_they_are_asked_for(database_url: str) -> None:
    application = create_app(settings_for(database_url))
    application.test_client_class = FreshContextClient
    with application.app_context():
        assert browser_of(application, Role.HELP_DESK).get(f"/console/people/{add_person()}/help/activation").status_code == 404
    close(application)


def test_helping_is_for_who_has_just_signed_in(app: Flask, time: ManualClock) -> None:
    """TOT-009"""
    person_id, officer = add_person(), browser_of(app, Role.HELP_DESK)
    time.advance(minutes=6)
    assert officer.get(f"/console/people/{person_id}/help/temporary").headers["Location"].startswith("/sign-in?flow=")


@pytest.mark.parametrize(("kind", "lives"), [("temporary", {"minutes": 15}), ("activation", {"days": 14})])
def test_a_code_lives_as_long_as_its_kind(app: Flask, time: ManualClock, kind: str, lives: dict[str, int]) -> None:
    person_id = add_person()
    code = code_on(helps(browser_of(app, Role.HELP_DESK), person_id, kind))
    code_id = officer_codes.match(reader(), person_id, kind, code)
    time.advance(**lives)
    with pytest.raises(WrongCode):
        officer_codes.match(reader(), person_id, kind, code)
    with pytest.raises(WrongCode):
        in_transaction(lambda c: officer_codes.use(c, code_id, new_id()))
