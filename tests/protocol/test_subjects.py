"""Rules of pairwise subjects (OpenID Connect Core §8.1): one client's own name for a person, for good, in every place."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from sqlalchemy import select

from clients.registry import find_client
from idp.app import create_app
from idp.database import db, in_transaction, reader, table_of
from idp.doctor import examine
from idp.oidc import backchannel_logout, signing_keys, subjects
from idp.people.models import Person
from idp.sealing import new_key
from tests.support.installation import SEALING_KEY, close, settings_for
from tests.support.people import add_person
from tests.support.relying_party import RelyingParty, register_party, sign_in


def pairwise(**given: Any) -> RelyingParty:
    return register_party(**{"subject_type": "pairwise", **given})


def claims_of(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, signing_keys.verification_keys(), algorithms=["RS256"]).claims)


def subject_of(browser: FlaskClient, party: RelyingParty) -> str:
    return str(claims_of(party.tokens(browser)["id_token"])["sub"])


@pytest.fixture
def public_subject(person_id: uuid.UUID) -> str:
    """What everybody else calls the person."""
    p = table_of(Person)
    return str(reader().execute(select(p.c.subject).where(p.c.id == person_id)).scalar_one())


def test_clients_of_different_sectors_cannot_tell_that_it_is_the_same_person(
    browser: FlaskClient, session_id: uuid.UUID, public_subject: str
) -> None:
    """oidcc-registration-sector-uri"""
    one, same, other = (pairwise(redirect_uris=(uri,)) for uri in ("https://a.test/cb", "https://a.test/other", "https://b.test/cb"))
    found = [subject_of(browser, party) for party in (one, same, other)]
    assert found[0] == found[1] != found[2]
    assert public_subject not in found
    assert subject_of(browser, register_party()) == public_subject


def test_clients_of_different_sectors_cannot_tell_that_it_is_the_same_session(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """What is in every token must not give away what the subject keeps apart; signing out works with it all the same."""
    one, same, other = (
        pairwise(redirect_uris=(f"https://{host}.test/cb",), frontchannel_logout_uri=f"https://{host}.test/front")
        for host in ("a", "a", "b")
    )
    hints = [party.tokens(browser)["id_token"] for party in (one, same, other)]
    sids = [claims_of(hint)["sid"] for hint in hints]
    assert sids[0] == sids[1] != sids[2]
    assert str(session_id) not in sids
    client = find_client(one.client_id)
    assert client is not None
    assert claims_of(backchannel_logout.logout_token(client, {"sub": "s", "sid": str(session_id)}))["sid"] == sids[0]
    assert claims_of(register_party().tokens(browser)["id_token"])["sid"] == str(session_id)
    page = browser.get("/end_session", query_string={"id_token_hint": hints[2]})
    assert browser.get_cookie("hopnhat_session") is None  # at once: the hint is of this session
    assert [sid in page.text for sid in sids] == [True, True, True]
    assert str(session_id) not in page.text


def test_a_hint_of_another_sector_tells_nothing(browser: FlaskClient, session_id: uuid.UUID) -> None:
    """Or a client could ask, name by name, whom of another client's people it has before it."""
    one, same, other = (pairwise(redirect_uris=(uri,)) for uri in ("https://a.test/cb", "https://a.test/other", "https://b.test/cb"))
    plain, sister = register_party(), register_party()
    hints = {party.client_id: party.tokens(browser)["id_token"] for party in (one, other, plain)}

    def answered(asking: RelyingParty, hinted: RelyingParty) -> str:
        told = asking.answer(asking.authorize(browser, prompt="none", id_token_hint=hints[hinted.client_id]))
        return "code" if "code" in told else told["error"]

    assert [answered(one, one), answered(same, one), answered(sister, plain)] == ["code"] * 3
    assert {answered(one, other), answered(plain, one), answered(one, plain)} == {"invalid_request"}


def test_native_applications_share_the_host_of_loopback_and_no_subject(browser: FlaskClient, session_id: uuid.UUID) -> None:
    def native(uri: str) -> RelyingParty:
        return pairwise(redirect_uris=(uri,), application_type="native", token_endpoint_auth_method="none")

    found = [
        subject_of(browser, native(uri)) for uri in ("http://127.0.0.1/a", "http://127.0.0.1/b", "http://localhost/b", "http://[::1]/b")
    ]
    assert len(set(found)) == 4


