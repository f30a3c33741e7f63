"""`hopnhat scim` and `hopnhat client provisioning`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from directory_sync.scim.cli import group as scim
from directory_sync.scim.provisioning_cli import group as provisioning
from idp.errors import Refusal
from tests.support.people import add_unit
from tests.support.relying_party import ALL_SCOPES, register_party
from tests.support.scim import Pusher


def run(group: object, *words: str) -> Result:
    return CliRunner().invoke(group, words, catch_exceptions=False)  # type: ignore[arg-type]


def test_a_source_is_added_listed_and_allowed_more(scim_app: Flask) -> None:
    add_unit("Sở Y tế", code="S07")
    told = json.loads(
        run(scim, "source", "add", "so-y-te", "--title", "Sở Y tế", "--unit", "S07", "--suspensions-per-hour", "1", "--json").output
    )
    pusher = Pusher(scim_app.test_client(), told["client_id"], told["client_secret"])
    assert told["url"].endswith("/scim/v2")
    for name in "abc":
        pusher.add(name)
    [listed] = json.loads(run(scim, "source", "list", "--json").output)
    assert (listed["source"], listed["unit"], listed["people"], listed["suspensions_per_hour"]) == ("so-y-te", "S07", 3, 1)
    assert "so-y-te" in run(scim, "source", "list").output
    allow = ("source", "allow", "so-y-te", "--suspensions", "2", "--reason")
    with pytest.raises(Refusal):
        run(scim, *allow, "ngắn")
    assert "up to 2" in run(scim, *allow, "Giải thể phòng theo quyết định 12").output
    assert run(scim, "source", "add", "khac", "--title", "x", "--unit", "S99").exit_code == 1


def test_accounts_in_advance_are_set_up_shown_and_stopped(scim_app: Flask, tmp_path: Path) -> None:
    party, token = register_party(scope=ALL_SCOPES), tmp_path / "token"
    token.write_text("t-1\n")
    assert run(provisioning, "show", party.client_id).exit_code == 1
    run(provisioning, "set", party.client_id, "--url", "https://app.example.gov.vn/scim/v2", "--token-file", str(token))
    told = json.loads(run(provisioning, "show", party.client_id, "--json").output)
    assert (told["url"], told["active"], told["is_filled"], told["troubles"]) == ("https://app.example.gov.vn/scim/v2", 0, False, [])
    assert "t-1" not in run(provisioning, "show", party.client_id).output
    assert "compared again" in run(provisioning, "fill", party.client_id).output
    assert "stopped" in run(provisioning, "stop", party.client_id).output
