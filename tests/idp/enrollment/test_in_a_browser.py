"""The tracker's pages are for everybody: by a screen reader and on a narrow screen; as leader, auditor and HR officer."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from sqlalchemy import Connection

from idp import clock
from idp.app import create_app
from idp.clock import ManualClock
from idp.database import in_transaction, reader
from idp.enrollment.campaigns import campaigns, enrolment_days
from idp.enrollment.closings import close_period
from idp.enrollment.figures_of_day import newest_day
from idp.enrollment.other_tree import trees_to_show
from idp.enrollment.periods import PeriodKind, period_of
from idp.roles.models import Role
from tests.support.browser import accessibility_faults, overflow_pixels, person_at
from tests.support.enrolled_people import add_person_on
from tests.support.installation import Databases, FreshContextClient, close, settings_for
from tests.support.served import served
from tests.support.services import free_port
from tests.support.signed_in import add_official, sign_in
from tests.support.tracked_province import Province, build_province, freeze, merge_district

TRACKER = "/console/enrollment"
BEGAN = datetime(2026, 11, 4, 1, tzinfo=UTC)  # 08:00 in Hà Giang
ROLES = (Role.LEADER, Role.AUDITOR, Role.HR_OFFICER)


@dataclass(frozen=True)
class Site:
    """A served province with something on every page. `cookies`: of somebody in each role; `paths`: the pages of each."""

    origin: str
    cookies: dict[Role, str]
    paths: dict[Role, list[str]]


def _twenty_days(time: ManualClock) -> Province:
    province = build_province()
    for number in range(20):
        if number == 12:
            merge_district(province)
        if number % 2 == 0:
            add_person_on("B6", unit_id=province.department, name=f"Sùng Thị Máy {number}")
        time.advance(hours=1)
        freeze()
        time.advance(hours=23)
    return province


def _act(connection: Connection, province: Province) -> uuid.UUID:
    today, day = clock.now().date(), newest_day(connection)
    close_period(connection, PeriodKind.MONTH, period_of(PeriodKind.MONTH, today), day=day, reason="Chốt thử", actor="cli:test")
    enrolment_days.plan_day(connection, province.top, today + timedelta(days=9), "Hội trường UBND", "Lù Văn Đạt", actor="cli:test")
    return campaigns.make_campaign(
        connection, "Đợt tháng 12", "", province.top, [(today, 5), (today + timedelta(days=7), None)], actor="cli:test"
    )


def _paths(province: Province, campaign_id: uuid.UUID) -> dict[Role, list[str]]:
    day = newest_day(reader())
    assert day
    tree = trees_to_show(reader(), day)[0][0]
    common = [
        "", f"?unit={province.top}", f"?unit={province.department}", f"/tree?tree={tree}", "/systems", "/quality", "/reports",
        "/reports/1", "/reports/2", "/reports/4", "/reports/prose", "/reports/definitions", "/closings", "/parameters", "/now",
    ]  # fmt: skip
    return {
        Role.LEADER: common, Role.AUDITOR: ["", "/reports", "/closings"],
        Role.HR_OFFICER: ["", "/campaigns", f"/campaigns/{campaign_id}", f"/remind?unit={province.top}", f"/people?unit={province.top}", f"/people?day={day}"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def site(sqlite_databases: Databases) -> Iterator[Site]:
    port, time = free_port(), ManualClock(BEGAN)
    app = create_app(settings_for(sqlite_databases.fresh(), issuer=f"http://127.0.0.1:{port}", tracker_public=True))
    app.test_client_class = FreshContextClient
    with clock.using(time), app.app_context():
        province = _twenty_days(time)
        campaign_id = in_transaction(lambda connection: _act(connection, province))
        campaigns.campaign_job()
        with served(app, port) as origin:
            yield Site(origin, {role: _cookie(app, role) for role in ROLES}, _paths(province, campaign_id))
    close(app)


def _cookie(app: Flask, role: Role) -> str:
    cookie = sign_in(app, add_official(role)).get_cookie("hopnhat_session", domain="localhost")
    assert cookie is not None
    return cookie.value


def _judge(page: Page) -> None:
    assert accessibility_faults(page) == []
    assert overflow_pixels(page) == 0, page.url


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_the_tracker_is_for_everybody(site: Site, chrome: Browser, role: Role, narrow: bool) -> None:
    with person_at(chrome, narrow=narrow) as page:
        page.context.add_cookies([{"name": "hopnhat_session", "value": site.cookies[role], "url": site.origin}])
        for path in site.paths[role]:
            answer = page.goto(f"{site.origin}{TRACKER}{path}")
            assert answer is not None
            assert answer.status == 200, path
            _judge(page)
        if role is Role.AUDITOR:
            page.goto(f"{site.origin}{TRACKER}/reports")
            page.click("form[action$='/verify'] button")
            _judge(page)
        if role is Role.HR_OFFICER:
            page.fill("[name=reason]", "Đối chiếu kỳ tháng 11")
            page.click("button[value=page]")
            assert "Sùng Thị Máy" in page.inner_text("main")
            _judge(page)


@pytest.mark.parametrize("narrow", [False, True], ids=["wide", "narrow"])
def test_the_public_figures_are_for_everybody(site: Site, chrome: Browser, narrow: bool) -> None:
    with person_at(chrome, narrow=narrow) as page:
        page.goto(f"{site.origin}/public/enrollment")
        assert "Số người quá ít" not in page.inner_text("main")
        _judge(page)
