"""Rules of the userinfo endpoint: OpenID Connect Core §5.3 to §5.5, RFC 6750."""

import json
import uuid
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from sqlalchemy import event

from clients.registration import change
from idp import clock
from idp.database import db, in_transaction
from idp.oidc import signing_keys
from idp.people import appointments
from idp.people.appointments import Post
from idp.people.career_models import PostKind
from idp.people.models import Level
from idp.sessions import browser_sessions
from tests.support.people import add_person, add_unit
from tests.support.relying_party import ALL_SCOPES, RelyingParty, register_party, sign_in


@pytest.fixture
def official(time: clock.ManualClock, browser: FlaskClient) -> uuid.UUID:
    """An official with everything known about them, signed in."""
    province = add_unit("UBND tỉnh Hà Giang", code="H22", level=Level.PROVINCE.value)
    district = add_unit("UBND huyện Đồng Văn", code="H22.3", level=Level.DISTRICT.value, parent_id=province)
    commune = add_unit("UBND xã Lũng Cú", code="H22.3.9", level=Level.COMMUNE.value, parent_id=district)
    known: dict[str, Any] = {
        "unit_id": commune, "title": "Công chức Văn phòng – thống kê", "staff_code": "HG-000123", "staff_category": "cong_chuc",
        "phone": "+84912345678", "family_name": "Vàng", "middle_name": "Mí", "given_name": "Sính",
    }  # fmt: skip
    person_id = add_person(**known)
    sign_in(browser, person_id)
    return person_id


def told_of(browser: FlaskClient, party: RelyingParty, **more: str | None) -> dict[str, Any]:
    response = party.userinfo(browser, party.tokens(browser, **more)["access_token"])
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.get_json()
    return told


def test_each_scope_tells_its_claims_and_no_others(browser: FlaskClient, party: RelyingParty, official: uuid.UUID) -> None:
    only = told_of(browser, party, scope="openid")
    assert only.keys() == {"sub"}
    profile = told_of(browser, party, scope="openid profile")
    assert (profile["name"], profile["family_name"], profile["given_name"]) == ("Vàng Mí Sính", "Vàng", "Sính")
    assert profile["preferred_username"] == "vmsinh"
    assert isinstance(profile["updated_at"], int)
    email = told_of(browser, party, scope="openid email")
    assert email == {"sub": only["sub"], "email": "vmsinh@hagiang.gov.vn", "email_verified": True}
    phone = told_of(browser, party, scope="openid phone")
    assert phone == {"sub": only["sub"], "phone_number": "+84912345678", "phone_number_verified": False}
    address = told_of(browser, party, scope="openid address")["address"]
    assert address["formatted"] == "UBND xã Lũng Cú\nUBND huyện Đồng Văn\nUBND tỉnh Hà Giang\nViệt Nam"


def test_the_staff_scope_tells_of_the_post(browser: FlaskClient, party: RelyingParty, official: uuid.UUID) -> None:
    told = told_of(browser, party, scope="openid staff")
    unit = {"code": "H22.3.9", "name": "UBND xã Lũng Cú", "level": "commune"}
    assert told.keys() == {"sub", "staff_code", "staff_category", "title", "unit", "unit_path", "appointments", "roles"}
    assert (told["staff_code"], told["staff_category"], told["unit"]) == ("HG-000123", "cong_chuc", unit)
    assert [step["level"] for step in told["unit_path"]] == ["province", "district", "commune"]
    assert told["unit_path"][-1] == unit
    assert told["appointments"] == [{"unit": unit, "title": told["title"], "primary": True}]


def test_further_posts_are_told_from_their_first_day_to_their_last(
    time: clock.ManualClock, browser: FlaskClient, party: RelyingParty, official: uuid.UUID
) -> None:
    unit_id, day = add_unit("Ban Quản lý Công viên địa chất", code="H22.9", level=Level.PROVINCE.value), date(2026, 11, 25)
    post = Post(unit_id, "Ủy viên", PostKind.SECONDMENT, day, day)
    in_transaction(lambda connection: appointments.add(connection, official, post, actor="cli:test"))
    assert [one["primary"] for one in told_of(browser, party, scope="openid staff")["appointments"]] == [True]
    time.advance(hours=16)  # 00:00 of the 25th in Hà Giang
    sign_in(browser, official)
    assert told_of(browser, party, scope="openid staff")["appointments"][1] == {
        "unit": {"code": "H22.9", "name": "Ban Quản lý Công viên địa chất", "level": "province"}, "title": "Ủy viên", "primary": False,
        "kind": "secondment", "from": "2026-11-25", "to": "2026-11-25",
    }  # fmt: skip
    time.advance(hours=24)
    sign_in(browser, official)
    assert len(told_of(browser, party, scope="openid staff")["appointments"]) == 1


def test_what_is_not_known_is_left_out(browser: FlaskClient, party: RelyingParty) -> None:
    sign_in(browser, add_person(None))
    told = told_of(browser, party, scope=ALL_SCOPES)
    assert None not in told.values()
    assert not {"email", "email_verified", "phone_number", "unit", "preferred_username", "address"} & told.keys()


