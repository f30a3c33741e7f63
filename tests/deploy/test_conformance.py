"""The provider for the conformance suite is one of its own: it cannot become a real one, nor a real one it."""

import json
import os
import signal
import ssl
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from clients.apply import Wanted, apply
from clients.given_metadata import checked_names
from clients.metadata import ClientMetadata
from deploy.conformance.browser import commands, overrides
from deploy.conformance.keys import make_authority, make_client_keys
from deploy.conformance.prepare import add_resource, read_person
from deploy.conformance.settings_file import claim_folder, forget_other_settings, write_settings
from deploy.conformance.site import Site, SiteMistaken, read_site
from deploy.conformance.suite_clients import wanted_clients
from deploy.conformance.suite_files import PLANS, REGISTRATION, configuration
from idp.database import in_transaction
from idp.login.steps import Standing, Step, next_step
from idp.sessions import assurance
from idp.sessions.sign_in_request import SignInRequest
from idp.settings import LOOPBACK_HOSTS, Settings
from tests.support.services import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
SECRETS = dict.fromkeys(("basic", "basic2", "post", "rp-logout", "backchannel", "frontchannel", "session", REGISTRATION), "s" * 43)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = read_site({"CONFORMANCE_FOLDER": str(tmp_path / "conformance"), "MTLS": "1"})
    claim_folder(site)
    make_authority(site.folder)
    return site


def test_it_has_no_name_but_this_machine(site: Site) -> None:
    assert urlsplit(site.issuer).hostname in LOOPBACK_HOSTS
    assert urlsplit(site.mtls_url).hostname in LOOPBACK_HOSTS
    assert "ISSUER" not in (ROOT / "deploy/conformance/site.py").read_text()


