"""Rules of consent: asked for by the client or its registration, remembered, asked again for more, taken back (ASVS 10.7)."""

import json
import re
import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, select
from werkzeug.test import TestResponse

from clients import resources
from clients.registration import change
from clients.registry import find_client
from clients.resources import Resource
from idp import clock
from idp.audit import Event
from idp.database import in_transaction, table_of
from idp.oidc import consents
from idp.oidc.models import Consent
from idp.outbox import OutboxMessage
from tests.protocol.test_authorize_sign_in import claims, flow_of, resume
from tests.support import trail
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


@pytest.fixture
def asking(app: Flask) -> RelyingParty:
    """A client of somebody else's, registered to ask."""
    return register_party(
        client_name="Sổ tay hộ nghèo", require_consent=True, contacts=("hotro@sotay.test",), client_uri="https://sotay.test/",
        policy_uri="https://sotay.test/du-lieu", backchannel_logout_uri="https://sotay.test/logout",
    )  # fmt: skip


def page_of(browser: FlaskClient, response: TestResponse) -> TestResponse:
    """The consent page that the browser is sent to."""
    assert response.status_code == 303, response.text
    assert response.location.startswith("/authorize/consent?flow="), response.location
    page = browser.get(response.location)
    assert page.status_code == 200
    return page


