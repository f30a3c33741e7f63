"""Rules of the device grant: RFC 8628, and of its pages."""

import re
import threading
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from limits import parse_many
from werkzeug.test import TestResponse

from clients import resources
from clients.resources import Resource
from idp import access, audit, clock
from idp.app import create_app
from idp.database import in_transaction
from idp.oidc import consents, device_authorization_endpoint, device_authorizations, signing_keys
from idp.oidc.device_codes import LETTERS, new_user_code, read_user_code
from idp.oidc.grants.device_code import GRANT_TYPE
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in
from tests.support.trail import events, kinds

RESIDENTS = "https://dan-cu.hagiang.test/"
GRANTS = ("authorization_code", "refresh_token", GRANT_TYPE)


@pytest.fixture
def party(app: Flask) -> RelyingParty:
    """A program on a device: it keeps no secret."""
    return device_party()


def device_party(**given: Any) -> RelyingParty:
    return register_party(**{"client_name": "Màn hình phòng họp", "token_endpoint_auth_method": "none", "grant_types": GRANTS, **given})


def begin(browser: FlaskClient, party: RelyingParty, **more: str) -> dict[str, Any]:
    form = {"client_id": party.client_id, "scope": "openid profile", **more}
    response = browser.post("/device_authorization", data=form, headers=party.headers())
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.get_json()
    return told


def poll(browser: FlaskClient, party: RelyingParty, device_code: str) -> TestResponse:
    return party.post(browser, {"grant_type": GRANT_TYPE, "device_code": device_code})


def error_of(response: TestResponse) -> str:
    assert response.status_code == 400, response.text
    return str(response.get_json()["error"])