def test_it_takes_no_folder_of_another_installation(tmp_path: Path) -> None:
    for name in ("hopnhat.toml", "hopnhat.sqlite"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text('issuer = "https://dinhdanh.hagiang.gov.vn"\n')
        with pytest.raises(SiteMistaken, match="another installation"):
            claim_folder(read_site({"CONFORMANCE_FOLDER": str(folder)}))


def test_it_comes_back_to_its_own_folder(site: Site) -> None:
    write_settings(site, site.folder / "authority.pem")
    site.database.touch()
    claim_folder(site)


def test_variables_of_a_real_installation_do_not_lead_it_to_that_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOPNHAT_DATABASE_URL", "postgresql+psycopg://real/one")
    monkeypatch.setenv("HOPNHAT_ISSUER", "https://dinhdanh.hagiang.gov.vn")
    monkeypatch.setenv("HOPNHAT_CONFIG", "/etc/hopnhat.toml")
    write_settings(site, site.folder / "authority.pem")
    forget_other_settings(site)
    settings = Settings()  # type: ignore[call-arg]
    assert settings.database_url == f"sqlite:///{site.database}"
    assert settings.issuer == site.issuer


def test_it_takes_no_postgresql_database_of_another_name(tmp_path: Path) -> None:
    here = {"CONFORMANCE_FOLDER": str(tmp_path)}
    for url in ("postgresql+psycopg://db/hopnhat", "postgresql://db/hopnhat_conformance", "sqlite:////srv/hopnhat_conformance", "x"):
        with pytest.raises(SiteMistaken, match="DATABASE_URL"):
            read_site({**here, "DATABASE_URL": url})
    own = "postgresql+psycopg://me@127.0.0.1:5432/hopnhat_conformance_1"
    assert read_site({**here, "DATABASE_URL": own}).database_url == own
    assert read_site({**here, "DATABASE_URL": ""}).database_url == f"sqlite:///{tmp_path}/hopnhat.sqlite"


def test_but_for_addresses_one_setting_alone_is_not_as_it_comes(site: Site) -> None:
    write_settings(site, site.folder / "authority.pem")
    written = tomllib.loads(site.settings_file.read_text())
    addresses = {"issuer", "database_url", "outbound_allow", "mtls_url", "ldap_url", "ldap_base_dn", "ldap_bind_dn", "ldap_bind_password"}
    proxy = {"trusted_proxies", "client_certificate_header", "client_certificate_ca_file"}
    assert set(written) - addresses - proxy - {"sealing_keys"} == {"registration_requires_pkce"}


def test_no_part_of_the_product_knows_of_it() -> None:
    for package in ("idp", "clients", "directory_sync"):
        for file in (ROOT / package).rglob("*.py"):
            assert "deploy." not in file.read_text().replace("deployment.", ""), file
    assert not [name for name in Settings.model_fields if "conformance" in name]
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert "deploy" not in wheel["only-include"]


def test_its_person_has_no_way_round_a_second_factor() -> None:
    """One who administers needs it, and so does a client that asks for it: there is no exception by name."""
    asking = SignInRequest("/account", minimum_acr=assurance.AAL2)
    anonymous = Standing(SignInRequest("/account"), None)
    assert next_step(anonymous) is Step.PASSWORD
    assert Standing(asking, None).needed == assurance.AAL2
    assert Standing(SignInRequest("/account"), None, administrator=True).needed == assurance.AAL2
    assert "role" not in read_person()


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    for given in (
        {"PORT": "80"},
        {"PORT": "x"},
        {"SUITE_URL": "http://suite"},
        {"SUITE_CERTIFICATE": str(tmp_path / "none")},
        {"CERTIFICATE": "/a"},
    ):
        with pytest.raises(SiteMistaken):
            read_site(given)


def test_every_plan_has_a_configuration_whose_clients_wait_where_the_suite_is(site: Site) -> None:
    clients = {client["client_id"]: client for client in wanted_clients(site)}
    for plan in PLANS:
        told = configuration(site, plan, read_person(), SECRETS)
        if plan.client_id == "basic" and plan.file not in ("basic", "formpost"):
            continue  # nobody signs in, or the suite registers a client of its own
        client = clients[told["client"]["client_id"]]
        assert f"{site.suite_url}/test/a/{told['alias']}/callback" in client["redirect_uris"], plan.file
        assert clients[told["client2"]["client_id"]]


def test_the_browser_uses_only_what_stays_on_our_pages(site: Site) -> None:
    told = [commands(site, "basic", "u", "p"), *[entry["browser"] for entry in overrides(site, "basic", "u", "p").values()]]
    done = [tuple(command[1:3]) for pages in told for page in pages for task in page["tasks"] for command in task["commands"]]
    kept = {("name", "username"), ("name", "password"), ("id", "continue"), ("id", "cancel"), ("id", "main")}
    assert set(done) - {("id", "submission_complete"), ("id", "complete")} == kept


def test_private_keys_are_told_to_the_suite_alone(site: Site) -> None:
    for algorithm in ("PS256", "ES256", "EdDSA"):
        keys = make_client_keys(site.folder, f"client-{algorithm}", algorithm)
        assert not {"d", "p", "q", "dp", "dq", "qi"} & keys.public_jwks["keys"][0].keys()
        assert keys.private_jwks["keys"][0]["d"]
    assert '"d":' not in json.dumps(wanted_clients(site)).replace(" ", "")


def test_its_clients_may_be_registered_as_they_are(app: Flask, site: Site) -> None:
    in_transaction(lambda connection: add_resource(connection, site))
    wanted = [Wanted(ClientMetadata(**checked_names(client))) for client in wanted_clients(site)]
    assert {step.deed for step in in_transaction(lambda connection: apply(connection, wanted, actor="cli:test"))} == {"add"}
    assert {step.deed for step in in_transaction(lambda connection: apply(connection, wanted, actor="cli:test"))} == {"keep"}


def test_it_starts_says_ready_speaks_tls_13_alone_and_stops(tmp_path: Path) -> None:
    def serve_itself(site: Site, context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(OSError, match="protocol"):
            urllib.request.urlopen(f"{site.issuer}/readyz", context=context)

    _started(tmp_path, {}, serve_itself)


def test_behind_nginx_clients_are_asked_for_certificates_on_the_second_port(tmp_path: Path) -> None:
    def look(site: Site, context: ssl.SSLContext) -> None:
        with urllib.request.urlopen(f"{site.issuer}/.well-known/openid-configuration", context=context) as answer:
            told = json.loads(answer.read())
        assert told["mtls_endpoint_aliases"]["token_endpoint"] == f"{site.mtls_url}/token"
        assert "tls_client_auth" in told["token_endpoint_auth_methods_supported"]
        assert urllib.request.urlopen(f"{site.mtls_url}/readyz", context=context).status == 200
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AES128")
        context.set_ciphers("AES128-GCM-SHA256")  # without forward secrecy: FAPI 2.0 §5.2.2 leaves it out
        with pytest.raises(OSError, match="handshake"):
            urllib.request.urlopen(f"{site.issuer}/readyz", context=context)

    _started(tmp_path, {"MTLS": "1"}, look)


def _started(folder: Path, given: dict[str, str], look: Callable[[Site, ssl.SSLContext], None]) -> None:
    given = {"CONFORMANCE_FOLDER": str(folder / "site"), "PORT": str(_four_free_ports()), **given}
    site, output = read_site(given), folder / "out"
    with output.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.conformance"], cwd=ROOT, env={**os.environ, **given}, stdout=written, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: process.poll() is not None or "ready" in output.read_text().splitlines())
        assert process.poll() is None, output.read_text()
        context = ssl.create_default_context(cafile=str(site.certificate))
        assert urllib.request.urlopen(f"{site.issuer}/readyz", context=context).status == 200
        assert [file.stem for file in site.suite_folder.glob("*.json") if file.stem == "basic"]
        look(site, context)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, output.read_text()


def _four_free_ports() -> int:
    while True:
        port = free_port()
        if 1024 <= port <= 64000:
            return port