def test_claims_may_be_asked_for_by_name_within_the_client_s_scopes(browser: FlaskClient, official: uuid.UUID) -> None:
    party = register_party(scope="openid profile")
    claims = json.dumps({"userinfo": {"name": {"essential": True}, "email": None, "unknown": None}, "id_token": {"given_name": None}})
    tokens = party.tokens(browser, scope="openid", claims=claims)
    assert party.userinfo(browser, tokens["access_token"]).get_json().keys() == {"sub", "name"}
    id_token = jwt.decode(tokens["id_token"], signing_keys.verification_keys(), algorithms=["RS256"]).claims
    assert id_token["given_name"] == "Sính"
    assert "email" not in id_token


def test_a_scope_taken_from_the_client_takes_the_claims_asked_for_by_name_along(browser: FlaskClient, official: uuid.UUID) -> None:
    party = register_party(scope="openid email phone offline_access")
    wish = json.dumps({"userinfo": {"phone_number": None, "email": None}, "id_token": {"phone_number": None, "email": None}})
    told = party.tokens(browser, scope="openid offline_access", claims=wish)
    in_transaction(lambda c: change(c, party.client_id, actor="cli:test", scope="openid email offline_access"))
    seen = party.userinfo(browser, told["access_token"]).get_json()
    assert "email" in seen
    assert "phone_number" not in seen
    id_token = party.refresh(browser, told["refresh_token"]).get_json()["id_token"]
    claims = jwt.decode(id_token, signing_keys.verification_keys(), algorithms=["RS256"]).claims
    assert "email" in claims
    assert "phone_number" not in claims


def test_the_token_comes_in_the_header_or_in_a_form(browser: FlaskClient, party: RelyingParty, official: uuid.UUID) -> None:
    token = party.tokens(browser)["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    sub = browser.get("/userinfo", headers=header).get_json()["sub"]
    assert browser.post("/userinfo", headers=header).get_json()["sub"] == sub
    assert browser.post("/userinfo", data={"access_token": token}).get_json()["sub"] == sub
    assert browser.get("/userinfo", headers={"Authorization": f"bEaReR {token}"}).get_json()["sub"] == sub
    assert browser.post("/userinfo", headers=header, data={"x": "1"}).get_json()["sub"] == sub


def test_a_token_in_the_url_or_in_two_places_is_refused(browser: FlaskClient, party: RelyingParty, official: uuid.UUID) -> None:
    token = party.tokens(browser)["access_token"]
    assert browser.get(f"/userinfo?access_token={token}").status_code == 401
    twice = browser.post("/userinfo", headers={"Authorization": f"Bearer {token}"}, data={"access_token": token})
    assert twice.status_code == 400
    assert 'error="invalid_request"' in twice.headers["WWW-Authenticate"]


def test_without_a_token_the_challenge_says_nothing_more(browser: FlaskClient) -> None:
    """TOK-013."""
    response = browser.get("/userinfo")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "error" not in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "A" * 43, "é", "\x7f", 'x", error="y'])
def test_a_token_that_is_not_ours_is_invalid(browser: FlaskClient, token: str) -> None:
    """TOK-013."""
    response = browser.get("/userinfo", headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")})
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    assert token not in response.headers["WWW-Authenticate"] or len(token) == 1
    assert not response.data


def test_an_access_token_lives_ten_minutes_and_no_longer_than_its_session(
    browser: FlaskClient, party: RelyingParty, official: uuid.UUID, time: clock.ManualClock
) -> None:
    first, second = party.tokens(browser)["access_token"], party.tokens(browser)["access_token"]
    time.advance(seconds=599)
    assert party.userinfo(browser, first).status_code == 200
    time.advance(seconds=1)
    assert party.userinfo(browser, second).status_code == 401
    third = party.tokens(browser)["access_token"]
    in_transaction(lambda c: browser_sessions.end_all(c, official, reason="signed_out", actor="cli:test"))
    assert party.userinfo(browser, third).status_code == 401


def test_userinfo_is_one_read(browser: FlaskClient, party: RelyingParty, official: uuid.UUID) -> None:
    token = party.tokens(browser, scope=ALL_SCOPES)["access_token"]
    party.userinfo(browser, token)
    seen: list[str] = []
    listener = lambda *arguments: seen.append(arguments[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    try:
        assert party.userinfo(browser, token).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listener)
    assert len(seen) == 1


def test_scripts_of_other_sites_may_ask_with_a_token_but_never_with_a_cookie(
    browser: FlaskClient, party: RelyingParty, official: uuid.UUID
) -> None:
    token = party.tokens(browser)["access_token"]
    preflight = browser.open("/userinfo", method="OPTIONS", headers={"Origin": "https://rp.test", "Access-Control-Request-Method": "GET"})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Headers"] == "Authorization, DPoP"
    response = party.userinfo(browser, token)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    assert browser.get("/userinfo").status_code == 401
    for path in ("/authorize", "/token", "/end_session"):
        assert "Access-Control-Allow-Origin" not in browser.get(path).headers