def decide(browser: FlaskClient, page: TestResponse, **button: str) -> TestResponse:
    """Press a button of the page."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', page.text))
    assert hidden.keys() == {"csrf_token", "shown"}
    return browser.post(page.request.full_path, data={**hidden, **button})


def agree(browser: FlaskClient, party: RelyingParty, **more: str | None) -> str:
    """Be asked, agree, and get the code."""
    return party.answer(decide(browser, page_of(browser, party.authorize(browser, **more))))["code"]


def withdraw(browser: FlaskClient, party: RelyingParty) -> TestResponse:
    """Take it back on the account page."""
    page = browser.get("/account/applications")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    return browser.post(f"/account/applications/{party.key}/withdraw", data={"csrf_token": token.group(1)})


def test_the_first_time_the_person_is_asked_then_not_again(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    """CON-001."""
    page = page_of(browser, asking.authorize(browser, scope="openid profile email"))
    for words in (
        "Sổ tay hộ nghèo",
        "sotay.test",
        "hotro@sotay.test",
        "https://sotay.test/du-lieu",
        "Họ và tên",
        "thư điện tử công vụ",
        "/account/applications",
    ):
        assert words in page.text
    assert "Số điện thoại" not in page.text
    assert 'id="continue"' in page.text
    assert 'id="cancel"' in page.text
    told = asking.answer(decide(browser, page))
    assert asking.redeem(browser, told["code"]).status_code == 200
    asking.code(browser, scope="openid email")
    asking.code(browser, scope="openid profile email", prompt="none")
    assert [row.detail["scope"] for row in trail.events(Event.CONSENT_GIVEN)] == ["email openid profile"]


def test_more_is_asked_for_again_and_added_to_what_was_agreed(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    """CON-001: scope added later."""
    agree(browser, asking, scope="openid profile")
    page = page_of(browser, asking.authorize(browser, scope="openid phone"))
    assert "nay cần biết thêm" in page.text
    decide(browser, page)
    asking.code(browser, scope="openid profile phone")
    page_of(browser, asking.authorize(browser, scope="openid offline_access"))


def test_claims_named_one_by_one_are_asked_for_as_the_scope_they_belong_to(
    browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID
) -> None:
    agree(browser, asking)
    wish = json.dumps({"userinfo": {"phone_number": None}})
    assert "Số điện thoại" in page_of(browser, asking.authorize(browser, claims=wish)).text


def test_who_does_not_agree_goes_back_with_nothing(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    told = asking.answer(decide(browser, page_of(browser, asking.authorize(browser)), cancel="1"))
    assert told["error"] == "access_denied"
    assert told["state"] == "s-1"
    page_of(browser, asking.authorize(browser))


def test_where_nobody_may_be_asked_consent_is_required(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    """OpenID Connect Core §3.1.2.6."""
    assert asking.answer(asking.authorize(browser, prompt="none"))["error"] == "consent_required"


def test_prompt_consent_asks_every_time_and_any_client(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    for _ in range(2):
        assert agree(browser, party, prompt="consent")
    party.code(browser)


def test_signing_in_comes_first_then_the_question(
    browser: FlaskClient, asking: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    time.advance(seconds=30)
    flow = flow_of(asking.authorize(browser, prompt="login consent"))
    time.advance(seconds=10)
    sign_in(browser, person_id)
    code = asking.answer(decide(browser, page_of(browser, resume(browser, flow))))["code"]
    assert claims(asking.redeem(browser, code).get_json()["id_token"])["auth_time"] == int(time.instant.timestamp())


def test_a_session_that_ended_before_the_answer_gives_no_code(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    page = page_of(browser, asking.authorize(browser))
    browser.delete_cookie("hopnhat_session")
    flow_of(decide(browser, page))


def test_the_answer_of_a_session_of_somebody_else_is_theirs_to_give(
    app: Flask, browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID
) -> None:
    """A consent page made in one browser is of no use in another."""
    location = asking.authorize(browser).location
    victim = app.test_client()
    sign_in(victim, add_person("lbchi", "Lê Bảo Chi"))
    assert victim.get(location).status_code == 400
    assert victim.post(location, data={}).status_code == 400


def test_what_was_shown_is_what_is_agreed_to_by_whom_it_was_shown_to(
    browser: FlaskClient, asking: RelyingParty, person_id: uuid.UUID
) -> None:
    sign_in(browser, person_id)
    page = page_of(browser, asking.authorize(browser, scope="openid profile"))
    sign_in(browser, add_person("lbchi", "Lê Bảo Chi"))
    again = decide(browser, page)
    assert "Lê Bảo Chi" in page_of(browser, again).text
    narrow = register_party(require_consent=True, scope="openid")
    page = page_of(browser, narrow.authorize(browser, scope="openid phone"))
    in_transaction(lambda c: change(c, narrow.client_id, actor="cli:test", scope="openid phone"))
    assert "Số điện thoại" in page_of(browser, decide(browser, page)).text


def test_a_forged_form_agrees_to_nothing(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    """LOG-021."""
    location = asking.authorize(browser).location
    assert browser.post(location, data={}).status_code == 400
    page = page_of(browser, asking.authorize(browser))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    from_elsewhere = browser.post(location, data={"csrf_token": token.group(1)}, headers={"Sec-Fetch-Site": "cross-site"})
    assert from_elsewhere.status_code == 400
    page_of(browser, asking.authorize(browser))


def test_a_form_sent_twice_gives_codes_of_which_one_counts(browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    page = page_of(browser, asking.authorize(browser))
    codes = [asking.answer(decide(browser, page))["code"] for _ in range(2)]
    assert asking.redeem(browser, codes[0]).status_code == 200
    assert asking.redeem(browser, codes[1]).get_json()["error"] == "invalid_grant"


def test_a_page_left_too_long_or_opened_out_of_nowhere(
    browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID, time: clock.ManualClock
) -> None:
    location = asking.authorize(browser).location
    time.advance(seconds=1801)
    assert browser.get(location).location.startswith("/sign-in?")
    for path in ("/authorize/consent", "/authorize/consent?flow=x", "/authorize/consent?flow=" + flow_of(app_page(browser))):
        assert browser.get(path).status_code == 400


def app_page(browser: FlaskClient) -> TestResponse:
    """A sign-in that a page of ours has begun."""
    browser.delete_cookie("hopnhat_session")
    return browser.get("/account")


def test_taking_it_back_ends_everything_at_once_and_tells_the_application(
    browser: FlaskClient, asking: RelyingParty, person_id: uuid.UUID
) -> None:
    """CON-001: revoked, so refresh fails."""
    sign_in(browser, person_id)
    tokens = asking.redeem(browser, agree(browser, asking, scope="openid profile offline_access")).get_json()
    unredeemed = asking.code(browser, scope="openid profile")
    assert asking.userinfo(browser, tokens["access_token"]).status_code == 200
    page = browser.get("/account/applications")
    for words in ("Sổ tay hộ nghèo", "Họ và tên", "khi cán bộ không có mặt", "Rút lại đồng ý"):
        assert words in page.text
    assert withdraw(browser, asking).location == f"/account/applications?withdrawn={asking.key}"
    assert asking.userinfo(browser, tokens["access_token"]).status_code == 401
    assert asking.refresh(browser, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert asking.redeem(browser, unredeemed).get_json()["error"] == "invalid_grant"
    outbox = table_of(OutboxMessage)
    told = in_transaction(lambda c: c.execute(select(outbox.c.payload).where(outbox.c.client_id == asking.key)).scalars().all())
    assert sorted(map(sorted, told)) == [["sid", "sub"], ["sub"]]  # the session that is known there, and the person wherever else
    assert "Sổ tay hộ nghèo" not in browser.get("/account/applications").text
    assert len(trail.events(Event.CONSENT_WITHDRAWN)) == 1
    page_of(browser, asking.authorize(browser))


def test_any_application_can_be_cut_off_also_one_that_never_asked(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    tokens = party.tokens(browser, scope="openid profile offline_access")
    time.advance(minutes=5)
    party.refresh(browser, tokens["refresh_token"])
    page = browser.get("/account/applications").text
    assert "Quản lý văn bản" in page
    assert "24/11/2026 08:00" in page
    assert "24/11/2026 08:05" in page
    withdraw(browser, party)
    assert party.userinfo(browser, tokens["access_token"]).status_code == 401


def test_nobody_takes_back_for_somebody_else(app: Flask, browser: FlaskClient, asking: RelyingParty, session_id: uuid.UUID) -> None:
    tokens = asking.redeem(browser, agree(browser, asking)).get_json()
    other = app.test_client()
    sign_in(other, add_person("lbchi", "Lê Bảo Chi"))
    token = re.search(r'name="csrf_token" value="([^"]+)"', other.get("/account/sessions").text)
    assert token is not None
    sent = other.post(f"/account/applications/{asking.key}/withdraw", data={"csrf_token": token.group(1)})
    assert sent.status_code == 404
    assert asking.userinfo(browser, tokens["access_token"]).status_code == 200


def test_a_client_that_becomes_one_that_asks_asks_from_then_on(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    code = party.code(browser)
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", require_consent=True))
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"
    page_of(browser, party.authorize(browser))


def test_consent_given_anew_stands_in_place_of_the_one_withdrawn(app: Flask, asking: RelyingParty, person_id: uuid.UUID) -> None:
    client = find_client(asking.client_id)
    assert client is not None

    def give(scope: str) -> None:
        in_transaction(lambda c: consents.give(c, person_id, client, frozenset(scope.split())))

    def standing(connection: Connection) -> list[tuple[str, bool]]:
        table = table_of(Consent)
        return [(row.scope, row.withdrawn_at is None) for row in connection.execute(select(table))]

    give("openid profile")
    give("openid email")
    assert in_transaction(standing) == [("email openid profile", True)]
    in_transaction(lambda c: consents.withdraw(c, person_id, asking.key, actor="cli:test"))
    give("openid")
    assert in_transaction(standing) == [("openid", True)]


def test_a_client_that_may_not_come_back_gets_no_refresh_token(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """CON-003."""
    party = register_party(scope="openid profile")
    assert "refresh_token" not in party.tokens(browser, scope="openid profile offline_access")


def test_a_service_that_the_tokens_are_for_is_named_and_asked_for_like_a_scope(browser: FlaskClient, session_id: uuid.UUID) -> None:
    identifier = "https://api.hagiang.test/van-ban"
    wanted = Resource(identifier, "Kho văn bản", ("documents:read",), "", None)
    in_transaction(lambda c: resources.add(c, wanted, actor="cli:test"))
    party = register_party(require_consent=True, resources=(identifier,), scope="openid documents:read")
    agree(browser, party, scope="openid documents:read")
    page = page_of(browser, party.authorize(browser, scope="openid documents:read", resource=identifier))
    assert "Kho văn bản" in page.text
    assert "documents:read" in page.text
    assert party.redeem(browser, party.answer(decide(browser, page))["code"]).status_code == 200
    party.code(browser, scope="openid", resource=identifier)
