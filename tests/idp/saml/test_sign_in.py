"""A SAML application asks who somebody is (SAML Profiles §4.1): what it is told, in which words, and when it is told no."""

import uuid
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.registration import disable
from idp.app import create_app
from idp.clock import ManualClock
from idp.database import in_transaction
from idp.saml.setting_up import set_up_saml
from idp.sessions import assurance
from tests.support.entry import shut
from tests.support.installation import close, settings_for
from tests.support.people import add_person, add_unit
from tests.support.relying_party import sign_in
from tests.support.saml_party import ISSUER, Party, answer_in, follow
from tests.support.trail import events

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
MFA = "https://refeds.org/profile/mfa"
CONTEXT = "<samlp:RequestedAuthnContext{}><saml:AuthnContextClassRef>{}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"


def enter(browser: FlaskClient, acr: str = assurance.AAL1) -> uuid.UUID:
    unit = add_unit("UBND xã Đồng Văn", code="H27.9")
    person = add_person("hmpao", "Hoàng Mí Páo", unit_id=unit, staff_code="CB07", family_name="Hoàng", given_name="Páo")
    sign_in(browser, person, acr)
    return person


def test_an_application_is_told_who_it_is_signed_for_it_alone(browser: FlaskClient, party: Party, time: ManualClock) -> None:
    person = enter(browser)
    answer = answer_in(party.ask(browser, party.message(ID="_request0001"), relay_state='https://hoso.example.vn/7?a=1&b="><x'))
    assert (answer.to, answer.relay_state) == (party.acs, 'https://hoso.example.vn/7?a=1&b="><x')
    assert answer.status == ["Success"]
    assert answer.text("/samlp:Response/@InResponseTo") == "_request0001"
    assert answer.text("/samlp:Response/@Destination") == party.acs
    assert answer.text("//saml:Assertion/saml:Issuer") == f"{ISSUER}/saml/metadata"
    assert answer.text("//saml:Audience") == party.entity_id
    data = "//saml:SubjectConfirmationData"
    assert answer.text(f"{data}/@Recipient") == party.acs
    assert answer.text(f"{data}/@InResponseTo") == "_request0001"
    assert answer.text(f"{data}/@NotOnOrAfter") == "2026-11-24T01:02:00Z"
    assert answer.text("//saml:Conditions/@NotOnOrAfter") == "2026-11-24T01:02:00Z"
    assert answer.text("//saml:AuthnStatement/@SessionNotOnOrAfter") == "2026-11-24T02:00:00Z"
    assert answer.text("//saml:AuthnContextClassRef") == PASSWORD
    assert answer.text("//saml:Subject/saml:NameID/@Format").endswith("persistent")
    assert answer.attributes["name"] == ["Hoàng Mí Páo"]
    assert answer.attributes["urn:oid:0.9.2342.19200300.100.1.3"] == ["hmpao@hagiang.gov.vn"]
    assert (answer.attributes["unit_code"], answer.attributes["staff_code"]) == (["H27.9"], ["CB07"])
    assert [event.person_id for event in events("authorization.granted")] == [person]


def test_each_application_knows_a_person_by_a_name_of_its_own_that_lasts(browser: FlaskClient, party: Party) -> None:
    enter(browser)
    other = Party("motcua.example.vn").register()
    path = "//saml:Subject/saml:NameID"
    first, again, elsewhere = (answer_in(one.ask(browser)).text(path) for one in (party, party, other))
    assert first == again != elsewhere
    ids = [answer_in(party.ask(browser)).text("//saml:Assertion/@ID") for _ in range(2)]
    assert ids[0] != ids[1]


def test_a_name_is_as_registered_and_a_request_for_another_kind_is_refused(browser: FlaskClient, app: Flask) -> None:
    enter(browser)
    by_mail, passing = Party("mot.example.vn").register(name_id="email"), Party("hai.example.vn").register(name_id="transient")
    assert answer_in(by_mail.ask(browser)).text("//saml:NameID") == "hmpao@hagiang.gov.vn"
    assert answer_in(passing.ask(browser)).text("//saml:NameID").startswith("_")
    policy = '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:{}"/>'
    lasting = answer_in(by_mail.ask(browser, by_mail.message(inner=policy.format("2.0:nameid-format:persistent"))))
    assert "@" not in lasting.text("//saml:NameID")  # gives away less than what it may have
    more = passing.message(inner=policy.format("1.1:nameid-format:emailAddress"))
    assert answer_in(passing.ask(browser, more)).status == ["Requester", "InvalidNameIDPolicy"]


def test_attributes_carry_the_names_of_the_application_and_no_more_than_its_scopes(browser: FlaskClient, app: Flask) -> None:
    enter(browser)
    party = Party().register("openid email", attributes=(("mail", "email"), ("ten", "name")))
    assert answer_in(party.ask(browser)).attributes == {"mail": ["hmpao@hagiang.gov.vn"]}


def test_who_is_not_signed_in_signs_in_first_and_nobody_is_asked_in_passing(browser: FlaskClient, party: Party) -> None:
    assert "/sign-in?flow=" in party.ask(browser).headers["Location"]
    passive = answer_in(party.ask(browser, party.message(IsPassive="true")))
    assert (passive.status, passive.root.findall(".//{*}Assertion")) == (["Responder", "NoPassive"], [])


