"""Rules of parts of a guarded site that ask for more: two factors, a recent sign-in, people of some units."""

import json
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from clients.registration import change
from idp.clock import ManualClock
from idp.database import in_transaction
from idp.sessions import assurance
from tests.support.guarded_site import ORIGIN, Site, register_site
from tests.support.people import add_person, add_unit
from tests.support.relying_party import sign_in


@pytest.fixture
def site(app: Flask) -> Site:
    return register_site()


def test_a_path_that_asks_for_two_factors_leads_to_them(
    browser: FlaskClient, site: Site, person_id: uuid.UUID, session_id: uuid.UUID
) -> None:
    """RFC 9470."""
    site.sign_in(browser)
    asked = site.ask(browser, acr="aal2")
    assert asked.status_code == 401
    assert 'error="insufficient_user_authentication", acr_values="urn:hopnhat:aal2"' in asked.headers["WWW-Authenticate"]
    led = site.follow(browser, site.ask(browser, acr="aal2", answer="page"))
    claims = json.loads(parse_qs(urlsplit(led.headers["Location"]).query)["claims"][0])
    assert claims == {"id_token": {"acr": {"essential": True, "value": assurance.AAL2}}}
    assert "/sign-in?flow=" in site.authorize(browser, led).headers["Location"]
    sign_in(browser, person_id, assurance.AAL2)
    site.follow(browser, site.authorize(browser, led))
    assert site.ask(browser, acr="aal2").headers["X-Hopnhat-Acr"] == assurance.AAL2


def test_the_clients_own_minimum_holds_whatever_the_url_says(browser: FlaskClient, session_id: uuid.UUID) -> None:
    site = register_site(minimum_acr=assurance.AAL2)
    assert "/sign-in?flow=" in site.authorize(browser, site.open(browser, "/sign-in", to="/")).headers["Location"]
    relaxed = register_site("https://hai.example.vn")
    relaxed.sign_in(browser)
    in_transaction(lambda c: change(c, relaxed.party.client_id, actor="t", minimum_acr=assurance.AAL2))
    assert relaxed.ask(browser, acr="aal1").status_code == 401


def test_a_path_may_ask_for_a_recent_sign_in(time: ManualClock, browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    assert site.ask(browser, max_age="300").status_code == 200
    time.advance(minutes=6)
    asked = site.ask(browser, max_age="300")
    assert asked.status_code == 401
    assert 'max_age="300"' in asked.headers["WWW-Authenticate"]
    led = site.follow(browser, site.ask(browser, max_age="300", answer="page"))
    assert parse_qs(urlsplit(led.headers["Location"]).query)["max_age"] == ["300"]


def test_only_people_of_the_named_units_are_let_in(browser: FlaskClient, site: Site) -> None:
    department = add_unit("Sở Y tế", code="H27.5")
    sign_in(browser, add_person(unit_id=add_unit("Trạm y tế xã", code="H27.5.3", parent_id=department)))
    site.sign_in(browser)
    assert site.ask(browser, units="H27.1,H27.5").status_code == 200
    assert site.ask(browser, units="H27.1").status_code == 403
    page = site.ask(browser, units="H27.1", answer="page")
    assert page.status_code == 403
    assert "Không có quyền vào ứng dụng này" in page.text
    assert f"{ORIGIN}/hopnhat/sign-out" in page.text


def test_a_mistaken_requirement_opens_nothing(browser: FlaskClient, site: Site, session_id: uuid.UUID) -> None:
    site.sign_in(browser)
    assert site.ask(browser, acr="aal1", max_age="300").status_code == 200
    left_empty = [("acr", ""), ("max_age", ""), ("units", ""), ("units", ","), ("unit", "H27.1"), ("ACR", "aal2")]
    for name, value in [("acr", "aal9"), ("max_age", "soon"), ("max_age", "-1"), *left_empty]:
        assert site.ask(browser, **{name: value}).status_code == 403, (name, value)
