"""Rules of what a request demands of the person: OpenID Connect Core §3.1.2, and what is looked at again before a code is given."""

import json
import uuid
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from sqlalchemy import Connection, update
from werkzeug.test import TestResponse

from idp import clock
from idp.database import in_transaction, table_of
from idp.oidc import signing_keys
from idp.oidc.key_material import generate, import_key
from idp.people.models import Person
from idp.sessions import assurance, browser_sessions
from idp.sessions.sign_in_request import SignInRequest, open_flow
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, sign_in


def flow_of(response: TestResponse) -> str:
    """The sealed sign-in request that the browser is sent away with."""
    assert response.status_code == 303, response.text
    location = urlsplit(response.headers["Location"])
    assert location.path == "/sign-in", response.headers["Location"]
    return parse_qs(location.query)["flow"][0]


def opened(browser: FlaskClient, flow: str) -> SignInRequest:
    """What the sign-in page is asked for."""
    cookie = browser.get_cookie("hopnhat_browser")
    assert cookie is not None
    with browser.application.test_request_context(headers={"Cookie": f"hopnhat_browser={cookie.value}"}):
        return open_flow(flow)


def resume(browser: FlaskClient, flow: str) -> TestResponse:
    """Come back from the sign-in pages."""
    return browser.get("/authorize/resume", query_string={"flow": flow})


def claims(token: str) -> dict[str, object]:
    """What an ID token says."""
    return jwt.decode(token, signing_keys.verification_keys(), algorithms=["RS256", "ES256"]).claims


