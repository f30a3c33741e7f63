"""Rules of the page on which the code of a device is typed: RFC 8628 §3.3, §5.1."""

import uuid

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp import clock
from tests.protocol.test_device import answer, begin, csrf_of, device_party, error_of, poll, type_code
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, sign_in
from tests.support.trail import events, kinds


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A program on a device: it keeps no secret."""
    return device_party()


def test_wrong_codes_are_counted_and_the_person_has_to_wait(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    begun = begin(browser, party)
    wrong = ["BBBB-BBBB", "x", "", "BBBB-BBBC", "ồồồồ-ồồồồ"]
    assert [type_code(browser, code).status_code for code in wrong] == [400] * 5
    assert type_code(browser, begun["user_code"]).status_code == 429
    assert "sau 1 phút" in type_code(browser, begun["user_code"]).text
    time.advance(seconds=61)
    assert type_code(browser, begun["user_code"]).status_code == 303
    assert len(events("device_code.refused")) == 5


def test_an_address_from_which_many_guess_has_to_wait_whoever_asks(app: Flask, party: RelyingParty) -> None:
    for number in range(13):
        browser = app.test_client()
        sign_in(browser, add_person(f"p{number}"))
        statuses = [type_code(browser, "BBBB-BBBB").status_code for _ in range(4)]
    assert statuses[-1] == 429


def test_right_codes_are_never_slowed_down(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    for _ in range(12):
        answer(browser, begin(browser, party)["user_code"])


def test_who_is_not_signed_in_signs_in_first_and_comes_back_to_the_code(browser: FlaskClient, party: RelyingParty) -> None:
    begun = begin(browser, party)
    response = browser.get(f"/device?user_code={begun['user_code']}")
    assert response.status_code == 303
    assert response.location.startswith("/sign-in?flow=")


def test_a_client_that_wants_two_factors_gets_them_before_the_question(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = device_party(minimum_acr="urn:hopnhat:aal2")
    location = type_code(browser, begin(browser, party)["user_code"]).location
    assert browser.get(location).location.startswith("/sign-in?flow=")
    posted = browser.post(location, data={"csrf_token": csrf_of(browser.get("/device"))})
    assert posted.status_code == 303
    assert kinds("device.approved") == []


def test_a_question_of_somebody_else_is_not_answered(app: Flask, browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    location = type_code(browser, begin(browser, party)["user_code"]).location
    victim = app.test_client()
    sign_in(victim, add_person("victim"))
    assert victim.get(location).status_code == 400
    assert victim.get(location[:-3]).status_code == 400
    assert victim.get("/device/answer").status_code == 400


def test_an_answer_needs_its_form(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    begun = begin(browser, party)
    location = type_code(browser, begun["user_code"]).location
    assert browser.post(location, data={}).status_code == 400
    assert error_of(poll(browser, party, begun["device_code"])) == "authorization_pending"
