"""Rules of what is kept of a drawn day: worked out once, shown only to whoever may see it now, in the reader's own language."""

import pytest
from flask import Flask

from idp.clock import ManualClock
from idp.database import in_transaction
from idp.roles.grants import grant, revoke
from idp.roles.models import Role
from tests.support.plans import watched_questions
from tests.support.signed_in import add_official, browser_of, sign_in, words_of
from tests.support.tracked_province import Province, build_province, freeze

PAGE = "/console/enrollment"


@pytest.fixture
def province(app: Flask, time: ManualClock) -> Province:
    built = build_province()
    freeze()
    return built


def test_the_next_view_of_a_day_asks_the_database_for_no_figure_again(app: Flask, province: Province) -> None:
    browser, another = browser_of(app, Role.LEADER), browser_of(app, Role.AUDITOR)
    first = words_of(browser.get(PAGE))
    for reader in (browser, another):
        with watched_questions() as asked:
            shown = words_of(reader.get(PAGE))
        assert not [statement for statement, _values in asked if "snapshot_total" in statement or "snapshot_system" in statement]
    assert words_of(browser.get(PAGE)).count("<tr") == first.count("<tr")
    assert "2 / 24 người được vào" in " ".join(shown.split())


def test_what_was_drawn_for_the_whole_province_is_not_shown_to_whoever_may_see_a_unit(app: Flask, province: Province) -> None:
    person_id = add_official(Role.LEADER)
    assert "Sở Nội vụ" in words_of(sign_in(app, person_id).get(PAGE))
    in_transaction(lambda connection: revoke(connection, person_id, Role.LEADER, actor="cli:test"))
    assert sign_in(app, person_id).get(PAGE).status_code == 403
    in_transaction(lambda connection: grant(connection, person_id, Role.LEADER, unit_id=province.district, actor="cli:test"))
    browser = sign_in(app, person_id)
    assert "Sở Nội vụ" not in words_of(browser.get(PAGE))
    assert browser.get(f"{PAGE}?unit={province.department}").status_code == 404
    assert "UBND xã Lũng Cú" in words_of(browser.get(f"{PAGE}?unit={province.district}"))


def test_a_kept_day_is_told_in_the_language_of_whoever_reads_it(app: Flask, province: Province) -> None:
    browser = browser_of(app, Role.LEADER)
    assert "Theo đơn vị" in words_of(browser.get(PAGE))
    browser.set_cookie("hopnhat_language", "en", domain="localhost")
    shown = words_of(browser.get(PAGE))
    assert "Theo đơn vị" not in shown
    assert "Theo cấp" not in shown


def test_the_day_that_came_after_is_drawn_anew(app: Flask, province: Province, time: ManualClock) -> None:
    browser = browser_of(app, Role.LEADER)
    before = words_of(browser.get(PAGE))
    time.advance(days=1)
    freeze()
    after = words_of(browser_of(app, Role.LEADER).get(PAGE))
    assert "24/11/2026" in before
    assert "25/11/2026" in after
    assert "người thông suốt, hợp nhất so với 24/11/2026" in after
