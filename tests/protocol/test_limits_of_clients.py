"""Rules of how much one client may ask for: RFC 9126 §2.3, RFC 8628 §5.2; a program gone wild fills no database."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.database import reader, table_of
from idp.oidc.grants.device_code import GRANT_TYPE as DEVICE
from idp.oidc.models import Authorization, DeviceAuthorization, PushedRequest
from tests.support.bound_party import API, add_resource
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.relying_party import RelyingParty, register_party

MOST = 10


@pytest.fixture
def strict(database_url: str) -> Iterator[Flask]:
    """A provider whose operator lets a client ask for very little."""
    application = create_app(settings_for(database_url, client_requests_per_minute=MOST, client_tokens_per_minute=MOST))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def is_too_many(response: TestResponse) -> bool:
    return response.status_code == 429 and response.get_json()["error"] == "temporarily_unavailable" and "Retry-After" in response.headers


def rows_of(record: type) -> int:
    return int(reader().execute(select(func.count()).select_from(table_of(record))).scalar_one())


def test_a_client_pushes_so_many_requests_a_minute_from_whatever_address_and_the_others_go_on(strict: Flask) -> None:
    browser, party, other = strict.test_client(), register_party(), register_party()

    def push(who: RelyingParty, number: int) -> TestResponse:
        data, address = who.request(), {"REMOTE_ADDR": f"10.1.0.{number}"}
        return browser.post("/par", data=data, headers=who.headers(), environ_overrides=address)

    assert [push(party, number).status_code for number in range(MOST)] == [201] * MOST
    assert is_too_many(push(party, MOST))
    assert rows_of(PushedRequest) == MOST
    assert push(other, MOST).status_code == 201


def test_devices_that_wait_are_counted_the_same_way(strict: Flask) -> None:
    browser, party = strict.test_client(), register_party(grant_types=(DEVICE,), redirect_uris=())
    answers = [browser.post("/device_authorization", data={"scope": "openid"}, headers=party.headers()) for _ in range(MOST + 1)]
    assert [answer.status_code for answer in answers[:MOST]] == [200] * MOST
    assert is_too_many(answers[MOST])
    assert rows_of(DeviceAuthorization) == MOST


def test_tokens_of_the_client_itself_are_counted_and_codes_of_people_are_not(strict: Flask) -> None:
    browser = strict.test_client()
    add_resource()
    party = register_party(grant_types=("client_credentials",), redirect_uris=(), scope="dossiers", resources=(API,))
    answers = [party.post(browser, {"grant_type": "client_credentials"}) for _ in range(MOST + 1)]
    assert [answer.status_code for answer in answers[:MOST]] == [200] * MOST
    assert is_too_many(answers[MOST])
    assert rows_of(Authorization) == 1
    person_s = register_party()
    assert {person_s.redeem(browser, "x").status_code for _ in range(MOST + 1)} == {400}


def test_who_proves_nothing_uses_up_nobody_s_number(strict: Flask) -> None:
    """Whoever knows the name of a public client could else keep its people out."""
    browser, public = strict.test_client(), register_party(token_endpoint_auth_method="none")
    sent = {**public.request(), "client_id": public.client_id}
    assert {browser.post("/par", data=sent).status_code for _ in range(MOST + 2)} == {201}
    wrong = register_party()
    for _ in range(MOST + 2):
        assert browser.post("/par", data={**wrong.request(), "client_id": wrong.client_id, "client_secret": "x"}).status_code == 401
    assert browser.post("/par", data=wrong.request(), headers=wrong.headers()).status_code == 201
