"""Rules of filters that somebody keeps under a name."""

from flask import Flask

from idp.console.saved_filters import MOST
from idp.roles.models import Role
from tests.support.signed_in import browser_of, csrf_token, send_form, words_of

PEOPLE, KEEP = "/console/people", "/console/filters/people"


def test_a_filter_is_kept_under_its_name_and_leads_back_to_the_list(app: Flask) -> None:
    browser = browser_of(app, Role.AUDITOR)
    answer = send_form(
        browser, f"{KEEP}?q=m%C3%A1y&state=suspended&endpoint=x&after=y", {"name": " Đã  nghỉ "}, page=f"{PEOPLE}?q=m%C3%A1y"
    )
    assert answer.status_code == 303
    page = words_of(browser.get(PEOPLE))
    assert "Đã nghỉ" in page
    assert 'href="/console/people?q=m%C3%A1y&amp;state=suspended"' in page
    assert "Đã nghỉ" not in words_of(browser.get("/console/audit"))


def test_a_name_used_again_replaces_and_a_name_that_looks_like_html_stays_a_name(app: Flask) -> None:
    browser = browser_of(app, Role.AUDITOR)
    for query in ("q=an", "q=binh"):
        send_form(browser, f"{KEEP}?{query}", {"name": "<b>x</b>"}, page=f"{PEOPLE}?q=an")
    page = words_of(browser.get(PEOPLE))
    assert page.count("&lt;b&gt;x&lt;/b&gt;") == 2  # the link, and the button that deletes it
    assert "q=binh" in page
    assert "<b>x" not in page


def test_nothing_to_keep_no_name_and_too_many_are_refused(app: Flask) -> None:
    browser = browser_of(app, Role.AUDITOR)
    page = f"{PEOPLE}?q=an"
    for query, name in (("", "x"), ("?q=an", " "), ("?q=an", "x" * 61), ("?q=" + "a" * 2100, "x")):
        assert send_form(browser, KEEP + query, {"name": name}, page=page).status_code == 400, (query[:9], name)
    for number in range(MOST):
        assert send_form(browser, f"{KEEP}?q=an", {"name": f"x{number}"}, page=page).status_code == 303
    assert send_form(browser, f"{KEEP}?q=an", {"name": "one more"}, page=page).status_code == 400
    assert send_form(browser, f"{KEEP}?q=binh", {"name": "x0"}, page=page).status_code == 303


def test_nobody_sees_or_deletes_the_filter_of_somebody_else(app: Flask) -> None:
    mine, other = browser_of(app, Role.AUDITOR), browser_of(app, Role.AUDITOR)
    send_form(mine, f"{KEEP}?q=an", {"name": "Nghỉ hưu quý này"}, page=f"{PEOPLE}?q=an")
    address = words_of(mine.get(PEOPLE)).split('action="/console/filters/')[1].split('"')[0]
    assert "Nghỉ hưu quý này" not in words_of(other.get(PEOPLE))
    token = csrf_token(other, f"{PEOPLE}?q=an")
    assert other.post(f"/console/filters/{address}", data={"csrf_token": token}).status_code == 404
    assert send_form(mine, f"/console/filters/{address}", {}, page=PEOPLE).status_code == 303
    assert "Nghỉ hưu quý này" not in words_of(mine.get(PEOPLE))
