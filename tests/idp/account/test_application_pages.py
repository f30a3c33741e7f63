"""Rules of /account/applications: what was taken back is said, and nothing else is."""

import html
import re
import uuid

from flask.testing import FlaskClient

from tests.support.people import add_person
from tests.support.relying_party import register_party, sign_in

DONE = "Đã thu hồi quyền của “Quản lý văn bản”"


def test_taking_back_is_confirmed_on_the_page_and_only_when_it_is_true(browser: FlaskClient) -> None:
    sign_in(browser, add_person())
    party = register_party()
    party.tokens(browser)
    page = browser.get(f"/account/applications?withdrawn={party.key}")
    assert DONE not in html.unescape(page.text)  # it still holds everything, whatever the address says
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    sent = browser.post(f"/account/applications/{party.key}/withdraw", data={"csrf_token": token.group(1)})
    assert sent.status_code == 303
    assert DONE in html.unescape(browser.get(sent.location).text)
    for nothing in ("", "x", str(uuid.uuid4())):
        answer = browser.get("/account/applications", query_string={"withdrawn": nothing})
        assert (answer.status_code, "Đã thu hồi" in html.unescape(answer.text)) == (200, False)
