"""Rules of the console's first page for somebody who is an officer of one unit."""

import re

from flask import Flask

from idp.roles.models import Role
from tests.support.people import add_person, add_unit
from tests.support.signed_in import browser_of, words_of


def test_an_officer_of_one_unit_is_told_the_figures_of_that_unit_and_shown_no_place_they_may_not_enter(app: Flask) -> None:
    own = add_unit()
    for number in range(3):
        add_person(f"own{number}", unit_id=own)
    for number in range(4):
        add_person(f"other{number}")
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=own)
    words = " ".join(re.sub("<[^>]+>", " ", words_of(officer.get("/console"))).split())
    assert "3 Cán bộ đang hoạt động" in words
    assert "0 Phiên đăng nhập đang mở" in words
    for path in ("/console", "/console/sync"):
        page = officer.get(path).text
        assert "/console/reorganisations" not in page
        assert "/console/scim" not in page
    assert "/console/reorganisations" in browser_of(app, Role.HR_OFFICER).get("/console").text