def test_a_fresh_sign_in_is_asked_for(browser: FlaskClient, party: Party) -> None:
    enter(browser)
    assert "/sign-in?flow=" in party.ask(browser, party.message(ForceAuthn="true")).headers["Location"]
    assert answer_in(party.ask(browser, party.message(ForceAuthn="1", IsPassive="1"))).status == ["Responder", "NoPassive"]


@pytest.mark.parametrize(
    ("comparison", "wanted", "acr", "told"),
    [
        ("", MFA, assurance.AAL2, MFA), ("", PASSWORD, assurance.AAL2, PASSWORD), (' Comparison="minimum"', PASSWORD, assurance.AAL2, MFA),
        (' Comparison="better"', PASSWORD, assurance.AAL2, MFA), ("", MFA, assurance.AAL1, None), ("", "urn:x", assurance.AAL2, "NoAuthnContext"),
        (' Comparison="maximum"', PASSWORD, assurance.AAL1, "NoAuthnContext"),
    ],
)  # fmt: skip
def test_a_level_is_asked_for_and_told(
    browser: FlaskClient, party: Party, comparison: str, wanted: str, acr: str, told: str | None
) -> None:
    enter(browser, acr)
    page = party.ask(browser, party.message(inner=CONTEXT.format(comparison, wanted)))
    if told is None:
        assert "/sign-in?flow=" in page.headers["Location"]
    elif told == "NoAuthnContext":
        assert answer_in(page).status == ["Responder", "NoAuthnContext"]
    else:
        assert answer_in(page).text("//saml:AuthnContextClassRef") == told


@pytest.mark.parametrize(("inner", "more"), [(CONTEXT.format("", MFA), {}), ("", {"ForceAuthn": "true"})])
def test_what_is_asked_for_is_not_left_out_by_the_browser(
    browser: FlaskClient, party: Party, time: ManualClock, inner: str, more: dict[str, str]
) -> None:
    enter(browser)
    time.advance(minutes=1)
    parts = urlsplit(browser.get("/saml/sso?" + party.query(party.message(inner=inner, **more))).headers["Location"])
    kept = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name not in ("claims", "prompt", "max_age")])
    answer = answer_in(follow(browser, browser.get(f"{parts.path}?{kept}")))
    assert answer.status == ["Responder", "NoAuthnContext"]
    assert not answer.attributes


def test_the_applications_own_minimum_and_its_entry_rules_hold(browser: FlaskClient, app: Flask) -> None:
    enter(browser)
    strict = Party("mot.example.vn").register(minimum_acr=assurance.AAL2)
    assert "/sign-in?flow=" in strict.ask(browser).headers["Location"]
    closed = Party("hai.example.vn").register()
    assert closed.registered
    shut(closed.registered.client_id)
    assert "SAMLResponse" not in closed.ask(browser).text
    assert answer_in(closed.ask(browser, closed.message(IsPassive="true"))).status == ["Responder", "AuthnFailed"]


def test_the_answer_goes_to_an_address_of_the_metadata_alone(browser: FlaskClient, party: Party) -> None:
    enter(browser)
    assert answer_in(party.ask(browser, party.message(AssertionConsumerServiceURL=party.acs + "/hai"))).to == party.acs + "/hai"
    assert answer_in(party.ask(browser, party.message(AssertionConsumerServiceIndex="7"))).to == party.acs + "/hai"
    for attributes in (
        {"AssertionConsumerServiceURL": "https://evil.example/acs"}, {"AssertionConsumerServiceURL": party.acs + "/"},
        {"AssertionConsumerServiceIndex": "3"}, {"AssertionConsumerServiceIndex": "7", "AssertionConsumerServiceURL": party.acs},
    ):  # fmt: skip
        page = party.ask(browser, party.message(**attributes))
        assert page.status_code == 400
        assert "SAMLResponse" not in page.text


def test_a_sign_in_begins_here_only_where_that_is_allowed(browser: FlaskClient, party: Party) -> None:
    enter(browser)
    willing = Party("mot.example.vn").register(takes_unsolicited=True)
    assert party.registered
    assert willing.registered
    assert browser.get(f"/saml/start/{party.registered.client_id}").status_code == 404
    answer = answer_in(follow(browser, browser.get(f"/saml/start/{willing.registered.client_id}")))
    assert answer.to == willing.acs
    assert answer.root.get("InResponseTo") is None


def test_an_answer_is_of_no_use_in_another_browser_or_a_second_time(app: Flask, browser: FlaskClient, party: Party) -> None:
    enter(browser)
    led = browser.get("/saml/sso?" + party.query(party.message()))
    back = browser.get(led.headers["Location"]).headers["Location"].removeprefix(ISSUER)
    stranger = app.test_client()
    sign_in(stranger, add_person("khac"))
    assert stranger.get(back).status_code == 400
    assert answer_in(browser.get(back)).status == ["Success"]
    assert browser.get(back).status_code == 400


def test_a_disabled_application_is_told_nothing(browser: FlaskClient, party: Party) -> None:
    enter(browser)
    assert party.registered
    client_id = party.registered.client_id
    in_transaction(lambda c: disable(c, client_id, actor="t"))
    assert party.ask(browser).status_code == 400


def test_without_the_setting_there_is_no_saml(database_url: str) -> None:
    app = create_app(settings_for(database_url))
    set_up_saml(app)
    assert [app.test_client().get(path).status_code for path in ("/saml/sso", "/saml/metadata", "/saml/slo")] == [404] * 3
    close(app)
