"""Rules of a client that manages its entry: RFC 7592."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from clients import registration, registry
from clients.lifetimes import BOUNDS
from clients.models import Client
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.opaque_tokens import digest
from tests.protocol.test_races import at_once
from tests.protocol.test_registration import WANTED, clients_there, refused, registered, send
from tests.support import trail
from tests.support.assertions import JWKS
from tests.support.installation import ISSUER, close, settings_for


def manage(browser: FlaskClient, told: dict[str, Any], method: str, body: object = None, token: str | None = None) -> TestResponse:
    path = urlsplit(told["registration_client_uri"]).path
    return send(browser, body, token or told["registration_access_token"], path, method)


def test_a_client_reads_its_entry(browser: FlaskClient) -> None:
    told = registered(browser, contacts=["ops@rp.test"])
    read = manage(browser, told, "GET")
    assert read.status_code == 200
    assert read.headers["Cache-Control"] == "no-store"
    secret = {"client_secret", "client_secret_expires_at", "registration_access_token"}
    assert read.get_json() == {name: value for name, value in told.items() if name not in secret}
    row = reader().execute(select(table_of(Client))).one()
    assert row.registration_digest == digest(told["registration_access_token"])


def test_another_client_s_token_opens_nothing(browser: FlaskClient) -> None:
    """REG-007."""
    one, other = registered(browser), registered(browser)
    gone = {**one, "registration_client_uri": f"{ISSUER}/register/nobody"}
    for entry in (other, gone):
        for method in ("GET", "PUT", "DELETE"):
            response = manage(browser, entry, method, {**WANTED, "client_id": other["client_id"]}, one["registration_access_token"])
            assert refused(response, "invalid_token", status=401)
    assert manage(browser, other, "GET").status_code == 200
    assert browser.get(f"/register/{one['client_id']}").status_code == 401


def test_an_update_replaces_the_whole_entry_and_the_token(browser: FlaskClient) -> None:
    told = registered(browser, contacts=["ops@rp.test"], tos_uri="https://rp.test/tos")
    wanted = {
        "client_id": told["client_id"],
        "redirect_uris": ["https://rp.test/new"],
        "client_name": "Tên mới",
        "client_secret": told["client_secret"],
    }
    changed = manage(browser, told, "PUT", wanted)
    assert changed.status_code == 200, changed.text
    now = changed.get_json()
    assert (now["client_name"], now["redirect_uris"]) == ("Tên mới", ["https://rp.test/new"])
    assert not {"contacts", "tos_uri", "client_secret"} & set(now)
    assert now["registration_access_token"] != told["registration_access_token"]
    assert manage(browser, told, "GET").status_code == 401
    assert manage(browser, now, "GET").status_code == 200
    found = registry.find_client(told["client_id"])
    assert found is not None
    assert found.metadata.require_consent
    assert trail.events("client.changed")[0].actor == f"client:{told['client_id']}"


def test_an_update_changes_nothing_that_an_administrator_has_decided(browser: FlaskClient) -> None:
    told = registered(browser)
    in_transaction(lambda c: registration.change(c, told["client_id"], actor="cli:test", minimum_acr="aal2", require_consent=False))
    assert manage(browser, told, "PUT", {**WANTED, "client_id": told["client_id"], "minimum_acr": "aal1"}).status_code == 200
    found = registry.find_client(told["client_id"])
    assert found is not None
    assert (found.minimum_acr, found.metadata.require_consent) == ("urn:hopnhat:aal2", False)


def test_an_update_lengthens_nothing_that_an_administrator_has_shortened(browser: FlaskClient) -> None:
    told = registered(browser)
    shortened: dict[str, Any] = dict.fromkeys(BOUNDS, 120)
    in_transaction(lambda c: registration.change(c, told["client_id"], actor="cli:test", **shortened))
    asked = {**WANTED, "client_id": told["client_id"], "access_token_seconds": 600}
    assert manage(browser, told, "PUT", asked).status_code == 200
    found = registry.find_client(told["client_id"])
    assert found is not None
    assert {name: getattr(found.metadata, name) for name in BOUNDS} == shortened


@pytest.mark.parametrize("more", [{"scope": "openid staff"}, {"redirect_uris": ["https://evil.test/cb"]}])
def test_who_was_trusted_not_to_ask_people_asks_them_when_it_wants_more(browser: FlaskClient, more: dict[str, Any]) -> None:
    told = registered(browser, scope="openid profile")
    in_transaction(lambda c: registration.change(c, told["client_id"], actor="cli:test", require_consent=False))

    def update(**given: Any) -> bool:
        body = {**WANTED, "client_id": told["client_id"], "scope": "openid profile", **given}
        response = manage(browser, told, "PUT", body)
        told["registration_access_token"] = response.get_json()["registration_access_token"]
        found = registry.find_client(told["client_id"])
        assert found is not None
        return found.metadata.require_consent

    assert update(scope="profile") is False
    assert update(**more) is True
    assert update() is True


def test_changes_are_slowed_down_since_each_is_kept_in_the_trail(browser: FlaskClient) -> None:
    told = registered(browser)
    answers = set()
    for _ in range(40):
        response = manage(browser, told, "PUT", {**WANTED, "client_id": told["client_id"]})
        answers.add(response.status_code)
        told |= response.get_json() if response.status_code == 200 else {}
    assert answers == {200, 429}
    assert manage(browser, told, "GET").status_code == 200


def test_a_wrong_update_changes_nothing_and_keeps_the_token(browser: FlaskClient) -> None:
    told = registered(browser)
    whole = {**WANTED, "client_id": told["client_id"]}
    wrong: list[dict[str, Any]] = [
        WANTED, {**whole, "client_id": "x"}, {**whole, "registration_access_token": "x"}, {**whole, "client_id_issued_at": 1},
        {**whole, "client_secret": "wrong"}, {**whole, "client_secret": 5}, {**whole, "redirect_uris": ["http://evil.test/"]},
        {**whole, "token_endpoint_auth_method": "none"}, {"client_id": told["client_id"]},
    ]  # fmt: skip
    for body in wrong:
        assert refused(manage(browser, told, "PUT", body), "invalid_client_metadata", "invalid_redirect_uri"), body
    assert manage(browser, told, "GET").get_json()["client_name"] == WANTED["client_name"]


def test_of_twenty_updates_at_once_one_has_the_next_token(postgresql_url: str) -> None:
    application = create_app(settings_for(postgresql_url))
    with application.app_context():
        told = registered(application.test_client())
        body = {**WANTED, "client_id": told["client_id"]}
        got = at_once(application, lambda browser, _number: manage(browser, told, "PUT", body).status_code)
    close(application)
    assert sorted(got) == [200] + [401] * 19


def test_a_change_of_method_brings_what_it_needs(browser: FlaskClient) -> None:
    told = registered(browser)
    keyed = manage(
        browser, told, "PUT", {**WANTED, "client_id": told["client_id"], "token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS}
    ).get_json()
    assert "client_secret" not in keyed
    back = manage(
        browser, keyed, "PUT", {**WANTED, "client_id": told["client_id"], "token_endpoint_auth_method": "client_secret_jwt"}
    ).get_json()
    assert back["client_secret"] != told["client_secret"]


def test_a_client_that_ends_itself_is_gone_and_its_name_is_not_given_again(browser: FlaskClient) -> None:
    told = registered(browser)
    assert manage(browser, told, "DELETE").status_code == 204
    assert registry.find_client(told["client_id"]) is None
    for method in ("GET", "PUT", "DELETE"):
        assert manage(browser, told, method, {**WANTED, "client_id": told["client_id"]}).status_code == 401
    assert sorted(trail.kinds("client.registered", "client.deleted")) == ["client.deleted", "client.registered"]
    assert clients_there() == 1


def test_a_client_that_an_administrator_disabled_manages_nothing(browser: FlaskClient) -> None:
    told = registered(browser)
    in_transaction(lambda c: registration.disable(c, told["client_id"], actor="cli:test"))
    assert manage(browser, told, "GET").status_code == 401
