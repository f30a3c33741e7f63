"""Rules of client authentication: RFC 6749 §2.3, OpenID Connect Core §9."""

import base64
import hmac
import uuid
from urllib.parse import quote_plus

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, select
from structlog.testing import CapturingLogger
from werkzeug.test import TestResponse

from clients import registry
from clients.models import ClientSecret
from clients.registration import rotate_secret
from idp import clock
from idp.database import in_transaction, new_id, reader, table_of
from idp.oidc import client_authentication
from idp.opaque_tokens import digest
from tests.support.relying_party import RelyingParty, register_party, sign_in


def is_invalid_client(response: TestResponse) -> bool:
    return (
        response.status_code == 401
        and response.get_json()["error"] == "invalid_client"
        and response.headers["WWW-Authenticate"].startswith("Basic ")
        and response.headers["Cache-Control"] == "no-store"
    )


def basic(text: str | bytes) -> dict[str, str]:
    raw = text.encode() if isinstance(text, str) else text
    return {"Authorization": "Basic " + base64.b64encode(raw).decode()}


FORM = {"grant_type": "refresh_token", "refresh_token": "x"}


def test_a_wrong_secret_and_an_unknown_client_are_answered_alike(browser: FlaskClient, party: RelyingParty) -> None:
    wrong = browser.post("/token", data=FORM, headers=basic(f"{party.client_id}:wrong"))
    unknown = browser.post("/token", data=FORM, headers=basic("nobody:wrong"))
    assert is_invalid_client(wrong)
    assert is_invalid_client(unknown)
    assert wrong.data == unknown.data
    assert party.refresh(browser, "x").get_json()["error"] == "invalid_grant"


def test_only_the_log_says_what_was_wrong_and_never_what_an_unknown_client_sent(
    browser: FlaskClient, party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr(client_authentication, "_log", log)
    browser.post("/token", data=FORM, headers=basic(f"{party.client_id}:wrong"))
    browser.post("/token", data={**FORM, "client_id": party.client_id, "client_secret": "wrong"})
    browser.post("/token", data=FORM, headers=basic("nobody:wrong"))
    secret, method, nobody = (call.kwargs for call in log.calls)
    assert (secret["client_id"], secret["why"]) == (party.client_id, "the secret is wrong or has expired")
    assert (method["registered_method"], method["why"]) == ("client_secret_basic", "the method was client_secret_post")
    assert "client_id" not in nobody


HEADERS = [
    "", "Basic", "Basic ", "Basic !!!", "Basic =", "Bearer abc", "Digest x", "basic " + base64.b64encode(b"nocolon").decode(),
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), "Basic " + base64.b64encode(b"a\x00b:c").decode(),
    "Basic " + base64.b64encode(b"%ff:%00").decode(), "Basic " + base64.b64encode("é:ü".encode("latin-1")).decode(), "Basic é",
    "Basic " + "A" * 60_000,
]  # fmt: skip


def test_a_header_that_cannot_be_read_is_a_failed_authentication(browser: FlaskClient, party: RelyingParty) -> None:
    for header in HEADERS:
        assert is_invalid_client(browser.post("/token", data=FORM, headers={"Authorization": header})), header[:60]


def test_a_confidential_client_cannot_do_without_its_secret(browser: FlaskClient, party: RelyingParty, person_id: uuid.UUID) -> None:
    """CLI-015."""
    sign_in(browser, person_id)
    form = {"grant_type": "authorization_code", "code": party.code(browser), "redirect_uri": party.redirect_uri}
    named = {**form, "code_verifier": party.verifier, "client_id": party.client_id}
    assert is_invalid_client(browser.post("/token", data=named))
    assert is_invalid_client(browser.post("/token", data=form))
    assert is_invalid_client(browser.post("/token", data=named, headers=basic(f"{party.client_id}:")))


def test_only_the_registered_method_counts(browser: FlaskClient, party: RelyingParty) -> None:
    by_post = {**FORM, "client_id": party.client_id, "client_secret": party.secret or ""}
    assert is_invalid_client(browser.post("/token", data=by_post))
    poster = register_party(token_endpoint_auth_method="client_secret_post")
    assert is_invalid_client(browser.post("/token", data=FORM, headers=basic(f"{poster.client_id}:{poster.secret}")))
    public = register_party(token_endpoint_auth_method="none")
    assert is_invalid_client(browser.post("/token", data=FORM, headers=basic(f"{public.client_id}:")))
    assert is_invalid_client(browser.post("/token", data={**FORM, "client_id": public.client_id, "client_secret": "x"}))


