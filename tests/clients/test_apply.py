"""Rules of clients kept as a file: `hopnhat client apply` and `export`, `--set` and `--metadata`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask

import wsgi
from clients import cli, registry, resource_cli
from clients.resources import find_resource
from idp.errors import Refusal
from idp.opaque_tokens import digest
from tests.support import trail
from tests.support.assertions import JWKS

assert wsgi.main  # attaches `apply` and `export`, which name people and units
ENTRY: dict[str, Any] = {"client_id": "mot-cua", "client_name": "Một cửa điện tử", "redirect_uris": ["https://rp.test/cb"]}
SECRET = "a-secret-of-its-own-that-is-long-enough"


def run(*arguments: str, group: Any = cli.group) -> Result:
    return CliRunner().invoke(group, list(arguments))


def file_of(folder: Path, *entries: dict[str, Any]) -> str:
    path = folder / "clients.json"
    path.write_text(json.dumps(entries))
    return str(path)


def apply(folder: Path, *entries: dict[str, Any], yes: bool = True) -> dict[str, Any]:
    result = run("apply", file_of(folder, *entries), "--json", *(["--yes"] if yes else []))
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def deeds(told: dict[str, Any]) -> list[str]:
    return [client["deed"] for client in told["clients"]]


def known(client_id: str) -> registry.RegisteredClient:
    registry.forget(client_id)
    found = registry.find_client(client_id)
    assert found is not None
    return found


def test_what_would_change_is_shown_first_and_nothing_is_done(app: Flask, tmp_path: Path) -> None:
    told = apply(tmp_path, ENTRY, yes=False)
    assert (told["applied"], deeds(told)) == (False, ["add"])
    assert "client_secret" not in told["clients"][0]
    assert registry.find_client("mot-cua") is None
    assert trail.events() == []
    assert "+ mot-cua" in run("apply", file_of(tmp_path, ENTRY)).output


def test_a_file_applied_twice_changes_nothing_the_second_time(app: Flask, tmp_path: Path) -> None:
    first = apply(tmp_path, ENTRY)
    assert digest(first["clients"][0]["client_secret"]) == known("mot-cua").secrets[0].digest
    assert deeds(apply(tmp_path, ENTRY)) == ["keep"]
    assert known("mot-cua").version == 1


def test_the_file_says_all_of_a_client(app: Flask, tmp_path: Path) -> None:
    apply(tmp_path, {**ENTRY, "minimum_acr": "aal2", "profile": "fapi2", "token_endpoint_auth_method": "private_key_jwt", "jwks": JWKS})
    assert known("mot-cua").metadata.require_pushed_authorization_requests
    told = apply(tmp_path, {**ENTRY, "token_endpoint_auth_method": "client_secret_basic"})
    changed = told["clients"][0]
    assert changed["deed"] == "change"
    assert changed["changes"]["minimum_acr"] == {"before": "urn:hopnhat:aal2", "after": "urn:hopnhat:aal1"}
    assert changed["client_secret"]  # the new method needs one
    assert known("mot-cua").metadata.profile == ""
    output = run("apply", file_of(tmp_path, {**ENTRY, "client_name": "Tên mới"})).output
    assert "client_name: Một cửa điện tử -> Tên mới" in output
    assert "add --yes" in output


def test_a_client_may_bring_its_secret_along(app: Flask, tmp_path: Path) -> None:
    told = apply(tmp_path, {**ENTRY, "client_secret": SECRET})
    assert "client_secret" not in told["clients"][0]
    assert [one.digest for one in known("mot-cua").secrets] == [digest(SECRET)]
    assert deeds(apply(tmp_path, {**ENTRY, "client_secret": SECRET})) == ["keep"]
    assert deeds(apply(tmp_path, {**ENTRY, "client_secret": SECRET + "-2"})) == ["change"]
    assert SECRET not in json.dumps([row.detail for row in trail.events()])
    for weak in ("short", "é" * 40, "x" * 300):
        assert isinstance(run("apply", file_of(tmp_path, {**ENTRY, "client_secret": weak}), "--yes").exception, Refusal)


def test_all_of_a_file_is_done_or_nothing(app: Flask, tmp_path: Path) -> None:
    bad = {**ENTRY, "client_id": "khac", "redirect_uris": ["http://evil.test/"]}
    result = run("apply", file_of(tmp_path, ENTRY, bad), "--yes")
    assert isinstance(result.exception, Refusal)
    assert registry.find_client("mot-cua") is None


@pytest.mark.parametrize("raw", ["", "{}", "[1]", "null", '[{"client_name":"x","redirect_urls":[]}]', '[{"a":1,"a":2}]', "[" * 9000])
def test_a_file_with_a_slip_in_it_is_a_usage_mistake(app: Flask, tmp_path: Path, raw: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(raw)
    assert run("apply", str(path), "--yes").exit_code == 2


def test_without_an_id_the_client_of_that_name_is_meant(app: Flask, tmp_path: Path) -> None:
    entry = {name: value for name, value in ENTRY.items() if name != "client_id"}
    made = apply(tmp_path, entry)["clients"][0]["client_id"]
    assert deeds(apply(tmp_path, {**entry, "scope": "openid"})) == ["change"]
    apply(tmp_path, {**ENTRY, "client_id": "another"})
    assert isinstance(run("apply", file_of(tmp_path, entry)).exception, Refusal)
    assert known(made).scopes == {"openid"}


def test_what_is_exported_can_be_applied_and_changes_nothing(app: Flask, tmp_path: Path) -> None:
    apply(
        tmp_path,
        {**ENTRY, "minimum_acr": "aal2", "default_max_age": 600, "contacts": ["ops@rp.test"]},
        {**ENTRY, "client_id": "b", "require_pkce": False},
    )
    written = run("export").stdout
    assert "secret" not in written
    assert deeds(apply(tmp_path, *json.loads(written))) == ["keep", "keep"]
    assert [entry["client_id"] for entry in json.loads(run("export", "b").stdout)] == ["b"]
    assert run("export", "nobody").exit_code == 1


ADD = ("add", "--name", "x", "--client-id", "x")


def test_everything_can_be_set_by_its_name(app: Flask, tmp_path: Path) -> None:
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps(JWKS))
    result = run(
        *ADD, "--set", "redirect_uris=https://rp.test/a,https://rp.test/b", "--set", "redirect_uris=https://rp.test/c",
        "--set", "token_endpoint_auth_method=private_key_jwt", "--set", f"jwks=@{keys}", "--set", "default_max_age=60",
        "--set", "require_consent=true", "--set", "profile=fapi2", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"client_id": "x"}
    told = known("x").metadata
    assert told.redirect_uris == ("https://rp.test/a", "https://rp.test/b", "https://rp.test/c")
    assert (told.default_max_age, told.require_consent, told.profile, told.dpop_bound_access_tokens) == (60, True, "fapi2", True)
    assert len(told.jwks["keys"]) == 4  # type: ignore[index]
    assert run("change", "x", "--set", "default_max_age=", "--set", "require_consent=false").exit_code == 0
    assert (known("x").metadata.default_max_age, known("x").metadata.require_consent) == (None, False)


def test_a_file_gives_metadata_and_options_win(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "client.json"
    path.write_text(json.dumps({"client_name": "Từ tệp", "redirect_uris": ["https://rp.test/cb"], "scope": "openid email"}))
    assert run("add", "--metadata", str(path), "--name", "Từ lệnh", "--client-id", "y").exit_code == 0
    assert (known("y").client_name, set(known("y").scopes)) == ("Từ lệnh", {"openid", "email"})


@pytest.mark.parametrize("pair", ["x", "client_id=y", "unknown=1", "require_consent=maybe", "default_max_age=soon", "jwks={", "jwks=[]"])
def test_a_slip_in_what_is_set_is_a_usage_mistake(app: Flask, pair: str) -> None:
    assert run(*ADD, "--redirect-uri", "https://rp.test/cb", "--set", pair).exit_code == 2


def test_a_program_without_people_needs_no_redirect_uri(app: Flask) -> None:
    resources = ["add", "https://api.test/v1", "--name", "Kho dữ liệu", "--scope", "docs.read docs.write", "--format", "jwt"]
    assert run(*resources, group=resource_cli.group).exit_code == 0
    assert run(*ADD).exit_code == 2
    machine = ("--set", "grant_types=client_credentials", "--set", "resources=https://api.test/v1", "--scope", "docs.read")
    assert run(*ADD, *machine).exit_code == 0
    assert known("x").scopes == {"docs.read"}
    assert isinstance(run(*ADD[:-1], "z", *machine, "--set", "resources=https://unknown.test").exception, Refusal)
    assert isinstance(run(*ADD[:-1], "z", *machine, "--scope", "unknown").exception, Refusal)


def test_a_change_of_method_prints_the_secret_that_is_missing(app: Flask) -> None:
    assert run(*ADD, "--redirect-uri", "https://rp.test/cb").exit_code == 0
    told = json.loads(run("change", "x", "--auth-method", "client_secret_jwt", "--json").stdout)
    assert digest(told["client_secret"]) in [one.digest for one in known("x").secrets]
    assert "client_secret" not in json.loads(run("change", "x", "--auth-method", "client_secret_post", "--json").stdout)


def test_registration_tokens_are_made_listed_and_revoked(app: Flask) -> None:
    made = json.loads(run("registration-token", "add", "--note", "Sở Y tế", "--json").stdout)
    listed = json.loads(run("registration-token", "list", "--json").stdout)
    assert [(one["note"], one["state"], one["uses_left"]) for one in listed] == [("Sở Y tế", "living", 1)]
    assert made["token"] not in json.dumps(listed)
    assert run("registration-token", "revoke", made["id"]).exit_code == 0
    assert json.loads(run("registration-token", "list", "--json").stdout)[0]["state"] == "revoked"
    assert run("registration-token", "revoke", "x").exit_code == 2
    assert run("registration-token", "add", "--note", "").exit_code == 2


def test_resources_are_registered_shown_and_changed(app: Flask) -> None:
    group = resource_cli.group
    assert run(*ADD, "--redirect-uri", "https://rp.test/cb").exit_code == 0
    assert run("add", "https://api.test", "--name", "Kho", "--scope", "a", "--client", "x", group=group).exit_code == 0
    assert json.loads(run("show", "https://api.test", "--json", group=group).stdout)["client_id"] == "x"
    assert isinstance(run("add", "https://api.test", "--name", "Kho", group=group).exception, Refusal)
    assert run("change", "https://api.test", "--client", "", "--scope", "b c", group=group).exit_code == 0
    found = find_resource("https://api.test")
    assert found is not None
    assert (found.client_id, found.scopes, found.name) == (None, ("b", "c"), "Kho")
    for bad in (("relative", "--name", "x"), ("https://a.test/#x", "--name", "x"), ("https://a.test", "--name", "x", "--scope", "openid"),
                ("https://a.test", "--name", "x", "--scope", 'a"b'), ("https://a.test", "--name", " "), ("https://a.test", "--name", "x", "--client", "nobody")):  # fmt: skip
        assert isinstance(run("add", *bad, group=group).exception, Refusal), bad
    assert "https://api.test" in run("list", group=group).output
    assert run("show", "https://other.test", group=group).exit_code == 1
    assert trail.kinds("resource.registered", "resource.changed") == ["resource.changed", "resource.registered"]
