"""Rules of what a draft tells of the second administrator: whether one is needed and why, and that they hear of it."""

import uuid

import pytest
from flask import Flask

from idp.people.models import StaffCategory
from idp.roles.models import Role
from tests.idp.console.test_draft_pages import DATA, begin, decide, fill_in
from tests.support.people import add_unit
from tests.support.signed_in import browser_of, send_form, words_of

EVERY_CATEGORY = [category.value for category in StaffCategory]


@pytest.fixture
def unit(app: Flask) -> uuid.UUID:
    return add_unit("Sở Y tế", code="H27.5")


@pytest.mark.parametrize(
    ("environment", "entry", "reason"),
    [
        ("test", {}, None),
        ("production", {}, "Môi trường chính thức"),
        ("test", {"entry_everybody": "1"}, "Mọi cán bộ đều vào được"),
        ("test", {"entry_categories": EVERY_CATEGORY, "entry_units": ""}, "Mọi cán bộ đều vào được"),
    ],
)
def test_the_last_page_offers_what_will_happen_and_says_why_a_second_one_is_needed(
    app: Flask, unit: uuid.UUID, environment: str, entry: dict[str, object], reason: str | None
) -> None:
    first = browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    fill_in(first, draft, environment=environment)
    send_form(first, f"{draft}/data", {**DATA, **entry})
    page = words_of(first.get(f"{draft}/check"))
    assert ("Gửi duyệt" in page, "Kết nối ngay" in page) == (reason is not None, reason is None)
    assert reason is None or reason in page
    connected = decide(first, draft, "submit").headers["Location"].endswith("/done")
    assert connected is (reason is None)


def test_the_first_page_of_who_may_approve_names_what_waits_and_nobody_else_s(app: Flask, unit: uuid.UUID) -> None:
    first, second, auditor = (browser_of(app, role) for role in (Role.IT_ADMIN, Role.IT_ADMIN, Role.AUDITOR))
    draft = begin(first)
    fill_in(first, draft, environment="production")
    decide(first, draft, "submit")
    told = "Bản đăng ký kết nối “Một cửa điện tử” chờ phê duyệt."
    assert f'href="{draft}/check"' in second.get("/console").text
    assert [told in words_of(browser.get("/console")) for browser in (first, second, auditor)] == [False, True, False]
    decide(second, draft, "approve")
    assert told not in words_of(second.get("/console"))


def test_who_may_enter_is_told_in_words_and_what_it_is_for_with_it(app: Flask, unit: uuid.UUID) -> None:
    first = browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    fill_in(first, draft)
    send_form(first, f"{draft}/data", {**DATA, "entry_categories": ["cong_chuc"], "entry_roles": ["leader"]})
    page = words_of(first.get(f"{draft}/check"))
    assert "Công chức, Lãnh đạo" in page
    assert "cong_chuc" not in page
    assert "Nhận hồ sơ" in page
    assert "an@hagiang.gov.vn, binh@hagiang.gov.vn" in page


@pytest.mark.parametrize("typed", ["so y te", "y tế", "SỞ Y"])
def test_a_unit_that_is_not_typed_in_full_is_answered_with_its_name_and_code(app: Flask, unit: uuid.UUID, typed: str) -> None:
    first = browser_of(app, Role.IT_ADMIN)
    draft = begin(first)
    page = words_of(send_form(first, f"{draft}/about", {"client_name": "Một cửa", "owner": typed}))
    assert "ví dụ: Sở Y tế (H27.5)." in page
    assert "Không có đơn vị nào" in words_of(send_form(first, f"{draft}/about", {"client_name": "Một cửa", "owner": "Sở %"}))
