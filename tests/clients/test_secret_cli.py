"""Rules of `hopnhat client secret`: several side by side, shown once, ended by their last characters."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from clients.cli import group
from clients.client_secrets import holds
from idp.clock import ManualClock
from idp.database import reader
from tests.support.relying_party import RelyingParty, register_party
from tests.support.trail import events


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["secret", *arguments])


@pytest.fixture
def party(app: Flask, time: ManualClock) -> RelyingParty:
    return register_party()


def listed(party: RelyingParty) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(run("list", party.client_id, "--json").stdout)
    return told


def test_one_more_secret_is_good_beside_the_first_until_its_last_day_is_over(party: RelyingParty, time: ManualClock) -> None:
    made = json.loads(run("add", party.client_id, "--expires-on", "2026-11-30", "--reason", "Thay máy chủ", "--json").stdout)
    for secret in (party.secret, made["client_secret"]):
        assert secret
        assert holds(reader(), party.key, secret)
    assert made["client_secret"] not in run("list", party.client_id).output
    assert made["client_secret"] not in json.dumps([str(row) for row in events()])
    time.advance(days=6, hours=15)
    assert holds(reader(), party.key, made["client_secret"])
    time.advance(hours=2)
    assert not holds(reader(), party.key, made["client_secret"])
    assert len(listed(party)) == 1


def test_one_is_ended_at_once_by_its_last_four_characters(party: RelyingParty) -> None:
    (first,) = listed(party)
    run("add", party.client_id, "--reason", "Thay máy chủ")
    assert run("revoke", party.client_id, first["hint"], "--reason", "Lộ khóa").exit_code == 0
    assert party.secret
    assert not holds(reader(), party.key, party.secret)
    again = run("revoke", party.client_id, first["hint"], "--reason", "Lộ khóa")
    assert again.exit_code == 1
    assert "no such secrets" in again.output
    assert "Lộ khóa" in str([row.detail for row in events("client_secret.rotated")])


def test_a_client_that_there_is_not_and_one_without_secrets_are_refused(party: RelyingParty) -> None:
    assert run("list", "khong-co").exit_code == 1
    public = register_party(token_endpoint_auth_method="none")
    assert run("add", public.client_id, "--reason", "Thay máy chủ").exit_code == 1
