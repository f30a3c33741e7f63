"""Rules of acting on the figures: one letter a week at the most, broken off and gone on with, and what came of it is told."""

import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from idp import access, audit, clock, outbox
from idp.clock import ManualClock
from idp.database import in_transaction, reader, table_of
from idp.enrollment.campaigns import campaigns, enrolment_days, escalation, reminders
from idp.enrollment.campaigns.models import ReminderOrder
from idp.enrollment.reports import subscriptions
from idp.enrollment.snapshots import look_at_all
from idp.enrollment.standing_models import RungInterval
from idp.errors import Refusal
from idp.outbox import DELIVERERS_KEY, OutboxMessage, deliver_due
from idp.people.models import Person
from idp.people.units import find_unit
from idp.roles.models import Role
from tests.support.enrolled_people import add_proofing
from tests.support.mail_server import MailServer, mail_server
from tests.support.people import add_person
from tests.support.signed_in import add_official, browser_of, csrf_token, send_form, words_of
from tests.support.tracked_province import Province, build_province, freeze

_o, _m, _p = table_of(ReminderOrder), table_of(OutboxMessage), table_of(Person)


@pytest.fixture(scope="module")
def running() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def mails(app: Flask, running: MailServer) -> MailServer:
    """A real mail server, emptied, that the settings name."""
    running.taken.clear()
    running.answer = ""
    given = {"smtp_url": type(app.extensions["hopnhat.settings"].sealing_keys)(running.url), "mail_from": "dinhdanh@hagiang.gov.vn"}
    app.extensions["hopnhat.settings"] = app.extensions["hopnhat.settings"].model_copy(update=given)
    return running


@pytest.fixture
def province(app: Flask, time: ManualClock) -> Province:
    built = build_province()
    freeze()
    return built


def _order(unit_id: uuid.UUID | None, rung: str = "") -> None:
    in_transaction(lambda connection: reminders.order_reminders(connection, rung, unit_id, reason="Đôn đốc tháng 11", actor="cli:test"))
    reminders.remind_job()


def _deliver(app: Flask) -> None:
    while deliver_due(app.extensions[DELIVERERS_KEY]):
        pass


def test_each_person_below_the_top_gets_one_letter_with_the_step_they_miss(app: Flask, province: Province, mails: MailServer) -> None:
    in_transaction(
        lambda connection: enrolment_days.plan_day(
            connection, province.district, clock.now().date() + timedelta(days=3), "Hội trường huyện", "Lù Văn Sửu, 0219", actor="cli:test"
        )
    )
    _order(province.commune)
    _deliver(app)
    assert len(mails.taken) == 8  # of ten there, B0 have no mail: two
    letter = next(mail for mail in mails.taken if "B4" in str(mail["To"]))
    text = letter.get_content()
    assert "Đăng nhập bằng hai yếu tố." in text
    assert "27/11/2026, tại Hội trường huyện" in text
    assert "http" not in text
    told = reader().execute(select(_o)).one()
    assert (told.written, told.lately, told.without_mail) == (8, 0, 2)


def test_nobody_is_reminded_more_than_once_a_week(app: Flask, province: Province, mails: MailServer, time: ManualClock) -> None:
    _order(province.commune)
    time.advance(days=6, hours=23)
    _order(None)
    _deliver(app)
    assert len(mails.taken) == 8 + 3 + 10
    assert len({str(mail["To"]) for mail in mails.taken}) == len(mails.taken)
    time.advance(hours=1)
    _order(province.commune)
    _deliver(app)
    assert len(mails.taken) == 21 + 8


