"""Rules of OpenID Connect Session Management 1.0: an application sees a change of the sign-in, and nothing else."""

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.app import create_app
from idp.database import in_transaction
from idp.oidc.session_management import calculate, origin_of
from idp.sessions import browser_sessions, browser_state
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


def state_cookie(browser: FlaskClient) -> str:
    cookie = browser.get_cookie("hopnhat_state")
    return cookie.value if cookie else ""


def fits(party: RelyingParty, told: dict[str, str], state: str) -> bool:
    """Whether the iframe would answer "unchanged"."""
    salt = told["session_state"].partition(".")[2]
    return calculate(party.client_id, "https://rp.test", state, salt) == told["session_state"]


def test_discovery_names_the_iframe(browser: FlaskClient) -> None:
    """oidcc-session-management-discovery-endpoint-verification"""
    assert browser.get("/.well-known/openid-configuration").get_json()["check_session_iframe"] == "http://127.0.0.1:8000/check_session"


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_an_answer_says_the_session_state_and_the_browser_holds_what_it_was_made_of(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, mode: str
) -> None:
    """oidcc-session-management-rp-initiated-logout"""
    response = party.authorize(browser, response_mode=mode)
    if mode == "query":
        told = party.answer(response)
        assert fits(party, told, state_cookie(browser))
    else:
        assert 'name="session_state"' in response.text
    assert len(state_cookie(browser)) == 32
    assert " " not in state_cookie(browser)


def test_an_error_says_it_as_well(browser: FlaskClient, party: RelyingParty) -> None:
    told = party.answer(party.authorize(browser, prompt="none"))
    assert told["error"] == "login_required"
    assert fits(party, told, "")
    assert state_cookie(browser) == ""


def test_signing_out_changes_it_and_so_does_another_person(
    app: Flask, browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    sign_in(browser, person_id)
    told = party.answer(party.authorize(browser))
    assert fits(party, told, state_cookie(browser))
    browser.get("/end_session", query_string={"id_token_hint": party.tokens(browser)["id_token"]})
    assert state_cookie(browser) == ""
    assert not fits(party, told, state_cookie(browser))
    sign_in(browser, add_person("other"))
    party.authorize(browser)
    assert not fits(party, told, state_cookie(browser))


def test_it_stays_while_the_same_session_proves_more(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    told = party.answer(party.authorize(browser))
    value = in_transaction(lambda c: browser_sessions.raise_assurance(c, session_id, acr="urn:hopnhat:aal2", amr=("pwd", "otp", "mfa")))
    browser.set_cookie("hopnhat_session", value)
    party.authorize(browser)
    assert fits(party, told, state_cookie(browser))


def test_the_state_tells_nothing_of_the_session(app: Flask) -> None:
    session_id = uuid.uuid4()
    state = browser_state.state_of(session_id)
    assert session_id.hex not in state
    assert state == browser_state.state_of(session_id) != browser_state.state_of(uuid.uuid4())


def test_scripts_may_read_its_cookie_and_other_sites_bring_it(database_url: str) -> None:
    app = create_app(settings_for(database_url, issuer="https://idp.test"))
    app.test_client_class = FreshContextClient
    with app.app_context():
        party, browser = register_party(), app.test_client()
        person_id = add_person()
        value, _ = in_transaction(
            lambda c: browser_sessions.start(
                c, person_id=person_id, acr="urn:hopnhat:aal1", amr=("pwd",), shared_pc=False, administrator=False
            )
        )
        browser.set_cookie("__Host-hopnhat", value)
        response = party.authorize(browser)
        (cookie,) = [line for line in response.headers.getlist("Set-Cookie") if line.startswith("__Host-hopnhat-state=")]
        assert {"Secure", "SameSite=None"} <= set(cookie.split("; "))
        assert "HttpOnly" not in cookie
    close(app)


def test_the_iframe_may_stand_anywhere_loads_nothing_and_can_be_kept(browser: FlaskClient) -> None:
    response = browser.get("/check_session")
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors" not in policy
    assert "X-Frame-Options" not in response.headers
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy
    assert "public" in response.headers["Cache-Control"]
    assert browser.get("/account").headers["X-Frame-Options"] == "DENY"


def test_it_can_be_turned_off(database_url: str) -> None:
    app = create_app(settings_for(database_url, session_management=False))
    app.test_client_class = FreshContextClient
    with app.app_context():
        party, browser = register_party(), app.test_client()
        sign_in(browser, add_person())
        told = party.answer(party.authorize(browser))
        assert "session_state" not in told
        assert state_cookie(browser) == ""
        assert browser.get("/check_session").status_code == 404
        assert "check_session_iframe" not in browser.get("/.well-known/openid-configuration").get_json()
    close(app)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://RP.test:443/cb?a=1", "https://rp.test"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://[::1]:80/", "http://[::1]"),
        ("app.example:/cb", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin
