"""What the basic, form post and dynamic plans of the OpenID Foundation ask of the authorization request, module by module."""

import json
import uuid
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp import clock
from idp.sessions import assurance
from tests.protocol.test_authorize_sign_in import claims, flow_of, opened, resume
from tests.support.keyed_party import error_page
from tests.support.people import add_person, add_unit
from tests.support.relying_party import RelyingParty, register_party, sign_in

MODES = ["query", "form_post"]


class _Form(HTMLParser):
    """The hidden fields of a page's form and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.action, self.fields = "", dict[str, str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect."""
        given = dict(attrs)
        if tag == "form":
            self.action = given["action"] or ""
        if tag == "input" and given.get("type") == "hidden":
            self.fields[str(given["name"])] = str(given["value"])


def told_by(party: RelyingParty, response: TestResponse, mode: str) -> dict[str, str]:
    """What comes to the redirect URI, by redirect or by form."""
    if mode == "query":
        return party.answer(response)
    form = _Form()
    form.feed(response.text)
    assert form.action == party.redirect_uri
    return form.fields


@pytest.fixture
def person_id(app: Flask) -> uuid.UUID:
    """An official with a unit and everything that can be told."""
    return add_person(unit_id=add_unit(), phone="02193866123", family_name="Vàng", middle_name="Mí", given_name="Sính")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("module", "more"),
    [
        ("oidcc-server", {}),
        ("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", {"nonce": None}),
        ("oidcc-display-page", {"display": "page"}),
        ("oidcc-display-popup", {"display": "popup"}),
        ("oidcc-prompt-none-logged-in", {"prompt": "none"}),
        ("oidcc-max-age-10000", {"max_age": "10000"}),
        ("oidcc-ensure-request-with-unknown-parameter-succeeds", {"extra": "foobar"}),
        ("oidcc-login-hint", {"login_hint": "buffy@127.0.0.1"}),
        ("oidcc-ui-locales", {"ui_locales": "se"}),
        ("oidcc-claims-locales", {"claims_locales": "se vi"}),
        ("oidcc-alternate-happy-flow", {"scope": "email address phone profile openid"}),
        ("oidcc-ensure-request-with-acr-values-succeeds", {"acr_values": "urn:hopnhat:aal1 1 2"}),
        ("oidcc-ensure-request-with-valid-pkce-succeeds", {}),
    ],
)
def test_it_succeeds(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, mode: str, module: str, more: dict[str, str]
) -> None:
    told = told_by(party, party.authorize(browser, response_mode=mode, **more), mode)
    tokens = party.redeem(browser, told["code"]).get_json()
    id_token = claims(tokens["id_token"])
    assert told["state"] == "s-1", module
    assert id_token.get("nonce") == more.get("nonce", "n-1"), module
    assert id_token["acr"] == assurance.AAL1, module
    assert "auth_time" in id_token, module


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["profile", "email", "address", "phone"])
def test_each_scope_gives_its_claims(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID, mode: str, name: str) -> None:
    """oidcc-scope-profile, oidcc-scope-email, oidcc-scope-address, oidcc-scope-phone, oidcc-scope-all, oidcc-userinfo-get."""
    claim = {"profile": "name", "email": "email_verified", "address": "address", "phone": "phone_number"}[name]
    for scope in (f"openid {name}", "openid profile email address phone"):
        code = told_by(party, party.authorize(browser, response_mode=mode, scope=scope), mode)["code"]
        told = party.userinfo(browser, party.redeem(browser, code).get_json()["access_token"]).get_json()
        assert claim in told


@pytest.mark.parametrize("mode", MODES)
def test_a_missing_response_type_is_told(browser: FlaskClient, party: RelyingParty, mode: str) -> None:
    """oidcc-response-type-missing."""
    told = told_by(party, party.authorize(browser, response_mode=mode, response_type=None), mode)
    assert told["error"] in ("invalid_request", "unsupported_response_type")


