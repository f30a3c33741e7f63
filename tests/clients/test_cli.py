"""Rules of `hopnhat client …`."""

import json

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from clients import cli
from clients.registry import find_client
from idp.errors import Refusal


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.group, list(arguments), catch_exceptions=True)


def read(*arguments: str) -> dict[str, object]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout)
    return told


ADD = ("add", "--name", "Quản lý văn bản", "--redirect-uri", "https://rp.test/cb")


def test_add_prints_the_id_and_once_the_secret(app: Flask) -> None:
    told = read(*ADD, "--redirect-uri", "https://rp.test/cb2", "--post-logout-redirect-uri", "https://rp.test/", "--acr", "aal2")
    assert told.keys() == {"client_id", "client_secret"}
    shown = read("show", str(told["client_id"]))
    assert shown["redirect_uris"] == ["https://rp.test/cb", "https://rp.test/cb2"]
    assert shown["minimum_acr"] == "urn:hopnhat:aal2"
    assert str(told["client_secret"]) not in json.dumps(shown)


def test_a_public_client_gets_no_secret(app: Flask) -> None:
    assert read(*ADD, "--public", "--client-id", "app").keys() == {"client_id"}
    assert read("show", "app")["token_endpoint_auth_method"] == "none"


def test_what_must_be_set_before_a_client_can_prove_itself_is_said(app: Flask) -> None:
    by_name = ("--auth-method", "tls_client_auth", "--set", "tls_client_auth_san_dns=rp.test")
    result = run(*ADD, "--client-id", "a", *by_name, "--json")
    assert json.loads(result.stdout) == {"client_id": "a"}
    for setting in ("CLIENT_CERTIFICATE_HEADER", "TRUSTED_PROXIES", "CLIENT_CERTIFICATE_CA_FILE"):
        assert f"HOPNHAT_{setting}" in result.stderr
    assert "HOPNHAT_" not in run(*ADD, "--client-id", "b").stderr
    assert "tls_client_auth" in run("change", "b", *by_name).stderr


def test_scopes_may_be_given_together_or_one_by_one(app: Flask) -> None:
    read(*ADD, "--scope", "openid email", "--scope", "staff", "--client-id", "a", "--alg", "ES256")
    assert read("show", "a")["scope"] == "openid email staff"
    assert read("show", "a")["id_token_signed_response_alg"] == "ES256"


def test_list_shows_all(app: Flask) -> None:
    read(*ADD, "--client-id", "a")
    read(*ADD, "--client-id", "b")
    assert [client["client_id"] for client in json.loads(run("list", "--json").stdout)] == ["a", "b"]
    assert "Quản lý văn bản" in run("list").output


def test_change_changes_what_is_given(app: Flask) -> None:
    read(*ADD, "--client-id", "a", "--backchannel-logout-uri", "https://rp.test/out")
    told = read("change", "a", "--name", "Tên mới", "--backchannel-logout-uri", "")
    assert (told["client_name"], told["backchannel_logout_uri"]) == ("Tên mới", None)
    assert told["redirect_uris"] == ["https://rp.test/cb"]
    assert run("change", "a").exit_code == 2


def test_disable_enable_and_rotate(app: Flask) -> None:
    read(*ADD, "--client-id", "a")
    assert run("disable", "a").exit_code == 0
    assert find_client("a") is None
    assert run("enable", "a").exit_code == 0
    first = read("rotate-secret", "a")["client_secret"]
    assert first != read("rotate-secret", "a", "--transition-days", "0")["client_secret"]
    secrets = read("show", "a")["secrets"]
    assert isinstance(secrets, list)
    assert len(secrets) == 1


@pytest.mark.parametrize("bad", ["http://rp.test/cb", "https://rp.test/cb#", "javascript:alert(1)"])
def test_a_refused_address_is_refused_with_the_reason(app: Flask, bad: str) -> None:
    result = run("add", "--name", "x", "--redirect-uri", bad)
    assert result.exit_code == 1
    assert isinstance(result.exception, Refusal)
    assert bad in result.exception.message


def test_usage_mistakes_end_with_two_and_unknown_clients_with_one(app: Flask) -> None:
    assert run("add", "--name", "x").exit_code == 2
    assert run(*ADD, "--alg", "HS256").exit_code == 2
    assert run("show", "nobody").exit_code == 1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("profil=fapi2", "perhaps profile?"),
        ("profile", "has no ="),
        ("jwks=@/nowhere/keys.json", "/nowhere/keys.json cannot be read: No such file"),
        ("jwks=abc", "jwks: not a JSON object"),
    ],
)
def test_a_slip_in_set_is_told_with_what_to_do(app: Flask, given: str, told: str) -> None:
    result = run(*ADD, "--set", given)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split()), result.output


def test_an_unknown_client_id_leads_to_the_list(app: Flask) -> None:
    assert "hopnhat client list" in run("show", "nobody").output
