"""Rules of languages: the source is Vietnamese, English is one link away, and nothing else is guessed."""

import pytest
from flask import Flask
from flask_babel import force_locale, gettext

from idp.web.language import COOKIE, current_language, english


def _title(answer: object) -> str:
    return str(answer.get_data(as_text=True)).split("<title>")[1].split("</title>")[0]  # type: ignore[attr-defined]


VIETNAMESE, ENGLISH = "Không tìm thấy trang – Định danh cán bộ", "Page not found – Staff Identity"


@pytest.mark.parametrize(
    ("accepted", "title"),
    [
        (None, VIETNAMESE),
        ("vi", VIETNAMESE),
        ("en", ENGLISH),
        ("en-GB,en;q=0.9", ENGLISH),
        ("fr", VIETNAMESE),
        ("fr,en;q=0.5", ENGLISH),
        ("vi;q=0.4,en;q=0.3", VIETNAMESE),
        ("*", VIETNAMESE),
        (";;;,", VIETNAMESE),
        ("x" * 5000, VIETNAMESE),
    ],
)
def test_the_browser_s_language_counts_when_it_is_one_of_ours(app: Flask, accepted: str | None, title: str) -> None:
    headers = {"Accept-Language": accepted} if accepted else {}
    assert _title(app.test_client().get("/nowhere", headers=headers)) == title


@pytest.mark.parametrize(("chosen", "title"), [("en", ENGLISH), ("vi", VIETNAMESE), ("xx", VIETNAMESE), ("../../etc", VIETNAMESE)])
def test_what_was_chosen_wins_over_the_browser(app: Flask, chosen: str, title: str) -> None:
    browser = app.test_client()
    browser.set_cookie(COOKIE, chosen)
    assert _title(browser.get("/nowhere", headers={"Accept-Language": "vi"})) == title


def test_every_page_links_to_itself_in_the_other_language(app: Flask) -> None:
    page = app.test_client().get("/nowhere?a=1&b=%C4%91").get_data(as_text=True)
    assert 'href="/language?to=en&amp;next=%2Fnowhere%3Fa%3D1%26b%3D%25C4%2591"' in page
    assert 'lang="en">English</a>' in page


def test_the_page_says_its_language_to_screen_readers(app: Flask) -> None:
    for accepted in ("vi", "en"):
        page = app.test_client().get("/nowhere", headers={"Accept-Language": accepted}).get_data(as_text=True)
        assert f'<html lang="{accepted}">' in page


def test_outside_of_a_request_texts_are_in_the_language_of_the_source(app: Flask) -> None:
    assert current_language() == "vi"
    assert gettext("Không tìm thấy trang") == "Không tìm thấy trang"
    with force_locale("en"):
        assert gettext("Không tìm thấy trang") == "Page not found"


def test_the_catalogue_is_read_once() -> None:
    assert english() is english()
