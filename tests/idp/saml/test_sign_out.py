"""Single logout through the browser, in both directions (SAML Profiles §4.4)."""

import uuid
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from idp import access
from idp.database import in_transaction, reader
from idp.oidc.leavings import NO_CHANNEL, leavings_of
from tests.support.people import add_person
from tests.support.relying_party import register_party, sign_in
from tests.support.saml_party import ISSUER, Answer, Party, answer_in, follow, inflated

OK = '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{}"/></samlp:Status>'
NAME = "<saml:NameID>{}</saml:NameID><samlp:SessionIndex>{}</samlp:SessionIndex>"


@pytest.fixture
def person(browser: FlaskClient) -> uuid.UUID:
    found = add_person()
    sign_in(browser, found)
    return found


def name_of(answer: Answer) -> str:
    return NAME.format(answer.text("//saml:Subject/saml:NameID"), answer.text("//saml:AuthnStatement/@SessionIndex"))


def is_out(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 303


def ask_to_leave(browser: FlaskClient, party: Party, inner: str, **how: str | bool) -> str:
    """Where the browser is sent after a request to sign out."""
    response = follow(browser, browser.get("/saml/slo?" + party.query(party.message("LogoutRequest", inner), **how)))  # type: ignore[arg-type]
    return response.headers.get("Location", "")


def test_an_application_signs_the_person_out_and_is_told_so(browser: FlaskClient, party: Party, person: uuid.UUID) -> None:
    inner = name_of(answer_in(party.ask(browser)))
    back = ask_to_leave(browser, party, inner)
    response = inflated(back, "SAMLResponse")
    assert back.startswith(party.slo + "?")
    assert (response.get("InResponseTo"), response.get("Destination")) == (party.asked[-1], party.slo)
    assert [code.get("Value").rpartition(":")[2] for code in response.iter("{*}StatusCode")] == ["Success"]
    assert "RelayState=r-1" in back
    assert is_out(browser)


def test_a_session_is_ended_by_the_name_it_was_told_by(browser: FlaskClient, party: Party, person: uuid.UUID) -> None:
    passing = '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>'
    inner = name_of(answer_in(party.ask(browser, party.message(inner=passing))))
    assert "SAMLResponse=" in ask_to_leave(browser, party, inner)
    assert is_out(browser)


def test_the_other_applications_of_the_session_are_visited_one_after_the_other(
    browser: FlaskClient, party: Party, person: uuid.UUID
) -> None:
    other, silent = Party("hai.example.vn").register(), Party("ba.example.vn", with_sign_out=False).register()
    inner = name_of(answer_in(party.ask(browser)))
    theirs = answer_in(other.ask(browser)).text("//saml:Subject/saml:NameID")
    answer_in(silent.ask(browser))
    visit = ask_to_leave(browser, party, inner)
    asked = inflated(visit, "SAMLRequest")
    assert visit.startswith(other.slo + "?")
    assert (asked.findtext("{*}NameID"), asked.get("Destination")) == (theirs, other.slo)
    assert asked.find("{*}NameID").get("SPNameQualifier") == other.entity_id
    reply = other.message("LogoutResponse", OK.format("Success"), InResponseTo=asked.get("ID"))
    back = follow(browser, browser.get("/saml/slo?" + other.query(reply, kind="SAMLResponse"))).headers["Location"]
    codes = [code.get("Value").rpartition(":")[2] for code in inflated(back, "SAMLResponse").iter("{*}StatusCode")]
    assert codes == ["Success", "PartialLogout"]  # one of them cannot be asked
    assert is_out(browser)


def test_only_a_signed_request_about_this_very_session_ends_it(browser: FlaskClient, party: Party, person: uuid.UUID) -> None:
    inner = name_of(answer_in(party.ask(browser)))
    assert ask_to_leave(browser, party, inner, signed=False) == ""  # our own question
    assert ask_to_leave(browser, party, inner, owner="evil.example") == ""
    for wrong in (
        NAME.format("somebody", "x"),
        "<saml:NameID>somebody</saml:NameID>",
        inner.replace("<samlp:SessionIndex>", "<samlp:SessionIndex>x"),
        "",
    ):
        back = ask_to_leave(browser, party, wrong)
        assert not back or "UnknownPrincipal" in str([code.get("Value") for code in inflated(back, "SAMLResponse").iter("{*}StatusCode")])
        assert not is_out(browser)
    other = Party("hai.example.vn").register()
    answer_in(other.ask(browser))
    assert not is_out(browser)
    assert "UnknownPrincipal" in str(
        [c.get("Value") for c in inflated(ask_to_leave(browser, other, inner), "SAMLResponse").iter("{*}StatusCode")]
    )


def test_a_request_counts_once(browser: FlaskClient, party: Party, person: uuid.UUID) -> None:
    query = party.query(party.message("LogoutRequest", name_of(answer_in(party.ask(browser)))))
    assert browser.get(f"/saml/slo?{query}").status_code == 303
    sign_in(browser, person)
    assert browser.get(f"/saml/slo?{query}").status_code == 400
    assert not is_out(browser)


def test_who_signs_out_here_is_led_through_the_applications_and_then_to_where_they_wanted(
    browser: FlaskClient, party: Party, person: uuid.UUID
) -> None:
    relying = register_party(post_logout_redirect_uris=("https://rp.test/bye",))
    answer_in(party.ask(browser))
    hint = relying.tokens(browser)["id_token"]
    asked = {"id_token_hint": hint, "post_logout_redirect_uri": "https://rp.test/bye"}
    page = follow(browser, browser.get("/end_session", query_string=asked))
    assert "Đang đăng xuất" in page.text
    assert is_out(browser)
    visit = page.text.partition('id="continue" href="')[2].partition('"')[0].replace("&amp;", "&")
    request = inflated(visit, "SAMLRequest")
    reply = party.message("LogoutResponse", OK.format("Success"), InResponseTo=request.get("ID"))
    back = follow(browser, browser.get("/saml/slo?" + party.query(reply, kind="SAMLResponse")))
    assert back.headers["Location"] == "https://rp.test/bye"


def test_what_an_application_did_not_confirm_is_said(browser: FlaskClient, party: Party, person: uuid.UUID) -> None:
    answer_in(party.ask(browser))
    hidden = browser.get("/end_session").text
    token = {name: hidden.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("csrf_token", "way_out")}
    page = follow(browser, browser.post("/end_session/confirm", data=token))
    visit = page.text.partition('id="continue" href="')[2].partition('"')[0].replace("&amp;", "&")
    request = inflated(visit, "SAMLRequest")
    for wrong in ({"InResponseTo": "_other0000000"}, {"InResponseTo": request.get("ID"), "issuer": "https://nobody.example"}):
        reply = party.message("LogoutResponse", OK.format("Success"), **wrong)
        assert browser.get("/saml/slo?" + party.query(reply, kind="SAMLResponse")).status_code == 400
    reply = party.message("LogoutResponse", OK.format("Responder"), InResponseTo=request.get("ID"))
    last = browser.get("/saml/slo?" + party.query(reply, kind="SAMLResponse"))
    assert "chưa xác nhận" in last.text
    assert urlsplit(visit).netloc == party.host


def test_an_application_is_in_the_ledger_of_a_leaving_as_one_that_cannot_be_told(
    browser: FlaskClient, party: Party, person: uuid.UUID
) -> None:
    answer_in(party.ask(browser))
    in_transaction(lambda c: access.withdraw(c, person, reason="left", actor="cli:t"))
    (leaving,) = leavings_of(reader(), person)
    assert [(one.client_name, one.state) for one in leaving.clients] == [("Hồ sơ hoso.example.vn", NO_CHANNEL)]
    assert party.ask(browser).headers["Location"].startswith(("/sign-in", ISSUER))
