"""Rules of what a check looks at for each kind of application."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from clients.check_models import IntegrationCheck
from clients.metadata import ClientMetadata
from clients.registration import disable, register
from clients.registry import find_even_disabled
from idp.database import in_transaction, reader, table_of
from idp.proof import checks, trial_people
from idp.proof.leaving_trial import try_leaving
from idp.proof.reaching import look_at_addresses, look_at_discovery
from idp.proof.steps import Step
from idp.roles.models import Role
from idp.sessions import assurance, browser_sessions
from tests.support.checked_application import Checked, checked_application
from tests.support.entry import shut
from tests.support.guarded_site import Site
from tests.support.installation import Databases
from tests.support.relying_party import register_party
from tests.support.signed_in import browser_of, send_form, words_of

_k = table_of(IntegrationCheck)
ACTOR = "cli:test"


@pytest.fixture(scope="module")
def house(sqlite_databases: Databases) -> Iterator[Checked]:
    """A provider that is served, in which each test registers its own application."""
    with checked_application(sqlite_databases.fresh()) as checked:
        yield checked


def begin(client_id: str) -> dict[Step, Any]:
    client = find_even_disabled(client_id)
    assert client is not None
    in_transaction(lambda c: checks.begin(c, client, actor=ACTOR, person_id=None))
    return look(client_id)


def look(client_id: str) -> dict[Step, Any]:
    client = find_even_disabled(client_id)
    assert client is not None
    return checks.look(client)


def words(found: dict[Step, Any]) -> dict[str, str]:
    return {step.value: finding.word for step, finding in found.items()}


def with_test_person(house: Checked, client_id: str) -> FlaskClient:
    """A browser in which the test person of this application's check is signed in."""
    client = find_even_disabled(client_id)
    assert client is not None

    def take(connection: Any) -> str:
        check = checks.require_open(connection, client.key)
        person_id = checks.take_test_person(connection, check, client, actor=ACTOR)
        return str(trial_people.give_link(connection, check.id, client.key, person_id, acr=assurance.AAL2, actor=ACTOR))

    word, browser = in_transaction(take), house.app.test_client()
    answer = send_form(browser, "/test-sign-in", {"link": word}, page=f"/test-sign-in?link={word}")
    assert answer.headers["Location"] == "/test-sign-in/done"
    assert "Người Kiểm Thử" in words_of(browser.get("/test-sign-in/done"))
    return browser


def sign_out(client_id: str) -> None:
    row = reader().execute(select(_k).order_by(_k.c.made_at.desc())).first()
    assert row is not None
    in_transaction(lambda c: trial_people.sign_out(c, row.test_person_id, actor=ACTOR))
    assert client_id


def leave(client_id: str) -> dict[Step, Any]:
    client = find_even_disabled(client_id)
    assert client is not None
    assert try_leaving(checks.require_open(reader(), client.key), actor=ACTOR)
    return look(client_id)


def test_a_machine_shows_a_token_and_nothing_of_people(house: Checked) -> None:
    party = register_party(redirect_uris=(), grant_types=("client_credentials",), response_types=(), scope="")
    assert words(begin(party.client_id)) == {"discovery": "provider_reached", "addresses": "no_addresses", "token": "token_waits"}
    browser = house.app.test_client()
    assert party.post(browser, {"grant_type": "client_credentials"}).status_code == 200
    found = look(party.client_id)
    assert words(found)["token"] == "token_given"
    assert found[Step.TOKEN].facts["method"] == "client_secret_basic"
    page = words_of(browser_of(house.app, Role.IT_ADMIN).get(f"/console/clients/{party.client_id}/check"))
    assert "đăng nhập, đăng xuất và nghỉ việc" in page


def test_a_public_client_has_no_channel_and_passes_without_one(house: Checked) -> None:
    party = register_party(token_endpoint_auth_method="none", redirect_uris=("https://rp.test/cb",))
    begin(party.client_id)
    browser = with_test_person(house, party.client_id)
    told = party.tokens(browser)
    found = look(party.client_id)
    assert words(found) | {"addresses": ""} == {
        "discovery": "provider_reached", "addresses": "", "sign_in": "signed_in", "logout": "public_no_channel", "leaving": "leaving_ready"
    }  # fmt: skip
    assert found[Step.SIGN_IN].facts["userinfo"] == []
    assert party.userinfo(browser, told["access_token"]).status_code == 200
    assert "sub" in look(party.client_id)[Step.SIGN_IN].facts["userinfo"]
    assert words(leave(party.client_id))["leaving"] == "leaver_out_no_channel"
    assert party.userinfo(browser, told["access_token"]).status_code == 401