def test_two_methods_at_once_or_two_names_are_refused(browser: FlaskClient, party: RelyingParty) -> None:
    """CLI-009."""
    other = register_party()
    both = browser.post("/token", data={**FORM, "client_id": party.client_id, "client_secret": "x"}, headers=party.headers())
    assert (both.status_code, both.get_json()["error"]) == (400, "invalid_request")
    named = browser.post("/token", data={**FORM, "client_id": other.client_id}, headers=party.headers())
    assert (named.status_code, named.get_json()["error"]) == (400, "invalid_request")
    same = browser.post("/token", data={**FORM, "client_id": party.client_id}, headers=party.headers())
    assert same.get_json()["error"] == "invalid_grant"


def test_client_secret_basic_is_form_urlencoded(browser: FlaskClient) -> None:
    """CLI-011."""
    party, secret = register_party(client_id="a-b.c_d~e"), "p:a%s+s é/ữ"
    row = {"id": new_id(), "client_id": party.key, "digest": digest(secret), "hint": "x", "created_at": clock.now()}
    in_transaction(lambda c: c.execute(insert(ClientSecret), row))
    registry.forget(party.client_id)
    right = basic(f"{quote_plus(party.client_id)}:{quote_plus(secret)}")
    assert browser.post("/token", data=FORM, headers=right).get_json()["error"] == "invalid_grant"
    assert is_invalid_client(browser.post("/token", data=FORM, headers=basic(f"{party.client_id}:{secret}")))


def test_an_old_secret_is_accepted_for_the_time_of_transition_only(
    browser: FlaskClient, party: RelyingParty, time: clock.ManualClock
) -> None:
    old = party.secret
    party.secret = in_transaction(lambda c: rotate_secret(c, party.client_id, actor="cli:test"))
    assert party.refresh(browser, "x").get_json()["error"] == "invalid_grant"
    party.secret, new = old, party.secret
    time.advance(days=6, hours=23)
    assert party.refresh(browser, "x").get_json()["error"] == "invalid_grant"
    time.advance(hours=1)
    assert is_invalid_client(party.refresh(browser, "x"))
    party.secret = new
    assert party.refresh(browser, "x").get_json()["error"] == "invalid_grant"


def test_a_lost_secret_can_be_ended_at_once(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock) -> None:
    in_transaction(lambda c: rotate_secret(c, party.client_id, actor="cli:test", transition_days=0))
    assert is_invalid_client(party.refresh(browser, "x"))


def test_the_operator_sees_which_secret_is_in_use(browser: FlaskClient, party: RelyingParty, time: clock.ManualClock) -> None:
    party.refresh(browser, "x")
    secret = table_of(ClientSecret)
    assert reader().execute(select(secret.c.last_used_at)).scalar() == time.instant


def test_pages_of_a_public_client_s_own_origin_may_read_the_answer(browser: FlaskClient, party: RelyingParty) -> None:
    public = register_party(token_endpoint_auth_method="none")
    form = {**FORM, "client_id": public.client_id}
    own = browser.post("/token", data=form, headers={"Origin": "https://rp.test"})
    assert own.headers["Access-Control-Allow-Origin"] == "https://rp.test"
    assert "Access-Control-Allow-Credentials" not in own.headers
    for response in (
        browser.post("/token", data=form, headers={"Origin": "https://evil.test"}),
        browser.post("/token", data=FORM, headers={**party.headers(), "Origin": "https://rp.test"}),
    ):
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_secret_is_compared_as_its_digest_only_and_by_what_takes_the_same_time_always(
    browser: FlaskClient, party: RelyingParty, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLI-013: how much of a guess is right makes no difference. `python -m bench.secret_guesses` holds it against the clock."""
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def noted(shown: bytes, known: bytes) -> bool:
        compared.append((shown, known))
        return compare(shown, known)

    monkeypatch.setattr(hmac, "compare_digest", noted)
    right = party.secret or ""
    for guess in ("#" * len(right), right[:-1] + "#", right, "#"):
        compared.clear()
        browser.post("/token", data=FORM, headers=basic(f"{quote_plus(party.client_id)}:{quote_plus(guess)}"))
        assert compared == [(digest(guess), digest(right))]
    compared.clear()
    browser.post("/token", data=FORM, headers=basic(f"nobody:{right}"))
    assert [(shown, len(known)) for shown, known in compared] == [(digest(right), 32)]
