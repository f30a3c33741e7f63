"""Rules of what is kept of a refused request: under the code that was shown, without a secret, and never so much that it fills the disk."""

import json
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from clients import failed_requests
from clients.failure_models import FailedRequest
from clients.registration import disable
from idp.database import in_transaction, reader, table_of
from idp.oidc import failure_notes
from tests.support.entry import shut
from tests.support.guarded_site import register_site
from tests.support.relying_party import RelyingParty, register_party

_f = table_of(FailedRequest)
SECRETS = ("bi-mat-1", "bi-mat-2", "bi-mat-3", "bi-mat-4", "bi-mat-5", "bi-mat-6")


def kept() -> list[Any]:
    return list(reader().execute(select(_f).order_by(_f.c.happened_at, _f.c.id)))  # keys of one millisecond have no order


def required(code: str) -> Any:
    found = failed_requests.find(reader(), code)
    assert found is not None, code
    return found


def shown_code(text: str) -> str:
    found = re.search(r"<b>([2-9A-Z]{4}-[2-9A-Z]{4})</b>", text)
    assert found, text
    return found.group(1)


def test_the_code_on_the_error_page_finds_the_request_and_what_was_registered(browser: FlaskClient, party: RelyingParty) -> None:
    page = party.authorize(browser, redirect_uri="https://rp.test/cb/")
    assert page.status_code == 400
    found = required(shown_code(page.text).lower().replace("-", " "))
    assert (found.place, found.kind, found.error) == ("authorize", "redirect_uri", "redirect_uri_unknown")
    assert (found.client_id, found.asked["redirect_uri"]) == (party.key, "https://rp.test/cb/")
    assert found.registered == {"redirect_uris": ["https://rp.test/cb"]}
    assert {"state", "nonce", "code_challenge"} <= set(found.withheld)
    assert "quản trị viên" in page.text


def test_an_error_that_goes_to_the_client_carries_the_code(browser: FlaskClient, party: RelyingParty) -> None:
    told = party.answer(party.authorize(browser, code_challenge=None, code_challenge_method=None))
    row = required(told["error_description"].rpartition("(ref. ")[2].rstrip(")"))
    assert (told["error"], row.kind, row.client_id) == ("invalid_request", "pkce", party.key)


@pytest.mark.parametrize("prompt", ["none"])
def test_what_programs_meet_on_the_ordinary_way_is_no_failure(browser: FlaskClient, party: RelyingParty, prompt: str) -> None:
    told = party.answer(party.authorize(browser, prompt=prompt))
    assert told["error"] == "login_required"
    assert "ref." not in told["error_description"]
    assert kept() == []


def test_no_secret_is_kept_wherever_it_was_put(browser: FlaskClient, party: RelyingParty) -> None:
    one, two, three, four, five, six = SECRETS
    browser.get(
        "/authorize",
        query_string={
            "client_id": party.client_id, "redirect_uri": f"https://{one}@rp.test/x?token={two}#{three}", "state": four, "login_hint": five,
            six.replace("-", "_"): six,
        },
    )  # fmt: skip
    form = {
        "grant_type": "authorization_code",
        "code": one,
        "redirect_uri": "https://rp.test/cb",
        "code_verifier": two,
        "refresh_token": three,
    }
    browser.post("/token", data={**form, "client_id": party.client_id, "client_secret": four, "client_assertion": ""})
    browser.post("/token", data={**form, "client_assertion": five, "client_assertion_type": "x"})
    browser.post("/token", data=form, auth=(party.client_id, six))
    browser.post("/token", data={**form, "client_id": party.secret, "client_secret": party.client_id})
    party.redeem(browser, one)
    browser.post("/par", data={"client_id": party.client_id, "client_secret": one, "request": two})
    rows = kept()
    assert len(rows) >= 6
    everything = json.dumps([[str(value) for value in row] for row in rows])
    for secret in (*SECRETS, party.secret):
        assert str(secret) not in everything.replace('"bi_mat_6"', "")


def test_whoever_proves_nothing_gets_the_same_answer_and_the_administrator_learns_why(browser: FlaskClient, party: RelyingParty) -> None:
    form = {"grant_type": "client_credentials"}
    wrong = browser.post("/token", data=form, auth=(party.client_id, "sai"))
    unknown = browser.post("/token", data=form, auth=("khong-co", "sai"))
    other_way = browser.post("/token", data={**form, "client_id": party.client_id, "client_secret": "sai"})
    assert wrong.data == unknown.data == other_way.data
    kinds = [(row.kind, row.client_id, row.named) for row in kept()]
    assert kinds == [("secret", party.key, None), ("client_unknown", None, "khong-co"), ("auth_method", party.key, None)]
    assert required(wrong.headers["X-Request-Id"]).kind == "secret"
    assert kept()[0].address == "127.0.0.1"


