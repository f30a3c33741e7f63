"""Rules of lifetimes that a client has of its own: never longer than the installation's, on every way to a token and to a page."""

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt

from clients import resources
from clients.lifetimes import BOUNDS, PRESETS, longest_age, preset_named, preset_of
from clients.metadata import ClientMetadata
from clients.metadata_rules import InvalidMetadata
from clients.metadata_wire import OURS, read_metadata
from clients.registration import change
from clients.registry import find_client
from clients.resources import Resource
from idp import clock
from idp.database import in_transaction
from idp.oidc import signing_keys
from idp.oidc.grants.token_exchange import ACCESS_TOKEN
from idp.settings import current_settings
from tests.protocol.test_device import answer, begin, device_party, poll, type_code
from tests.support.guarded_site import register_site
from tests.support.relying_party import RelyingParty, register_party, sign_in

SCOPE, API = "openid offline_access", "https://ho-so.hagiang.test/"


def set_for(party: RelyingParty, **seconds: Any) -> ClientMetadata:
    return in_transaction(lambda c: change(c, party.client_id, actor="t", **seconds))


def introspected(browser: FlaskClient, party: RelyingParty, token: str) -> Any:
    return browser.post("/introspect", data={"token": token}, headers=party.headers()).get_json()


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, signing_keys.verification_keys(), algorithms=["RS256"]).claims


