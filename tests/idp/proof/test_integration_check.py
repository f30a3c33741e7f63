"""Rules of the integration check, with one of the demo's applications as it is."""

from collections.abc import Iterator

import pytest
import requests
from sqlalchemy import select, update

from clients import catalogue
from clients.check_models import IntegrationCheck
from clients.models import Client
from clients.registration import change
from clients.registry import find_even_disabled
from idp import clock
from idp.database import in_transaction, reader, table_of
from idp.enrollment.rungs import count_people
from idp.oidc.leavings import leavings_since
from idp.people.models import INTEGRATION_CHECK, Person
from idp.proof import checks
from idp.roles.models import Role
from idp.sessions import assurance
from tests.support.checked_application import Checked, checked_application, submit
from tests.support.relying_party import register_party
from tests.support.signed_in import add_official, browser_of, sign_in, words_of
from tests.support.trail import events, kinds

_k, _p, _c = table_of(IntegrationCheck), table_of(Person), table_of(Client)
WAITING, PASSED, FAILED, NOT_APPLICABLE = "warn", "ok", "bad", "plain"


@pytest.fixture
def checked(database_url: str) -> Iterator[Checked]:
    with checked_application(database_url) as running:
        yield running


def proven(running: Checked) -> bool:
    system = catalogue.find_system(reader(), "van-ban")
    return system is not None and system.proven_at is not None


def tie(running: Checked) -> None:
    system = catalogue.System("van-ban", "Quản lý văn bản", client_id=running.client_id)
    in_transaction(lambda connection: catalogue.add_system(connection, system, actor="cli:test"))


def test_sign_in_sign_out_and_leaving_are_seen_in_the_real_application_and_prove_it(checked: Checked) -> None:
    tie(checked)
    admin = browser_of(checked.app, Role.IT_ADMIN)
    people_before = sum(row.people for row in count_people(reader()))
    page = checked.press(admin)
    assert checked.steps(admin) == {
        "discovery": PASSED, "addresses": PASSED, "sign_in": WAITING, "logout": WAITING, "leaving": WAITING
    }, page  # fmt: skip

    window = checked.window(checked.link(admin))
    page = words_of(admin.get(checked.page))
    assert checked.steps(admin)["sign_in"] == PASSED
    for told in ("người kiểm thử", "client_secret_basic", "at_hash", "preferred_username", "updated_at"):
        assert told in page, told
    assert "kiem-thu-" not in page, "names of claims, no values"
    assert sum(row.people for row in count_people(reader())) == people_before

    assert submit(window, f"{checked.home}/", "sign-out").status_code == 200
    checked.deliver()
    assert checked.steps(admin)["logout"] == PASSED

    window = checked.window(checked.link(admin))
    assert "Thử cho nghỉ việc" in words_of(admin.get(checked.page))
    checked.press(admin, "leave")
    assert checked.steps(admin)["leaving"] == WAITING
    assert not proven(checked)
    checked.deliver()
    checked.press(admin, "look")
    assert 'id="person-name"' not in window.get(f"{checked.home}/", timeout=10).text, "the application has put them out"
    row = reader().execute(select(_k)).one()
    assert (row.outcome, row.open_client_id, row.probe["before"], row.probe["after"]) == ("passed", None, 200, 401)
    assert set(checked.steps(admin).values()) == {PASSED}
    assert "updated_at" in words_of(admin.get(checked.page)), "what the application read, not what the trial did"
    assert leavings_since(reader(), row.made_at) == [], "nobody has left"
    assert proven(checked)
    assert kinds("integration_check.begun", "integration_check.ended") == ["integration_check.begun", "integration_check.ended"]