def test_every_place_names_the_same_subject(browser: FlaskClient, session_id: uuid.UUID, person_id: uuid.UUID, public_subject: str) -> None:
    party = pairwise(grant_types=("authorization_code", "refresh_token"))
    told = party.tokens(browser, scope="openid offline_access")
    subject = claims_of(told["id_token"])["sub"]
    assert party.userinfo(browser, told["access_token"]).get_json()["sub"] == subject
    assert claims_of(party.refresh(browser, told["refresh_token"]).get_json()["id_token"])["sub"] == subject
    client = find_client(party.client_id)
    assert client is not None
    logout = backchannel_logout.logout_token(client, {"sub": public_subject, "sid": str(session_id)})
    assert claims_of(logout)["sub"] == subject
    introspected = browser.post("/introspect", data={"token": told["access_token"]}, headers=party.headers())
    assert introspected.get_json()["sub"] == subject


def test_its_own_id_token_is_a_hint_of_the_person_and_another_subject_is_not(
    app: Flask, browser: FlaskClient, session_id: uuid.UUID, public_subject: str
) -> None:
    party = pairwise()
    hint = party.tokens(browser)["id_token"]
    assert "code" in party.answer(party.authorize(browser, prompt="none", id_token_hint=hint))
    wanted = '{"id_token":{"sub":{"value":"%s"}}}'
    assert "code" in party.answer(party.authorize(browser, prompt="none", claims=wanted % claims_of(hint)["sub"]))
    assert party.answer(party.authorize(browser, prompt="none", claims=wanted % public_subject))["error"] == "login_required"
    elsewhere = app.test_client()
    sign_in(elsewhere, add_person("other"))
    assert party.answer(party.authorize(elsewhere, prompt="none", id_token_hint=hint))["error"] == "login_required"


def test_a_subject_stays_when_the_sealing_keys_are_replaced(database_url: str) -> None:
    with_old = create_app(settings_for(database_url))
    with with_old.app_context():
        client = find_client(pairwise().client_id)
        assert client is not None
        before = subjects.subject_for(client, "somebody")
    close(with_old)
    rotated = create_app(settings_for(database_url, sealing_keys=f"{new_key(2)},{SEALING_KEY}"))
    with rotated.app_context():
        assert subjects.subject_for(client, "somebody") == before
    close(rotated)


def test_two_servers_that_need_the_key_at_once_agree_on_one(database_url: str) -> None:
    one, other = create_app(settings_for(database_url)), create_app(settings_for(database_url))
    with one.app_context():
        client = find_client(pairwise().client_id)
        assert client is not None
        found = subjects.subject_for(client, "somebody")
    with other.app_context():
        assert subjects.subject_for(client, "somebody") == found
    close(one)
    close(other)


def test_the_key_is_sealed_at_rest(app: Flask) -> None:
    subjects.ensure_key()
    with db.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT sealed_value FROM installation_secret").scalar_one()
    assert len(bytes(kept)) > subjects.KEY_BYTES
    assert subjects._key() not in bytes(kept)


def test_a_public_client_costs_no_look_at_the_key(app: Flask, browser: FlaskClient, session_id: uuid.UUID) -> None:
    party = register_party()
    party.tokens(browser)
    assert in_transaction(lambda c: c.exec_driver_sql("SELECT count(*) FROM installation_secret").scalar()) == 0


def test_discovery_offers_both_kinds(browser: FlaskClient) -> None:
    assert browser.get("/.well-known/openid-configuration").get_json()["subject_types_supported"] == ["public", "pairwise"]


def test_doctor_notices_that_the_key_can_no_longer_be_opened(database_url: str) -> None:
    app = create_app(settings_for(database_url))
    with app.app_context():
        subjects.ensure_key()
        assert subjects.is_readable()
    close(app)
    stranger = create_app(settings_for(database_url, sealing_keys=new_key(9)))
    with stranger.app_context():
        assert "pairwise" in dict(examine())["signing keys"]
    close(stranger)