def test_a_server_without_a_channel_fails_and_a_frontchannel_cannot_be_confirmed(house: Checked) -> None:
    for given, word in (({}, "no_channel"), ({"frontchannel_logout_uri": "https://rp.test/out"}, "frontchannel")):
        party = register_party(**given)
        begin(party.client_id)
        party.tokens(with_test_person(house, party.client_id))
        assert words(look(party.client_id))["logout"] == word


def test_a_guarded_site_is_shown_by_what_its_proxy_asks(house: Checked) -> None:
    origin = "https://baocao.example.vn"
    party = register_party(
        redirect_uris=(f"{origin}/hopnhat/callback",), post_logout_redirect_uris=(f"{origin}/",), forward_auth_origins=(origin,),
        scope="openid profile", token_endpoint_auth_method="client_secret_basic",
    )  # fmt: skip
    begin(party.client_id)
    browser, site = with_test_person(house, party.client_id), Site(party, origin)
    assert f'href="{origin}"' in browser.get("/test-sign-in/done").text
    assert site.sign_in(browser).status_code == 303
    assert words(look(party.client_id))["sign_in"] == "site_signed_in"
    assert site.ask(browser).status_code == 200
    found = look(party.client_id)
    assert words(found)["sign_in"] == "site_entered"
    assert words(found)["logout"] == "logout_waits"
    sign_out(party.client_id)
    assert words(look(party.client_id))["logout"] == "site_logout"
    browser = with_test_person(house, party.client_id)
    site = Site(party, origin)
    site.sign_in(browser)
    assert site.ask(browser).status_code == 200
    assert words(leave(party.client_id))["leaving"] == "leaver_out_site"
    assert site.ask(browser).status_code == 401


def test_a_code_that_nobody_exchanges_is_told_with_the_address_it_went_to(house: Checked) -> None:
    party = register_party()
    begin(party.client_id)
    party.code(with_test_person(house, party.client_id))
    found = look(party.client_id)[Step.SIGN_IN]
    assert (found.word, found.facts["url"]) == ("code_given", party.redirect_uri)


def test_the_test_person_enters_also_where_nobody_else_may(house: Checked) -> None:
    party = register_party()
    shut(party.client_id)
    begin(party.client_id)
    assert party.tokens(with_test_person(house, party.client_id))["access_token"]


def test_addresses_are_looked_at_through_the_guard(house: Checked) -> None:
    made = in_transaction(lambda c: register(c, ClientMetadata(
        client_name="A", redirect_uris=("http://127.0.0.1:9/cb", "vn.gov.app:/cb", f"{house.home}/callback", f"{house.home}/nowhere"),
        client_uri="https://10.0.0.1/", backchannel_logout_uri="https://10.0.0.2/out", application_type="native",
    ), actor=ACTOR))  # fmt: skip
    client = find_even_disabled(made.client_id)
    assert client is not None
    found = {(one["name"], one["url"]): (one["state"], one.get("why")) for one in look_at_addresses(client).facts["addresses"]}
    assert found == {
        ("backchannel_logout_uri", "https://10.0.0.2/out"): ("bad", "not_allowed"),
        ("client_uri", "https://10.0.0.1/"): ("unseen", "not_allowed"),
        ("redirect_uris", "http://127.0.0.1:9/cb"): ("unseen", "own_machine"),
        ("redirect_uris", "vn.gov.app:/cb"): ("unseen", "own_scheme"),
        ("redirect_uris", f"{house.home}/callback"): ("ok", None),
        ("redirect_uris", f"{house.home}/nowhere"): ("bad", "broken"),
    }


def test_a_key_that_the_client_asks_for_must_be_there(house: Checked) -> None:
    party = register_party(id_token_signed_response_alg="ES256")
    client = find_even_disabled(party.client_id)
    assert client is not None
    assert look_at_discovery(client).word == "provider_reached"


def test_a_disabled_application_is_not_checked(house: Checked) -> None:
    party = register_party()
    in_transaction(lambda c: disable(c, party.client_id, actor=ACTOR))
    admin = browser_of(house.app, Role.IT_ADMIN)
    assert send_form(admin, f"/console/clients/{party.client_id}/check", {}).status_code == 409


def test_the_session_of_a_test_person_cannot_be_raised(house: Checked) -> None:
    party = register_party(minimum_acr=assurance.AAL3)
    begin(party.client_id)
    browser = with_test_person(house, party.client_id)
    answer = party.authorize(browser)
    while answer.status_code == 303:
        answer = browser.get(answer.headers["Location"])
    assert answer.request.path == "/sign-in/refused"
    assert browser_sessions.find(str(browser.get_cookie(browser_sessions.cookie_name()).value)) is not None  # type: ignore[union-attr]