def test_a_code_that_is_redeemed_at_another_address_shows_the_address_it_was_sent_to(
    browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    refused = party.redeem(browser, party.code(browser), redirect_uri="https://rp.test/cb/")
    row = required(refused.get_json()["request_id"])
    assert (row.kind, row.registered, row.address) == ("redirect_uri", {"redirect_uris": ["https://rp.test/cb"]}, "127.0.0.1")


def test_every_door_of_the_protocol_keeps_what_it_refuses(
    app: Flask, browser: FlaskClient, party: RelyingParty, session_id: uuid.UUID
) -> None:
    pushed = browser.post("/par", data=party.request(redirect_uri="https://rp.test/x"), headers=party.headers())
    browser.post("/device_authorization", data={"x": "1"}, headers=party.headers())
    browser.post("/introspect", data={"x": "1"}, headers=party.headers())
    browser.post("/revoke", data={"x": "1"}, headers=party.headers())
    browser.get("/device/answer?request=x")
    out = browser.get("/end_session", query_string={"client_id": party.client_id, "post_logout_redirect_uri": "https://rp.test/x"})
    browser.get("/end_session?a=1&a=2")
    site = register_site()
    asked = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "khac.test"}
    proxy = browser.get("/forward-auth", query_string={"client_id": site.party.client_id}, headers=asked)
    party.answer(party.authorize(browser, acr_values=None, claims='{"id_token":{"acr":{"essential":true,"value":"x"}}}'))
    shut(party.client_id)
    no_entry = browser.get(party.authorize(browser).headers["Location"])
    found = [(row.place, row.kind) for row in kept()]
    assert found == [
        ("par", "redirect_uri"), ("device_authorization", "grant_type"), ("introspect", "request"), ("revoke", "request"),
        ("device", "request_uri"), ("end_session", "post_logout_redirect_uri"), ("end_session", "malformed"), ("forward_auth", "site"),
        ("authorize", "acr"), ("authorize", "entry"),
    ]  # fmt: skip
    assert required(pushed.get_json()["request_id"]).asked["redirect_uri"] == "https://rp.test/x"
    for page in (out, proxy, no_entry):
        assert required(shown_code(page.text)) is not None
    assert kept()[7].asked["origin"] == "http://khac.test"
    assert kept()[7].registered["origins"]


def test_a_client_that_is_disabled_is_told_apart_from_one_that_there_is_not(browser: FlaskClient, party: RelyingParty) -> None:
    in_transaction(lambda c: disable(c, party.client_id, actor="cli:test", reason="thử"))
    party.authorize(browser)
    browser.get("/authorize", query_string={"client_id": "x" * 60})
    assert [(row.kind, row.client_id, row.named) for row in kept()] == [
        ("client_disabled", party.key, None),
        ("client_unknown", None, None),
    ]


def test_a_flood_of_one_address_keeps_twenty_a_minute_and_is_answered_all_the_same(browser: FlaskClient, party: RelyingParty) -> None:
    for number in range(25):
        answer = browser.get("/authorize", query_string={"client_id": f"khong-co-{number}"})
        assert answer.status_code == 400
    assert len(kept()) == failure_notes.OF_ADDRESS[0].amount
    browser.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    party.authorize(browser, redirect_uri="https://rp.test/x")
    assert len(kept()) == failure_notes.OF_ADDRESS[0].amount + 1


def test_what_is_kept_is_short_whatever_was_sent(browser: FlaskClient, party: RelyingParty) -> None:
    names = {f"x{number}" + "y" * 60: "z" * 50 for number in range(40)}
    party.authorize(browser, redirect_uri="https://rp.test/" + "a" * 1500, scope="s" * 1500, **names)
    (row,) = kept()
    assert max(len(value) for value in row.asked.values()) <= failed_requests.LONGEST_VALUE
    assert len(json.dumps([row.asked, row.withheld, row.registered, row.detail])) < 4000


def test_after_thirty_days_it_is_forgotten(browser: FlaskClient, party: RelyingParty, time: Any) -> None:
    party.authorize(browser, redirect_uri="https://rp.test/x")
    time.advance(days=29)
    assert in_transaction(failed_requests.forget_old) == 0
    time.advance(days=2)
    assert in_transaction(failed_requests.forget_old) == 1
    assert reader().execute(select(func.count()).select_from(_f)).scalar() == 0


def test_the_oldest_of_whoever_fails_too_often_go_first(browser: FlaskClient, party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    other = register_party()
    for number in range(4):
        party.authorize(browser, redirect_uri=f"https://rp.test/{number}")
    other.authorize(browser, redirect_uri="https://rp.test/other")
    monkeypatch.setattr(failed_requests, "MOST_OF_ONE", 2)
    assert in_transaction(failed_requests.forget_old) == 2
    assert [row.asked["redirect_uri"] for row in kept()] == ["https://rp.test/2", "https://rp.test/3", "https://rp.test/other"]
    monkeypatch.setattr(failed_requests, "MOST", 1)
    assert in_transaction(failed_requests.forget_old) == 2
    assert [row.client_id for row in kept()] == [other.key]


def test_counts_are_by_kind_since_a_moment(browser: FlaskClient, party: RelyingParty, time: Any) -> None:
    party.authorize(browser, redirect_uri="https://rp.test/x")
    time.advance(hours=2)
    since = kept()[0].happened_at + timedelta(hours=1)
    party.authorize(browser, redirect_uri="https://rp.test/x")
    party.authorize(browser, redirect_uri="https://rp.test/y")
    party.authorize(browser, response_type="token")
    assert failed_requests.counts_by_kind(reader(), party.key, since) == [("redirect_uri", 2), ("grant_type", 1)]


@pytest.mark.parametrize(
    "address",
    ["https://rp.test/cb?bi-mat", "https://rp.test/cb?a=1&bi-mat&b=2", "https://u:bi-mat@rp.test/cb", "https:u:bi-mat@rp.test/cb",
     "https:\\\\u:bi-mat@rp.test/cb", "https://u:bi@mat:bi-mat@rp.test/cb", "https://rp.test/cb;jsessionid=bi-mat", "https://rp.test/cb#bi-mat"],
)  # fmt: skip
def test_of_an_address_nothing_is_kept_that_may_be_a_secret_however_it_is_written(
    browser: FlaskClient, party: RelyingParty, address: str
) -> None:
    party.authorize(browser, redirect_uri=address, resource=address)
    (row,) = kept()
    assert "bi-mat" not in str(row)
    assert "rp.test" in row.asked["redirect_uri"]
