"""Somebody leaves the directory, or is locked in it: after the next sync both applications, the provider and every token have forgotten
them, and the ledger says how long that took."""

import json

import requests
from playwright.sync_api import Page

from tests.support.demo import Account, Demo
from tests.support.external_client import ExternalClient
from tests.support.official import (
    ask_to_sign_in,
    at_step,
    enroll_phone,
    give_password,
    is_signed_in,
    is_still_in,
    put_away_codes,
    read_notice,
)
from tests.support.services import wait_until

OUT_SECONDS = 5
PROMISED_SECONDS = 300
_leavers: dict[str, list[Account]] = {}


def leaver(demo: Demo) -> Account:
    """Somebody who has not left yet."""
    return _leavers.setdefault(str(demo.folder), [demo.anybody(number) for number in (11, 10)]).pop()


def test_a_leaver_is_out_everywhere_after_the_next_sync(demo: Demo, page: Page) -> None:
    account, external = leaver(demo), ExternalClient.of(demo)
    ask_to_sign_in(page, demo.documents_url)
    give_password(page, account)
    read_notice(page)
    assert is_signed_in(page), page.url
    ask_to_sign_in(page, demo.one_door_url)
    enroll_phone(page)
    put_away_codes(page)
    assert is_signed_in(page), page.url
    tokens = external.sign_in(page, account)
    assert external.userinfo(tokens["access_token"]).status_code == requests.codes.ok

    demo.remove_from_directory(account.username)
    demo.sync()

    wait_until(lambda: not is_still_in(page, demo.documents_url) and not is_still_in(page, demo.one_door_url), OUT_SECONDS)
    assert external.userinfo(tokens["access_token"]).status_code == requests.codes.unauthorized
    assert external.refusal(tokens["refresh_token"]) == "invalid_grant"
    page.goto(f"{demo.issuer}/account")
    assert at_step(page) == "/sign-in"
    give_password(page, account)
    assert at_step(page) == "/sign-in", "they cannot come back"
    found = demo.hopnhat("people", "find", account.username, "--json")
    assert '"suspended"' in found.stdout, "suspended, never deleted: " + found.stdout + found.stderr


def test_who_is_locked_is_out_of_both_applications_and_the_time_is_in_the_ledger(demo: Demo, page: Page) -> None:
    """LOG-033, SES-007"""
    account = demo.anybody(12)
    ask_to_sign_in(page, demo.documents_url)
    give_password(page, account)
    read_notice(page)
    ask_to_sign_in(page, demo.one_door_url)
    enroll_phone(page)
    put_away_codes(page)
    assert is_signed_in(page), page.url

    demo.lock_in_directory(account.username)
    demo.sync()

    wait_until(lambda: not is_still_in(page, demo.documents_url) and not is_still_in(page, demo.one_door_url), OUT_SECONDS)
    [left] = json.loads(demo.hopnhat("people", "leavings", account.username, "--json").stdout)["leavings"]
    assert left["reason"] == "locked_in_directory"
    assert left["changed_at"] is not None
    assert {client["state"] for client in left["clients"]} == {"confirmed"}
    assert 0 <= left["seconds"] <= PROMISED_SECONDS
