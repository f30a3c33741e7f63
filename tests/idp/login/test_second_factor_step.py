"""Rules of the second factor: the code from the phone, and the printed sheet."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from idp import clock
from idp.audit import AuditEvent
from idp.credentials import recovery_codes
from idp.credentials.models import RecoveryCode
from idp.credentials.printed_codes import NewCode
from idp.database import in_transaction, reader, table_of
from idp.roles import grants
from idp.roles.models import Role
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL1, AAL2
from tests.support.bind_directory import BindDirectory
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official


@pytest.fixture(scope="module")
def sheet() -> list[NewCode]:
    return recovery_codes.new_sheet()


def events() -> list[str]:
    table = table_of(AuditEvent)
    return list(reader().execute(select(table.c.event).order_by(table.c.id)).scalars())


def test_two_factors_are_asked_for_one_after_the_other(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    visitor.asks(minimum_acr=AAL2, client_name="Một cửa")
    visitor.types_password()
    assert visitor.path == "/sign-in/factor"
    assert "Một cửa" in visitor.text
    before = visitor.session()
    assert before is not None
    assert before.acr == AAL1
    first_cookie = visitor.cookie()
    visitor.sends(code=code_on(secret))
    assert visitor.left_to == f"/authorize/resume?flow={visitor.flow}"
    session = visitor.session()
    assert session is not None
    assert (session.session_id, session.acr, session.amr) == (before.session_id, AAL2, "pwd otp mfa")
    assert first_cookie
    assert browser_sessions.find(first_cookie) is None
    assert visitor.cookie() != first_cookie


def test_step_up_asks_for_the_second_factor_only(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    visitor.asks()
    visitor.types_password()
    time.advance(minutes=50)
    visitor.asks(minimum_acr=AAL2)
    assert visitor.path == "/sign-in/factor"
    visitor.sends(code=code_on(secret))
    session = visitor.session()
    assert session is not None
    assert session.auth_time == time.instant
    visitor.asks(minimum_acr=AAL2)
    assert visitor.left_to is not None


def test_a_demand_for_a_fresh_sign_in_asks_for_both_factors_again(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    secret = enrolled_phone(official(directory))
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=code_on(secret))
    time.advance(minutes=1)
    visitor.asks(minimum_acr=AAL2, not_before=time.instant)
    assert visitor.path == "/sign-in"
    visitor.types_password()
    session = visitor.session()
    assert session is not None
    assert session.acr == AAL1
    assert visitor.path == "/sign-in/factor"
    visitor.sends(code=code_on(secret))
    assert visitor.left_to is not None


def test_a_code_used_once_is_answered_like_a_wrong_one(app: Flask, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    first, second = Visitor(app), Visitor(app)
    for visitor in (first, second):
        visitor.asks(minimum_acr=AAL2)
        visitor.types_password()
    first.sends(code=code_on(secret))
    assert first.left_to is not None
    replayed = second.sends(code=code_on(secret))
    said = second.text.replace(second.form()["csrf_token"], "")
    assert replayed.status_code == 400
    wrong = second.sends(code="000000")
    assert second.text.replace(second.form()["csrf_token"], "") == said
    assert wrong.status_code == 400
    session = second.session()
    assert session is not None
    assert session.acr == AAL1


def test_failures_are_counted_for_the_person_over_sessions_and_kinds_of_codes(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    secret = enrolled_phone(official(directory), codes=sheet)
    for path, wrong in (("factor", "000000"), ("recovery", "AAAA-BBBB"), ("factor", "111111"), ("recovery", "x"), ("factor", "")):
        visitor = Visitor(app)
        visitor.asks(minimum_acr=AAL2)
        visitor.types_password()
        visitor.opens(f"/sign-in/{path}?flow={visitor.flow}")
        assert visitor.sends(code=wrong).status_code == 400
    assert "tạm khóa đến 08:05" in visitor.text
    for path, right in (("factor", code_on(secret)), ("recovery", sheet[0].code)):
        visitor.opens(f"/sign-in/{path}?flow={visitor.flow}")
        assert visitor.sends(code=right).status_code == 429
        assert "tạm khóa đến 08:05" in visitor.text
    assert events().count("account.throttled") == 1
    time.advance(minutes=5)
    visitor.opens(f"/sign-in/factor?flow={visitor.flow}")
    visitor.sends(code=code_on(secret))
    assert visitor.left_to is not None


def test_a_phone_whose_clock_is_behind_gets_advice(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock) -> None:
    secret = enrolled_phone(official(directory))
    late = code_on(secret)
    time.advance(minutes=5)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=late)
    assert "tự động chỉnh giờ" in visitor.text


def test_a_recovery_code_stands_in_once_and_the_person_is_told_how_many_are_left(
    app: Flask, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    enrolled_phone(official(directory), codes=sheet)
    visitor = Visitor(app)
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.opens(f"/sign-in/recovery?flow={visitor.flow}")
    visitor.sends(code=sheet[0].code.lower())
    assert visitor.path == "/sign-in/recovery/used"
    assert "Còn 9 mã dự phòng" in visitor.text
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL2, "pwd recovery mfa")
    visitor.sends()
    assert visitor.left_to is not None
    again = Visitor(app)
    again.asks(minimum_acr=AAL2)
    again.types_password()
    again.opens(f"/sign-in/recovery?flow={again.flow}")
    assert again.sends(code=sheet[0].code).status_code == 400


def test_few_recovery_codes_left_are_a_warning(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    person_id, codes = official(directory), table_of(RecoveryCode)
    enrolled_phone(person_id, codes=sheet)
    kept = {recovery_codes.match(reader(), person_id, new.code) for new in sheet[:4]}
    in_transaction(lambda c: c.execute(update(codes).where(codes.c.id.not_in(kept)).values(used_at=clock.now())))
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.opens(f"/sign-in/recovery?flow={visitor.flow}")
    visitor.sends(code=sheet[0].code)
    assert "Còn 3 mã dự phòng" in visitor.text
    assert "Tạo phiếu mã mới" in visitor.text


def test_an_administrator_is_nobody_until_both_factors_are_shown(
    visitor: Visitor, directory: BindDirectory, time: clock.ManualClock
) -> None:
    person_id = official(directory)
    secret = enrolled_phone(person_id)
    in_transaction(lambda c: grants.grant(c, person_id, Role.IT_ADMIN, actor="test"))
    visitor.asks(minimum_acr=AAL1)
    visitor.types_password()
    assert visitor.path == "/sign-in/factor"
    assert visitor.session() is None
    for path in ("/account", "/console"):
        assert visitor.browser.get(path).location.startswith("/sign-in?flow=")
    visitor.opens(f"/sign-in/factor?flow={visitor.flow}")
    visitor.sends(code=code_on(secret))
    assert visitor.left_to is not None
    session = visitor.session()
    assert session is not None
    assert session.acr == AAL2


def test_an_administrator_who_used_a_recovery_code_enrols_a_new_phone_and_the_lost_one_is_worth_nothing(
    app: Flask, visitor: Visitor, directory: BindDirectory, time: clock.ManualClock, sheet: list[NewCode]
) -> None:
    person_id = official(directory)
    lost = enrolled_phone(person_id, codes=sheet)
    in_transaction(lambda c: grants.grant(c, person_id, Role.AUDITOR, actor="test"))
    visitor.asks()
    visitor.types_password()
    visitor.opens(f"/sign-in/recovery?flow={visitor.flow}")
    visitor.sends(code=sheet[1].code)
    visitor.sends()
    assert visitor.path == "/sign-in/enroll"
    visitor.sends(code=code_on(visitor.text.split('class="key"><code>')[1].split("<")[0].replace(" ", "")))
    assert visitor.left_to is not None
    thief = Visitor(app)
    thief.asks()
    thief.types_password()
    assert thief.sends(code=code_on(lost)).status_code == 400


@pytest.mark.parametrize("path", ["factor", "recovery", "enroll", "recovery-codes", "notice"])
def test_no_step_is_skipped_by_its_url(visitor: Visitor, directory: BindDirectory, time: clock.ManualClock, path: str) -> None:
    enrolled_phone(official(directory))
    visitor.asks(minimum_acr=AAL2)
    token = visitor.form()
    response = visitor.browser.post(f"/sign-in/{path}?flow={visitor.flow}", data={**token, "code": "123456"})
    assert (response.status_code, response.location) == (303, f"/sign-in?flow={visitor.flow}")
    visitor.types_password()
    if path in ("factor", "recovery"):
        return
    for answer in (
        visitor.browser.get(f"/sign-in/{path}?flow={visitor.flow}"),
        visitor.browser.post(f"/sign-in/{path}?flow={visitor.flow}", data={**token, "code": "123456"}),
    ):
        assert (answer.status_code, answer.location) == (303, f"/sign-in/factor?flow={visitor.flow}")