def csrf_of(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text
    return found.group(1)


def type_code(browser: FlaskClient, user_code: str) -> TestResponse:
    page = browser.get("/device")
    return browser.post("/device", data={"user_code": user_code, "csrf_token": csrf_of(page)})


def answer(browser: FlaskClient, user_code: str, **form: str) -> TestResponse:
    typed = type_code(browser, user_code)
    assert typed.status_code == 303, typed.text
    page = browser.get(typed.location)
    assert page.status_code == 200, page.text
    return browser.post(typed.location, data={"csrf_token": csrf_of(page), **form})


def test_a_device_is_let_in_by_its_person(app: Flask, browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    device = app.test_client()
    begun = begin(device, party, scope="openid profile offline_access")
    assert begun["verification_uri"] == "http://127.0.0.1:8000/device"
    assert begun["verification_uri_complete"] == f"{begun['verification_uri']}?user_code={begun['user_code']}"
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert error_of(poll(device, party, begun["device_code"])) == "authorization_pending"
    done = answer(browser, begun["user_code"].lower().replace("-", " "))
    assert "Thiết bị đã được kết nối" in done.text
    told = poll(device, party, begun["device_code"]).get_json()
    claims = jwt.decode(told["id_token"], signing_keys.verification_keys(), algorithms=["RS256"]).claims
    assert claims["aud"] == party.client_id
    assert claims["sid"] == str(session_id)
    assert party.userinfo(device, told["access_token"]).get_json()["name"] == "Vàng Mí Sính"
    assert party.refresh(device, told["refresh_token"]).status_code == 200
    assert error_of(poll(device, party, begun["device_code"])) == "invalid_grant"
    assert kinds("device.approved", "authorization.granted") == ["authorization.granted", "device.approved"]


def test_the_person_sees_which_application_asks_for_what_and_is_asked_whether_they_began_it(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    begun = begin(browser, party)
    prefilled = browser.get(f"/device?user_code={begun['user_code']}")
    assert f'value="{begun["user_code"]}"' in prefilled.text  # shown, to be compared and sent on by hand
    page = browser.get(type_code(browser, begun["user_code"]).location)
    for words in ("Màn hình phòng họp", begun["user_code"], "Họ và tên", "vừa bắt đầu", 'id="continue"', 'id="cancel"', "127.0.0.1"):
        assert words in page.text, words


def test_a_person_who_says_no_turns_the_device_away(browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    begun = begin(browser, party)
    assert "Đã từ chối" in answer(browser, begun["user_code"], cancel="1").text
    assert error_of(poll(browser, party, begun["device_code"])) == "access_denied"
    assert kinds("device.denied") == ["device.denied"]
    assert type_code(browser, begun["user_code"]).status_code == 400


def test_a_device_that_asks_too_soon_must_pause_longer(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock) -> None:
    code = begin(browser, party)["device_code"]
    assert error_of(poll(browser, party, code)) == "authorization_pending"
    time.advance(seconds=2)
    assert error_of(poll(browser, party, code)) == "slow_down"
    time.advance(seconds=6)
    assert error_of(poll(browser, party, code)) == "slow_down"
    time.advance(seconds=15)
    assert error_of(poll(browser, party, code)) == "authorization_pending"


def test_codes_expire(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, time: clock.ManualClock) -> None:
    sign_in(browser, person_id)
    begun = begin(browser, party)
    location = type_code(browser, begun["user_code"]).location
    time.advance(seconds=601)
    assert error_of(poll(browser, party, begun["device_code"])) == "expired_token"
    assert type_code(browser, begun["user_code"]).status_code == 400
    assert browser.get(location).status_code == 400
    time.advance(hours=2)
    assert in_transaction(device_authorizations.forget_expired) == 1


def test_a_code_is_redeemed_once_by_twenty_at_the_same_time(postgresql_url: str) -> None:
    app = create_app(settings_for(postgresql_url))
    app.test_client_class = FreshContextClient
    with app.app_context():
        party = device_party()
        browser = app.test_client()
        sign_in(browser, add_person())
        begun = begin(browser, party)
        answer(browser, begun["user_code"])
        signing_keys.require_signing_key("RS256")
    statuses: list[int] = []
    start = threading.Barrier(20)

    def ask() -> None:
        device = app.test_client()
        start.wait()
        statuses.append(poll(device, party, begun["device_code"]).status_code)

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [400] * 19
    close(app)


@pytest.mark.parametrize("how", ["suspended", "signed_out"])
def test_what_was_let_in_dies_with_the_person_access(
    browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID, session_id: uuid.UUID, how: str
) -> None:
    first, second = begin(browser, party), begin(browser, party)
    answer(browser, first["user_code"])
    answer(browser, second["user_code"])
    token = poll(browser, party, first["device_code"]).get_json()["access_token"]
    if how == "suspended":
        in_transaction(lambda c: access.withdraw(c, person_id, reason="left", actor="cli:test"))
    else:
        in_transaction(lambda c: access.sign_out(c, person_id, reason="by_person", actor="cli:test", only=session_id))
    assert error_of(poll(browser, party, second["device_code"])) == "access_denied"
    assert party.userinfo(browser, token).status_code == 401


def test_only_the_client_that_began_may_ask(app: Flask, browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID) -> None:
    begun = begin(browser, party)
    answer(browser, begun["user_code"])
    assert error_of(poll(browser, device_party(), begun["device_code"])) == "invalid_grant"
    assert poll(browser, party, begun["device_code"]).status_code == 200


def test_a_confidential_client_proves_itself_at_both_endpoints(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = device_party(token_endpoint_auth_method="client_secret_basic")
    assert browser.post("/device_authorization", data={"client_id": party.client_id}).status_code == 401
    begun = begin(browser, party)
    answer(browser, begun["user_code"])
    assert browser.post("/token", data={"grant_type": GRANT_TYPE, "device_code": begun["device_code"]}).status_code == 401
    assert poll(browser, party, begun["device_code"]).status_code == 200


def test_a_client_that_is_not_registered_for_it_gets_no_codes(browser: FlaskClient) -> None:
    party = register_party(token_endpoint_auth_method="none")
    response = browser.post("/device_authorization", data={"client_id": party.client_id})
    assert error_of(response) == "unauthorized_client"


def test_a_client_gets_no_scope_that_it_is_not_registered_for(browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = device_party(scope="openid email")
    begun = begin(browser, party, scope="openid staff email")
    answer(browser, begun["user_code"])
    assert poll(browser, party, begun["device_code"]).get_json()["scope"] == "openid email"
    refused = browser.post("/device_authorization", data={"client_id": party.client_id, "scope": "staff"})
    assert error_of(refused) == "invalid_scope"


def test_no_code_is_kept_as_it_is(app: Flask, browser: FlaskClient, party: RelyingParty) -> None:
    begun = begin(browser, party)
    rows = in_transaction(lambda c: c.exec_driver_sql("SELECT * FROM device_authorization").all())
    assert begun["device_code"] not in str(rows)
    assert begun["user_code"] not in str(rows)


def test_more_devices_than_are_real_wait_for_nobody(browser: FlaskClient, party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_authorizations, "MOST_WAITING", 2)
    begin(browser, party)
    begin(browser, party)
    response = browser.post("/device_authorization", data={"client_id": party.client_id})
    assert (response.status_code, response.get_json()["error"]) == (429, "temporarily_unavailable")


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_the_endpoint_takes_posts_only(browser: FlaskClient, method: str) -> None:
    assert getattr(browser, method)("/device_authorization").status_code == 405


@pytest.mark.parametrize("body", [b"\xff", b"client_id=a&client_id=b", b"client_id=%00", b"x=" + b"y" * 20_000])
def test_what_cannot_be_read_is_refused(browser: FlaskClient, body: bytes) -> None:
    response = browser.post("/device_authorization", data=body, content_type="application/x-www-form-urlencoded")
    assert response.status_code in (400, 401)


def test_a_short_code_has_eight_letters_without_vowels_and_forgives_how_it_is_typed() -> None:
    code = new_user_code()
    assert re.fullmatch(f"[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", str.__str__(code))
    assert not set("AEIOUY") & set(LETTERS)
    for typed in (code.lower(), code.replace("-", ""), f" {code[:4]} - {code[5:]} ", code.replace("-", "–")):
        assert read_user_code(typed) == code
    for typed in ("", "BCDF", "BCDF-GHJA", "B" * 100, "\udcff" * 8):
        assert read_user_code(typed) is None


def test_an_address_gets_so_many_codes_a_minute(browser: FlaskClient, party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_authorization_endpoint, "LIMITS", parse_many("2/hour"))
    statuses = [browser.post("/device_authorization", data={"client_id": party.client_id}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_resource_is_told_agreed_to_and_granted(app: Flask, browser: FlaskClient, session_id: uuid.UUID) -> None:
    """RFC 8707; CON-001: what a device is let do counts as agreed to, and nothing else."""
    add = Resource(RESIDENTS, "Cơ sở dữ liệu dân cư", ("residents:read",), "", None)
    in_transaction(lambda c: resources.add(c, add, actor="cli:test"))
    party = device_party(require_consent=True, resources=(RESIDENTS,), scope="openid residents:read")
    begun = begin(browser, party, scope="openid residents:read", resource=RESIDENTS)
    page = browser.get(type_code(browser, begun["user_code"]).location)
    assert "Cơ sở dữ liệu dân cư" in page.text
    answer(browser, begun["user_code"])
    assert poll(browser, party, begun["device_code"]).get_json()["scope"] == "residents:read"
    assert [row.detail["scope"] for row in events(audit.Event.CONSENT_GIVEN)] == [f"{RESIDENTS} openid residents:read"]


def test_who_takes_consent_back_before_the_device_asks_has_let_nothing_in(
    app: Flask, browser: FlaskClient, session_id: uuid.UUID, person_id: uuid.UUID
) -> None:
    """CON-003."""
    party = device_party(require_consent=True)
    begun = begin(browser, party)
    answer(browser, begun["user_code"])
    in_transaction(lambda c: consents.withdraw(c, person_id, party.key, actor="test"))
    assert error_of(poll(browser, party, begun["device_code"])) == "access_denied"
    assert error_of(poll(browser, party, begun["device_code"])) == "invalid_grant"


def test_discovery_names_the_endpoint_and_the_grant(browser: FlaskClient) -> None:
    for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
        told = browser.get(path).get_json()
        assert told["device_authorization_endpoint"] == "http://127.0.0.1:8000/device_authorization"
        assert GRANT_TYPE in told["grant_types_supported"]
