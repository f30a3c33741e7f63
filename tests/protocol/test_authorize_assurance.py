"""Rules of how strongly and how lately the person must have proved themselves: acr_values, claims, the client, roles."""

import json
import uuid

import pytest
from flask.testing import FlaskClient

from clients.registration import change, disable
from idp.database import in_transaction
from idp.oidc import administrators
from idp.roles.grants import grant
from idp.roles.models import Role
from idp.sessions import assurance
from tests.protocol.test_authorize_sign_in import claims, flow_of, opened, resume
from tests.support.relying_party import RelyingParty, register_party, sign_in


@pytest.mark.parametrize(
    "more",
    [
        {"acr_values": assurance.AAL2},
        {"acr_values": f"{assurance.AAL2} {assurance.AAL3}"},
        {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": [assurance.AAL2]}}})},
        {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": assurance.AAL2}}})},
        {"claims": json.dumps({"id_token": {"acr": {"values": [assurance.AAL2]}}})},
    ],
)
def test_a_wish_for_two_factors_is_met_by_asking_for_the_second(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, more: dict[str, str | None]
) -> None:
    sign_in(browser, person_id)
    flow = flow_of(party.authorize(browser, **more))
    assert opened(browser, flow).minimum_acr == assurance.AAL2
    flow_of(resume(browser, flow))
    sign_in(browser, person_id, assurance.AAL2)
    told = party.redeem(browser, party.answer(resume(browser, flow))["code"]).get_json()
    assert claims(told["id_token"])["acr"] == assurance.AAL2
    assert claims(told["id_token"])["amr"] == ["pwd", "otp", "mfa"]


def test_where_nobody_may_be_asked_a_wish_is_a_wish_and_a_demand_a_demand(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    sign_in(browser, person_id)
    code = party.code(browser, prompt="none", acr_values=assurance.AAL2)
    assert claims(party.redeem(browser, code).get_json()["id_token"])["acr"] == assurance.AAL1
    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": [assurance.AAL2]}}})
    assert party.answer(party.authorize(browser, prompt="none", claims=essential))["error"] == "login_required"


@pytest.mark.parametrize(
    "more",
    [
        {"acr_values": assurance.AAL3},
        {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": [assurance.AAL3]}}})},
    ],
)
def test_two_factors_are_not_enough_where_a_passkey_is_asked_for(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, more: dict[str, str | None]
) -> None:
    """BYP-003"""
    sign_in(browser, person_id, assurance.AAL2)
    flow = flow_of(party.authorize(browser, **more))
    assert opened(browser, flow).minimum_acr == assurance.AAL3
    flow_of(resume(browser, flow))


def test_the_demand_of_the_client_that_gets_the_code_is_looked_at_when_it_is_given(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    """BYP-005: the flow of a client that asks for little does not lead to a code for one that asks for much."""
    strict = register_party(minimum_acr=assurance.AAL2, redirect_uris=("https://strict.test/cb",))
    easy, hard = flow_of(party.authorize(browser)), flow_of(strict.authorize(browser))
    sign_in(browser, person_id, assurance.AAL1)
    flow_of(resume(browser, hard))  # asked again, for the second factor
    for mixed in (f"{easy}&flow={hard}", hard + easy, f"{hard}&client_id={party.client_id}"):
        answer = browser.get(f"/authorize/resume?flow={mixed}")
        assert not answer.headers.get("Location", "").startswith("https://strict.test")
    answer = browser.get(f"/authorize/resume?flow={easy}&client_id={strict.client_id}&redirect_uri={strict.redirect_uri}")
    assert answer.headers["Location"].startswith(party.redirect_uri)
    flow_of(strict.authorize(browser, acr_values=assurance.AAL1))


def test_an_essential_assurance_that_is_not_offered_is_refused(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id, assurance.AAL2)
    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:mace:incommon:iap:silver"]}}})
    assert party.answer(party.authorize(browser, claims=essential))["error"] == "unmet_authentication_requirements"


def test_an_essential_assurance_that_the_session_goes_beyond_is_told_as_it_was_wished(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    """OpenID Connect Core §5.5.1.1: the `acr` must be one of the values."""
    sign_in(browser, person_id, assurance.AAL2)
    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": [assurance.AAL1, "urn:elsewhere"]}}})
    assert claims(party.tokens(browser, claims=essential)["id_token"])["acr"] == assurance.AAL1
    assert claims(party.tokens(browser, acr_values=assurance.AAL1)["id_token"])["acr"] == assurance.AAL2
    strict = register_party(minimum_acr=assurance.AAL2)
    assert claims(strict.tokens(browser, claims=essential)["id_token"])["acr"] == assurance.AAL2


def test_an_essential_acr_of_no_certain_value_makes_no_wish_a_demand(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    sign_in(browser, person_id)
    wish = json.dumps({"id_token": {"acr": {"essential": True}}})
    for more in ({}, {"acr_values": "urn:elsewhere"}, {"acr_values": assurance.AAL2, "prompt": "none"}):
        assert claims(party.tokens(browser, claims=wish, **more)["id_token"])["acr"] == assurance.AAL1


def test_a_client_s_least_assurance_holds_whatever_it_asks(browser: FlaskClient, person_id: uuid.UUID) -> None:
    strict = register_party(minimum_acr=assurance.AAL2)
    sign_in(browser, person_id)
    assert opened(browser, flow_of(strict.authorize(browser, acr_values=assurance.AAL1))).minimum_acr == assurance.AAL2
    assert strict.answer(strict.authorize(browser, prompt="none"))["error"] == "login_required"
    sign_in(browser, person_id, assurance.AAL2)
    strict.code(browser)


def test_the_policy_of_the_client_is_that_of_the_moment_when_the_code_is_given(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID
) -> None:
    flow = flow_of(party.authorize(browser))
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", minimum_acr="aal2"))
    sign_in(browser, person_id)
    assert opened(browser, flow_of(resume(browser, flow))).minimum_acr == assurance.AAL2
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test"))
    sign_in(browser, person_id, assurance.AAL2)
    assert resume(browser, flow).status_code == 400


def test_who_holds_a_role_needs_two_factors_everywhere_from_that_moment(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administrators, "FRESH_SECONDS", 0.0)
    sign_in(browser, person_id)
    code = party.code(browser)
    in_transaction(lambda c: grant(c, person_id, Role.AUDITOR, actor="cli:test"))
    assert opened(browser, flow_of(party.authorize(browser))).minimum_acr == assurance.AAL2
    assert party.redeem(browser, code).get_json()["error"] == "invalid_grant"  # given before, redeemed after
    sign_in(browser, person_id, assurance.AAL2, administrator=True)
    party.code(browser)


def test_an_unfinished_sign_in_counts_as_none(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    sign_in(browser, person_id, assurance.AAL1, administrator=True)
    assert party.answer(party.authorize(browser, prompt="none"))["error"] == "login_required"