def test_codes_refresh_tokens_and_id_tokens_give_what_the_client_has_of_its_own(
    browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    party = register_party(access_token_seconds=300, id_token_seconds=120, refresh_token_idle_seconds=600, refresh_token_seconds=1500)
    sign_in(browser, person_id)
    told = party.tokens(browser, scope=SCOPE)
    assert told["expires_in"] == 300
    claims = claims_of(told["id_token"])
    assert claims["exp"] - claims["iat"] == 120
    time.advance(seconds=301)
    assert party.userinfo(browser, told["access_token"]).status_code == 401
    again = party.refresh(browser, told["refresh_token"]).get_json()
    assert again["expires_in"] == 300
    about = introspected(browser, party, again["refresh_token"])
    assert about["exp"] == int((clock.now() + timedelta(seconds=600)).timestamp())
    time.advance(seconds=599)
    last = party.refresh(browser, again["refresh_token"]).get_json()
    time.advance(seconds=599)
    last = party.refresh(browser, last["refresh_token"]).get_json()
    time.advance(seconds=2)  # 1,501 s after the first of them
    assert party.refresh(browser, last["refresh_token"]).status_code == 400


def test_a_refresh_token_left_unused_dies_with_the_client_s_own_limit(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    told = party.tokens(browser, scope=SCOPE)
    set_for(party, refresh_token_idle_seconds=60)
    time.advance(seconds=61)
    assert introspected(browser, party, told["refresh_token"]) == {"active": False}
    assert party.refresh(browser, told["refresh_token"]).status_code == 400


def test_chains_that_are_made_shorter_are_shorter_at_once(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    sign_in(browser, person_id)
    told = party.tokens(browser, scope=SCOPE)
    time.advance(hours=2)
    set_for(party, refresh_token_seconds=3600)
    assert party.refresh(browser, told["refresh_token"]).status_code == 400
    set_for(party, refresh_token_seconds=None)
    assert party.refresh(browser, told["refresh_token"]).status_code == 200


def test_a_service_for_itself_and_one_that_acts_for_somebody_have_theirs(browser: FlaskClient, person_id: uuid.UUID) -> None:
    in_transaction(lambda c: resources.add(c, Resource(API, "Hồ sơ", ("land",), "jwt", None), actor="t"))
    service = register_party(
        client_name="Dịch vụ", scope="openid land", resources=(API,), access_token_seconds=90, access_token_format="jwt",
        grant_types=("authorization_code", "client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"),
    )  # fmt: skip
    own = service.post(browser, {"grant_type": "client_credentials", "scope": "land"}).get_json()
    claims = claims_of(own["access_token"])
    assert (own["expires_in"], claims["exp"] - claims["iat"]) == (90, 90)
    sign_in(browser, person_id)
    subject = service.tokens(browser, scope="openid land", resource=API)
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": subject["access_token"],
        "subject_token_type": ACCESS_TOKEN, "resource": API,
    }  # fmt: skip
    set_for(service, access_token_seconds=60)
    exchanged = service.post(browser, form).get_json()
    assert exchanged["expires_in"] == 60, exchanged


def test_a_device_has_them_too_and_asks_for_a_sign_in_that_is_young_enough(
    app: Flask, browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock
) -> None:
    party = device_party(access_token_seconds=120, longest_auth_age_seconds=600)
    sign_in(browser, person_id)
    time.advance(seconds=601)
    device = app.test_client()
    begun = begin(device, party)
    asked = browser.get(type_code(browser, begun["user_code"]).location)
    assert "/sign-in?flow=" in asked.headers["Location"]
    sign_in(browser, person_id)
    answer(browser, begun["user_code"])
    time.advance(seconds=6)
    assert poll(device, party, begun["device_code"]).get_json()["expires_in"] == 120


@pytest.mark.parametrize("asked", [None, "60", "86400"])
def test_people_prove_themselves_again_after_the_client_s_age_whatever_is_asked(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock, asked: str | None
) -> None:
    """As `max_age` of OpenID Connect Core §3.1.2.1, which may only ask for less."""
    set_for(party, longest_auth_age_seconds=600, default_max_age=86400)
    sign_in(browser, person_id)
    time.advance(seconds=59)
    assert "code" in party.answer(party.authorize(browser, max_age=asked))
    time.advance(seconds=542)
    assert "/sign-in?flow=" in party.authorize(browser, max_age=asked).headers["Location"]
    silent = party.authorize(browser, max_age=asked, prompt="none")
    assert party.answer(silent)["error"] == "login_required"


def test_a_guarded_site_asks_again_after_its_age(browser: FlaskClient, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    site = register_site(longest_auth_age_seconds=600)
    sign_in(browser, person_id)
    site.sign_in(browser)
    assert site.ask(browser).status_code == site.ask(browser, max_age="86400").status_code == 200
    time.advance(seconds=601)
    for asked in ({}, {"max_age": "86400"}):
        refused = site.ask(browser, **asked)
        assert refused.status_code == 401
        assert 'max_age="600"' in refused.headers["WWW-Authenticate"]
    led = site.follow(browser, site.ask(browser, answer="page"))
    assert parse_qs(urlsplit(led.headers["Location"]).query)["max_age"] == ["600"]


def test_none_is_longer_than_the_installation_allows(app: Flask, browser: FlaskClient, person_id: uuid.UUID) -> None:
    party = register_party()
    for name, seconds in (("access_token_seconds", 601), ("id_token_seconds", 601), ("refresh_token_idle_seconds", 12 * 3600 + 1),
                          ("refresh_token_seconds", 30 * 86400 + 1), ("longest_auth_age_seconds", 12 * 3600 + 1),
                          ("access_token_seconds", 59), ("longest_auth_age_seconds", 0)):  # fmt: skip
        with pytest.raises(InvalidMetadata):
            set_for(party, **{name: seconds})
    set_for(party, access_token_seconds=600)
    app.extensions["hopnhat.settings"] = current_settings().model_copy(update={"access_token_seconds": 120})
    sign_in(browser, person_id)
    assert party.tokens(browser)["expires_in"] == 120
    in_transaction(lambda c: change(c, party.client_id, actor="t", client_name="Tên khác"))  # what is kept stands in nobody's way


def test_who_registers_itself_sets_none() -> None:
    """RFC 7591 §2: what is not for it to say is passed over."""
    assert read_metadata(dict.fromkeys(BOUNDS, 60), leaving_out=OURS) == {}


@pytest.mark.parametrize(("own", "asked", "age"), [(None, None, None), (600, None, 600), (None, 30, 30), (600, 30, 30), (600, 900, 600)])
def test_the_shorter_age_counts(own: int | None, asked: int | None, age: int | None) -> None:
    assert longest_age(ClientMetadata("x", (), longest_auth_age_seconds=own), asked) == age


@pytest.mark.parametrize("preset", [preset.name for preset in PRESETS])
def test_a_preset_is_known_again(app: Flask, preset: str) -> None:
    party = register_party()
    set_for(party, **preset_named(preset))
    kept = find_client(party.client_id)
    assert kept is not None
    assert preset_of(kept.metadata) == preset