@pytest.mark.parametrize("mode", MODES)
def test_nobody_signed_in_and_nobody_may_be_asked(browser: FlaskClient, party: RelyingParty, mode: str) -> None:
    """oidcc-prompt-none-not-logged-in."""
    assert told_by(party, party.authorize(browser, response_mode=mode, prompt="none"), mode)["error"] == "login_required"


def test_asking_again_gives_a_later_auth_time_and_asking_silently_the_same(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """oidcc-prompt-login, oidcc-prompt-none-logged-in, oidcc-max-age-1, oidcc-max-age-10000."""
    sign_in(browser, person_id)
    first = claims(party.tokens(browser)["id_token"])
    time.advance(seconds=2)
    silent = claims(party.tokens(browser, prompt="none")["id_token"])
    assert (silent["auth_time"], silent["sub"]) == (first["auth_time"], first["sub"])
    for more in ({"prompt": "login"}, {"max_age": "1"}):
        flow = flow_of(party.authorize(browser, **more))
        time.advance(seconds=2)
        sign_in(browser, person_id)
        again = claims(party.redeem(browser, party.answer(resume(browser, flow))["code"]).get_json()["id_token"])
        assert int(str(again["auth_time"])) > int(str(first["auth_time"]))
        assert again["sub"] == first["sub"]
        time.advance(seconds=2)


def test_an_id_token_says_who_it_is_about(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """oidcc-id-token-hint."""
    hint = party.tokens(browser)["id_token"]
    assert "code" in party.answer(party.authorize(browser, prompt="none", id_token_hint=hint))


def test_a_posted_request_works(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """oidcc-ensure-post-request-succeeds."""
    assert "code" in party.answer(browser.post("/authorize", data=party.request()))


def test_an_essential_claim_is_told(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """oidcc-claims-essential."""
    wish = json.dumps({"userinfo": {"name": {"essential": True}}})
    tokens = party.tokens(browser, claims=wish)
    assert party.userinfo(browser, tokens["access_token"]).get_json()["name"] == "Vàng Mí Sính"


def test_every_claim_that_is_announced_can_be_asked_for_by_name(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """fapi2-security-profile-final-test-claims-parameter-identity-claims: in every form of asking, beside unknown claims and
    members, in both places."""
    announced = browser.get("/.well-known/openid-configuration").get_json()["claims_supported"]
    about_the_token = {"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"}
    forms = [None, {"essential": True}, {"value": "x"}, {"values": ["x", "y"], "essential": True}, {"random": 1}]
    wish = {name: forms[number % len(forms)] for number, name in enumerate(sorted(set(announced) - about_the_token))}
    asked = {
        "id_token": {**wish, "unheard": None, "auth_time": {"essential": True}},
        "userinfo": {**wish, "of": None},
        "elsewhere": {"x": None},
    }
    tokens = party.tokens(browser, claims=json.dumps(asked))
    in_token = claims(tokens["id_token"])
    at_userinfo = party.userinfo(browser, tokens["access_token"]).get_json()
    known = {name for name in wish if name not in ("staff_code", "staff_category", "title")}  # this official has none
    assert known <= in_token.keys()
    assert known <= at_userinfo.keys()
    assert not {"unheard", "of"} & (in_token.keys() | at_userinfo.keys())


def test_the_person_may_be_one_of_several(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    """OpenID Connect Core §5.5.1: `values` of `sub`."""
    subject = claims(party.tokens(browser)["id_token"])["sub"]
    for place in ("id_token", "userinfo"):
        wish = json.dumps({place: {"sub": {"values": ["somebody", subject]}}})
        assert "code" in party.answer(party.authorize(browser, claims=wish))
        wish = json.dumps({place: {"sub": {"values": ["somebody", "else"]}}})
        assert party.answer(party.authorize(browser, claims=wish))["error"] == "login_required"


# --- what the client has registered as its usual wish ----------------------------------------------------------------


def test_a_client_s_usual_age_and_assurance_hold_when_the_request_is_silent(
    browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    """OpenID Connect Registration §2: default_max_age, default_acr_values, require_auth_time."""
    aged = register_party(default_max_age=60, require_auth_time=True)
    strong = register_party(default_acr_values=(assurance.AAL2,))
    sign_in(browser, person_id)
    time.advance(seconds=61)
    flow_of(aged.authorize(browser))
    assert "auth_time" in claims(aged.tokens(browser, max_age="100")["id_token"])
    assert opened(browser, flow_of(strong.authorize(browser))).minimum_acr == assurance.AAL2
    strong.code(browser, acr_values=assurance.AAL1)


def test_the_preferred_assurance_is_the_first_that_is_offered(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    """OpenID Connect Core §3.1.2.1: acr_values stand in order of preference."""
    sign_in(browser, person_id)
    wish = "urn:elsewhere " + assurance.AAL2 + " " + assurance.AAL1
    assert opened(browser, flow_of(party.authorize(browser, acr_values=wish))).minimum_acr == assurance.AAL2
    party.code(browser, acr_values=f"{assurance.AAL1} {assurance.AAL2}")


def test_a_passkey_is_not_demanded_while_the_client_would_take_less(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    """OpenID Connect Core §3.1.2.1: voluntary values demand of nobody what they may not have."""
    sign_in(browser, person_id)
    wish = f"{assurance.AAL3} {assurance.AAL2} {assurance.AAL1}"
    assert opened(browser, flow_of(party.authorize(browser, acr_values=wish))).minimum_acr == assurance.AAL2
    assert opened(browser, flow_of(party.authorize(browser, acr_values=assurance.AAL3))).minimum_acr == assurance.AAL3


def test_registering_oneself_is_not_offered(browser: FlaskClient, party: RelyingParty) -> None:
    """Initiating User Registration via OpenID Connect 1.0 §4.1: prompt=create where it is not supported."""
    told = party.answer(party.authorize(browser, prompt="create"))
    assert told["error"] == "invalid_request"
    assert "create" not in browser.get("/.well-known/openid-configuration").get_json()["prompt_values_supported"]


# --- redirect URIs with a query --------------------------------------------------------------------------------------


def test_a_registered_query_comes_back_and_no_other_is_taken(browser: FlaskClient, person_id: uuid.UUID) -> None:
    """RED-009. oidcc-redirect-uri-query-OK, oidcc-redirect-uri-query-mismatch, oidcc-redirect-uri-query-added,
    oidcc-ensure-registered-redirect-uri, oidcc-ensure-redirect-uri-in-authorization-request."""
    party = register_party(redirect_uris=("https://rp.test/cb?a=1",))
    sign_in(browser, person_id)
    response = party.authorize(browser)
    assert response.location.startswith("https://rp.test/cb?a=1&code=")
    for other in (
        "https://rp.test/cb?a=2",
        "https://rp.test/cb",
        "https://rp.test/cb?a=1&b=2",
        "https://rp.test/cb?a=1#x",
        "https://rp.test/other",
        None,
    ):
        assert error_page(party.authorize(browser, redirect_uri=other)), other


def test_a_hint_names_the_person_as_the_client_it_was_issued_to_knows_them(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    """OpenID Connect Core §8.1: a pairwise subject, and the hint of a sister application."""
    own = register_party(subject_type="pairwise")
    hint = own.tokens(browser)["id_token"]
    subject = claims(hint)["sub"]
    assert subject != claims(party.tokens(browser)["id_token"])["sub"]
    for asking in (own, party):
        assert "code" in asking.answer(asking.authorize(browser, prompt="none", id_token_hint=hint))
    assert "code" in own.answer(own.authorize(browser, claims=json.dumps({"id_token": {"sub": {"value": subject}}})))
    wrong = party.answer(party.authorize(browser, claims=json.dumps({"id_token": {"sub": {"value": subject}}})))
    assert wrong["error"] == "login_required"


def test_a_client_registered_for_other_grants_only_sends_nobody_here(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 6749 §4.1.2.1: unauthorized_client."""
    device = register_party(grant_types=("urn:ietf:params:oauth:grant-type:device_code",), response_types=())
    assert device.answer(device.authorize(browser))["error"] == "unauthorized_client"
    pushed = browser.post("/par", data=device.request(), headers=device.headers())
    assert pushed.get_json()["error"] == "unauthorized_client"
