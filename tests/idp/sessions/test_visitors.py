"""Rules of where a sign-in leads back to when it came between somebody and the form they sent."""

import pytest
from flask import Flask

from idp.sessions.visitors import page_of_form

DRAFT = "/console/drafts/01a20eeb-b45c-7428-831a-db1f8173448d"


@pytest.mark.parametrize(
    ("sent_to", "page"),
    [
        ("/console/clients/van-ban/check", "/console/clients/van-ban/check"),
        ("/console/clients/van-ban/check/test-person", "/console/clients/van-ban/check"),
        (f"{DRAFT}/data", f"{DRAFT}/data"),
        (f"{DRAFT}/submit", "/console/drafts"),
        ("/console/clients/van-ban/env", "/console/clients/van-ban"),
        ("/account/sessions/nothing-here", "/account/sessions"),
        ("/nowhere/at/all", "/account"),
    ],
)
def test_a_form_sent_too_late_leads_back_to_its_page_not_to_the_account(app: Flask, sent_to: str, page: str) -> None:
    with app.test_request_context(sent_to, method="POST"):
        assert page_of_form() == page