def test_a_change_of_what_was_proven_makes_the_proof_old(checked: Checked) -> None:
    tie(checked)
    admin = browser_of(checked.app, Role.IT_ADMIN)
    checked.press(admin)
    checked.press(admin, "end")
    in_transaction(lambda c: c.execute(update(_k).values(outcome="passed")))
    key = reader().execute(select(_c.c.id)).scalar_one()
    in_transaction(lambda c: catalogue.note_proof(c, key, passed=True))
    in_transaction(lambda c: change(c, checked.client_id, actor="cli:test", client_name="Văn bản"))
    assert proven(checked)
    in_transaction(lambda c: change(c, checked.client_id, actor="cli:test", redirect_uris=(f"{checked.home}/other",)))
    assert not proven(checked)
    assert "kết quả này đã cũ" in words_of(admin.get(checked.page))
    assert "kết quả kiểm tra đã cũ" in words_of(admin.get(f"/console/clients/{checked.client_id}"))
    assert kinds("integration_proof.outdated") == ["integration_proof.outdated"]


def test_what_goes_wrong_is_said_with_the_code_under_which_it_is_kept(checked: Checked) -> None:
    admin = browser_of(checked.app, Role.IT_ADMIN)
    checked.press(admin)
    wrong = {"grant_type": "authorization_code", "code": "x", "redirect_uri": f"{checked.home}/callback"}
    refused = requests.post(f"{checked.url}/token", data=wrong, auth=(checked.client_id, "wrong"), timeout=10)
    assert refused.status_code == 401
    page = words_of(admin.get(checked.page))
    assert checked.steps(admin)["sign_in"] == FAILED
    assert "/console/failures/" in page
    assert "invalid_client" in page


def test_the_test_person_goes_nowhere_else_and_proves_nothing(checked: Checked) -> None:
    admin = browser_of(checked.app, Role.IT_ADMIN)
    checked.press(admin)
    link = checked.link(admin)
    window = requests.Session()
    assert window.get(link, timeout=10).status_code == 200, "looking at the page uses nothing up"
    assert submit(window, link).status_code == 200
    assert submit(requests.Session(), link).status_code == 400, "once"
    for path in ("/account", "/account/factors", "/console", checked.page, "/device"):
        assert window.get(checked.url + path, timeout=10).status_code == 403, path
    other = register_party()
    asked = {
        "client_id": other.client_id, "redirect_uri": "https://rp.test/cb", "response_type": "code", "scope": "openid", "state": "s",
        "code_challenge": "x" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    answer = window.get(f"{checked.url}/authorize", params=asked, timeout=10)
    assert answer.status_code == 403, answer.url
    session = next(row for row in events("session.started") if row.detail["amr"] == assurance.TEST)
    assert session.detail["acr"] == assurance.AAL2, "what the administrator had proved"


def test_a_browser_in_which_somebody_is_signed_in_keeps_them(checked: Checked) -> None:
    admin = browser_of(checked.app, Role.IT_ADMIN)
    checked.press(admin)
    path = checked.link(admin).removeprefix(checked.url)
    page = words_of(admin.get(path))
    assert "cửa sổ ẩn danh" in page
    assert "<form method" not in page.partition("<main")[2]
    token = {"csrf_token": "x", "link": path.partition("link=")[2]}
    assert admin.post("/test-sign-in", data=token).status_code == 400
    assert admin.get("/console").status_code == 200


def test_a_check_ends_with_its_time_and_the_test_person_with_it(checked: Checked, time: clock.ManualClock) -> None:
    tie(checked)
    admin = add_official(Role.IT_ADMIN)
    browser = sign_in(checked.app, admin)
    checked.press(browser)
    checked.link(browser)
    assert in_transaction(lambda c: c.execute(select(_p.c.state).where(_p.c.source == INTEGRATION_CHECK)).scalar_one()) == "active"
    time.advance(hours=2, seconds=1)
    checks.end_overdue()
    row = reader().execute(select(_k)).one()
    assert (row.outcome, row.open_client_id) == ("expired", None)
    assert in_transaction(lambda c: c.execute(select(_p.c.state).where(_p.c.source == INTEGRATION_CHECK)).scalar_one()) == "suspended"
    client = find_even_disabled(checked.client_id)
    assert client is not None
    assert client.watch is None