def test_an_order_that_broke_off_goes_on_where_it_was(
    app: Flask, province: Province, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH", 3)
    in_transaction(lambda connection: reminders.order_reminders(connection, "", province.commune, reason="Đôn đốc", actor="cli:test"))
    assert in_transaction(reminders.carry_on)

    def broken(connection: object) -> None:
        reminders.carry_on(connection)  # type: ignore[arg-type]
        raise RuntimeError("the worker dies")

    with pytest.raises(RuntimeError):
        in_transaction(broken)
    reminders.remind_job()
    _deliver(app)
    assert len(mails.taken) == len({str(mail["To"]) for mail in mails.taken}) == 8


def test_who_has_enrolled_since_gets_no_letter(app: Flask, province: Province, mails: MailServer) -> None:
    person_id = add_person("vua-xong", "Sùng Thị Máy", staff_category="cong_chuc", unit_id=province.commune)
    in_transaction(look_at_all)
    _order(province.commune)
    in_transaction(lambda connection: connection.execute(_open_interval_of(person_id)))
    _deliver(app)
    assert not [mail for mail in mails.taken if "Máy" in str(mail["To"])]


def _open_interval_of(person_id: uuid.UUID) -> Any:
    table = table_of(RungInterval)
    return table.update().where(table.c.person_id == person_id).values(to_at=clock.now(), end_cause="person.suspended")


def test_without_a_mail_server_the_refusal_says_so(app: Flask, province: Province) -> None:
    with pytest.raises(Refusal):
        _order(None)
    browser = browser_of(app, Role.HR_OFFICER)
    assert "Chưa thiết lập máy chủ thư" in words_of(browser.get("/console/enrollment/campaigns"))
    sent = send_form(browser, f"/console/enrollment/remind?unit={province.commune}", {"reason": "Đôn đốc tháng 11"})
    assert "Chưa thiết lập máy chủ thư" in words_of(sent)


def test_a_campaign_goes_in_waves_and_tells_what_came_of_each(app: Flask, province: Province, mails: MailServer, time: ManualClock) -> None:
    today = clock.now().date()
    waves = [(today, 4), (today + timedelta(days=10), None)]
    made = in_transaction(
        lambda connection: campaigns.make_campaign(connection, "Tháng cao điểm", "", province.commune, waves, actor="cli:test")
    )
    campaigns.campaign_job()
    campaigns.campaign_job()
    effects = campaigns.effect_of(reader(), made)
    assert effects[0].people == effects[1].people == 4
    reminders.remind_job()
    _deliver(app)
    assert len(mails.taken) == reader().execute(select(func.count()).where(_m.c.kind == "reminder")).scalar_one() <= 4
    time.advance(days=10)
    campaigns.campaign_job()
    assert campaigns.effect_of(reader(), made)[0].people == 10
    shown = words_of(browser_of(app, Role.HR_OFFICER).get(f"/console/enrollment/campaigns/{made}"))
    assert "Tháng cao điểm" in shown
    stranger = browser_of(app, Role.HR_OFFICER, unit_of_role=province.department)
    assert stranger.get(f"/console/enrollment/campaigns/{made}").status_code == 404


def test_the_effect_of_a_campaign_is_who_stands_higher_now(app: Flask, province: Province) -> None:
    person_id = reader().execute(select(_p.c.id).where(_p.c.unit_id == province.commune, _p.c.name.like("% B2 %"))).scalar_one()
    today = clock.now().date()
    made = in_transaction(lambda connection: campaigns.make_campaign(connection, "Xác minh", "", None, [(today, None)], actor="cli:test"))
    campaigns.campaign_job()
    add_proofing(person_id)
    in_transaction(audit.link_events)
    in_transaction(look_at_all)
    effect = campaigns.effect_of(reader(), made)[0]
    assert (effect.people, effect.rose, effect.reached, effect.fell, effect.left) == (24, 1, 0, 0, 0)


def _climb(day: date) -> int:
    return in_transaction(lambda connection: escalation.climb(connection, day, None, actor="cli:test", reason="Chậm hai tháng liền"))


def test_a_lagging_unit_is_told_of_to_its_officer_then_its_head_then_the_province_two_weeks_apart(
    app: Flask, province: Province, mails: MailServer
) -> None:
    officer = add_official(Role.HR_OFFICER, name="Ma Thị Hà", unit_of_role=province.commune)
    head = add_official(Role.LEADER, name="Giàng A Páo", unit_of_role=province.district)
    add_official(Role.LEADER, name="Lò Thị Mai")
    day = clock.now().date()
    assert _climb(day) == 2  # the commune's officer; of the department, which has neither officer nor head, the province
    _deliver(app)
    told = {str(mail["To"]).partition(" <")[0]: mail.get_content() for mail in mails.taken}
    assert set(told) == {"Ma Thị Hà", "Lò Thị Mai"}
    assert "UBND xã Lũng Cú: 0/9 (0,00%)" in told["Ma Thị Hà"]
    assert "Sở Nội vụ" in told["Lò Thị Mai"]
    assert "Vàng Mí Sính" not in "".join(told.values())
    rung = next(one for one in escalation.ladder(reader(), day, None) if one.unit.line.unit_id == province.commune)
    assert [one.id for one in escalation.people_of(reader(), escalation.Step.OFFICERS, province.commune)] == [officer]
    assert (rung.told, rung.next_step, rung.due_on) == ([(escalation.Step.OFFICERS, day)], escalation.Step.HEAD, day + timedelta(days=14))
    assert [one.id for one in rung.people] == [head]
    assert _climb(day) == 0
    in_transaction(lambda connection: access.withdraw(connection, officer, reason="Thôi việc", actor="cli:test"))
    assert escalation.people_of(reader(), escalation.Step.OFFICERS, province.commune) == [], "nobody who was suspended is told"
    in_transaction(lambda c: outbox.enqueue(c, escalation.KIND, {"day": day.isoformat(), "lines": []}, person_id=officer))
    _deliver(app)
    assert {str(mail["To"]).partition(" <")[0] for mail in mails.taken} == set(told), "nor what was written before"


def test_steps_have_their_days_and_a_unit_that_no_longer_lags_leaves_the_ladder(
    app: Flask, province: Province, mails: MailServer, time: ManualClock
) -> None:
    add_official(Role.LEADER, name="Giàng A Páo", unit_of_role=province.district)
    add_official(Role.LEADER, name="Lò Thị Mai")
    begun = clock.now().date()
    assert _climb(begun) == 2
    for days_later, letters in ((13, 0), (1, 1), (14, 0)):  # the province is the last step
        time.advance(days=days_later)
        freeze()
        assert _climb(clock.now().date()) == letters, days_later
    rung = next(one for one in escalation.ladder(reader(), clock.now().date(), None) if one.unit.line.unit_id == province.commune)
    assert [on for _step, on in rung.told] == [begun, begun + timedelta(days=14)]
    assert rung.next_step is None
    gone = update(_p).where(_p.c.unit_id == province.commune).values(state="suspended", state_reason="gone_from_directory")
    in_transaction(lambda connection: connection.execute(gone))
    time.advance(days=1)
    freeze()
    _climb(clock.now().date())
    assert province.commune in {row.unit_id for row in escalation.list_past(reader())}


def test_a_report_comes_by_mail_on_its_day_once_and_only_to_who_may_still_see_it(
    app: Flask, province: Province, mails: MailServer, time: ManualClock
) -> None:
    leader = add_official(Role.LEADER, name="Giàng A Páo", unit_of_role=province.district)
    nobody = add_official(None, name="Không Vai Trò")
    for person_id in (leader, nobody):
        in_transaction(lambda connection, person_id=person_id: subscriptions.subscribe(connection, person_id, "week"))  # type: ignore[misc]
    assert in_transaction(subscriptions.write_due) == 0  # a Tuesday
    time.advance(days=6)
    assert [in_transaction(subscriptions.write_due), in_transaction(subscriptions.write_due)] == [2, 0]
    _deliver(app)
    assert len(mails.taken) == 1
    attached = next(iter(mails.taken[0].iter_attachments()))
    assert attached.get_filename() == "bieu-01-2026-11-24.xlsx"


def test_pages_of_acting_keep_what_was_typed_and_say_what_is_wrong(app: Flask, province: Province) -> None:
    browser = browser_of(app, Role.HR_OFFICER)
    page = "/console/enrollment/campaigns"
    sent = words_of(send_form(browser, page, {"name": "Tháng cao điểm", "segment": "", "unit": ""}))
    assert "Mỗi lượt cần một ngày" in sent
    assert 'value="Tháng cao điểm"' in sent
    made = send_form(browser, page, {"name": "Tháng cao điểm", "segment": "B2", "unit": str(province.commune), "day1": "2026-12-01"})
    assert made.status_code == 303
    commune = find_unit(reader(), province.commune)
    assert commune is not None
    assert (
        f'id="day_unit" name="day_unit" type="text" value="{commune.code or commune.name}"'
        in browser.get(f"{page}?unit={province.commune}").text
    )
    day = {
        "day_unit": commune.name,
        "day": "2026-12-01",
        "place": "Nhà văn hóa",
        "officer": "Lù Văn Sửu",
        "csrf_token": csrf_token(browser, page),
    }
    mistyped = browser.post("/console/enrollment/days", data={**day, "day_unit": "xã nào đó"})
    assert "Không có đơn vị nào mang mã hoặc tên" in words_of(mistyped)
    assert 'value="xã nào đó"' in mistyped.text
    assert browser.post("/console/enrollment/days", data=day).status_code == 303
    assert "Nhà văn hóa" in words_of(browser.get(page))
    assert browser_of(app, Role.LEADER).get(page).status_code == 403