def test_nobody_signed_in_is_asked_to_and_comes_back_with_a_code(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """RED-019: a 303, never a 307 (RFC 9700 §4.12)."""
    flow = flow_of(party.authorize(browser, login_hint="vmsinh"))
    wanted = opened(browser, flow)
    assert (wanted.return_to, wanted.cancel_to) == ("/authorize/resume", "/authorize/cancel")
    assert (wanted.client_name, wanted.minimum_acr, wanted.login_hint) == ("Quản lý văn bản", assurance.AAL1, "vmsinh")
    assert wanted.not_before is None
    flow_of(resume(browser, flow))  # nothing was proved: no code
    sign_in(browser, person_id)
    assert "code" in party.answer(resume(browser, flow))


def test_cancel_tells_the_client(browser: FlaskClient, party: RelyingParty) -> None:
    flow = flow_of(party.authorize(browser))
    told = party.answer(browser.get("/authorize/cancel", query_string={"flow": flow}))
    assert (told["error"], told["state"]) == ("access_denied", "s-1")
    assert "iss" in told


def test_a_flow_of_another_browser_gives_nothing(app: Flask, browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    flow = flow_of(party.authorize(browser))
    victim = app.test_client()
    sign_in(victim, person_id)
    for path in ("/authorize/resume", "/authorize/cancel"):
        assert victim.get(path, query_string={"flow": flow}).status_code == 400
        assert victim.get(path, query_string={"flow": flow[:-2]}).status_code == 400
        assert victim.get(path).status_code == 400


def test_a_flow_left_too_long_begins_anew(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    flow = flow_of(party.authorize(browser))
    time.advance(seconds=1801)
    sign_in(browser, person_id)
    fresh = flow_of(resume(browser, flow))
    assert "code" in party.answer(resume(browser, fresh))


def test_a_flow_gives_one_redeemed_code_then_it_asks_anew(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """Back to an old sign-in page with prompt=login: a credential is needed again."""
    flow = flow_of(party.authorize(browser, prompt="login"))
    time.advance(seconds=5)
    sign_in(browser, person_id)
    assert party.redeem(browser, party.answer(resume(browser, flow))["code"]).status_code == 200
    time.advance(seconds=5)
    flow_of(resume(browser, flow))


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"max_age": "0"}])
def test_prompt_login_asks_again_and_skipping_it_gives_no_code(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock, more: dict[str, str | None]
) -> None:
    """COD-019, COD-017: max_age=0."""
    sign_in(browser, person_id)
    time.advance(seconds=30)
    flow = flow_of(party.authorize(browser, **more))
    flow_of(resume(browser, flow))
    time.advance(seconds=10)
    sign_in(browser, person_id)
    told = party.redeem(browser, party.answer(resume(browser, flow))["code"]).get_json()
    assert claims(told["id_token"])["auth_time"] == int(time.instant.timestamp())


def test_max_age_asks_again_only_when_it_is_over(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    signed_in_at = int(time.instant.timestamp())
    time.advance(seconds=100)
    assert claims(party.tokens(browser, max_age="100")["id_token"])["auth_time"] == signed_in_at
    assert claims(party.tokens(browser, max_age="10000")["id_token"])["auth_time"] == signed_in_at
    flow_of(party.authorize(browser, max_age="99"))
    assert party.answer(party.authorize(browser, max_age="99", prompt="none"))["error"] == "login_required"


def test_prompt_none_is_silent(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "login_required"
    sign_in(browser, person_id)
    party.code(browser, prompt="none")


def test_prompt_select_account_asks(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    flow = flow_of(party.authorize(browser, prompt="select_account"))
    assert opened(browser, flow).select_account
    assert "code" in party.answer(resume(browser, flow))


def test_a_session_ended_meanwhile_gives_no_code(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    session_id = sign_in(browser, person_id)
    party.code(browser)
    in_transaction(lambda c: browser_sessions.end(c, session_id, reason="signed_out", actor="cli:test"))
    flow_of(party.authorize(browser))


@pytest.mark.parametrize("change_", [{"state": "suspended"}, {"directory_locked": True}])
def test_a_person_who_may_not_sign_in_gets_no_code(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, change_: dict[str, object]
) -> None:
    sign_in(browser, person_id)
    person = table_of(Person)
    in_transaction(lambda c: c.execute(update(person).where(person.c.id == person_id).values(**change_)))
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "login_required"


# --- who it must be --------------------------------------------------------------------------------------------------


def test_an_id_token_hint_says_who_it_must_be_even_when_it_has_expired(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    hint = party.tokens(browser)["id_token"]
    time.advance(minutes=30)
    party.code(browser, prompt="none", id_token_hint=hint)
    sign_in(browser, add_person("lbchi", "Lê Bảo Chi"))
    for more in ({}, {"prompt": "none"}):
        assert party.answer(party.authorize(browser, id_token_hint=hint, **more))["error"] == "login_required"


def test_the_claims_parameter_may_name_the_person(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    subject = claims(party.tokens(browser)["id_token"])["sub"]
    party.code(browser, claims=json.dumps({"id_token": {"sub": {"value": subject}}}))
    told = party.answer(party.authorize(browser, claims=json.dumps({"id_token": {"sub": {"value": "somebody"}}})))
    assert told["error"] == "login_required"


def _forged(party: RelyingParty, subject: object) -> list[str]:
    body: dict[str, object] = {"iss": "http://127.0.0.1:8000", "sub": subject, "aud": party.client_id}
    other = import_key("RS256", generate("RS256"), signing_keys.require_signing_key("RS256").kid)
    good = signing_keys.sign("RS256", "JWT", body)
    return [
        jwt.encode({"alg": "RS256", "kid": signing_keys.require_signing_key("RS256").kid}, body, other),
        "eyJhbGciOiJub25lIn0." + good.split(".")[1] + ".",
        ".".join([good.split(".")[0], good.split(".")[1][:-4] + "AAAA", good.split(".")[2]]),
        signing_keys.sign("RS256", "logout+jwt", body),
        signing_keys.sign("RS256", "JWT", {**body, "iss": "https://evil.test"}),
        signing_keys.sign("RS256", "JWT", {**body, "sub": 7}),
        "a" * 7000,
        "é.é.é",
    ]


def test_only_an_id_token_of_ours_is_a_hint(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id)
    for forged in _forged(party, claims(party.tokens(browser)["id_token"])["sub"]):
        told = party.answer(party.authorize(browser, id_token_hint=forged))
        assert told["error"] == "invalid_request", forged[:60]


def test_ui_locales_choose_the_language_of_the_sign_in_page(browser: FlaskClient, party: RelyingParty) -> None:
    response = party.authorize(browser, ui_locales="se en-GB vi")
    assert any(value.startswith("hopnhat_language=en") for name, value in response.headers if name == "Set-Cookie")


def test_nothing_is_stored_for_a_sign_in_that_was_only_started(app: Flask, party: RelyingParty, person_id: uuid.UUID) -> None:
    def rows(connection: Connection) -> int:
        tables = ("browser_session", '"authorization"', "outbox_message", "audit_event")
        return sum(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables)

    before = in_transaction(rows)
    for _ in range(20):
        flow_of(party.authorize(app.test_client()))
    assert in_transaction(rows) == before


def test_auth_time_is_that_of_the_proof(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    at: datetime = time.instant
    sign_in(browser, person_id)
    time.advance(minutes=5)
    assert claims(party.tokens(browser)["id_token"])["auth_time"] == int(at.timestamp())


@pytest.mark.parametrize("path", ["/authorize/resume", "/authorize/cancel"])
def test_a_sign_in_that_was_begun_for_a_page_of_ours_gives_no_client_anything(app: Flask, path: str, time: clock.ManualClock) -> None:
    browser = app.test_client()
    flow = flow_of(browser.get("/account"))
    for seconds in (0, 3600):  # still good, and expired
        time.advance(seconds=seconds)
        answer = browser.get(path, query_string={"flow": flow})
        begun_again = answer.status_code == 303 and answer.location.startswith("/sign-in?")
        assert answer.status_code == 400 or (seconds and begun_again)
