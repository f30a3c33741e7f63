"""Rules of the settings that are shown for copying: nothing of a registration can mean something else in a server's settings."""

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
from flask import Flask

from clients.guard_setups import guard_setups
from clients.landing import landing_path
from clients.metadata import CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, PRIVATE_KEY_JWT
from clients.setups import Facts, Setup, env_file, setups

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "integration" / "nginx-forward-auth.md"
FACTS = Facts(
    "https://login.gov.vn",
    "ho-so",
    "s" * 43,
    "https://ho-so.gov.vn/cb",
    "openid profile",
    is_public=False,
    landing="https://ho-so.gov.vn/xong",
)


def by_name(**other: object) -> dict[str, Setup]:
    return {one.name.split(" (")[0]: one for one in setups(dataclasses.replace(FACTS, **other))}  # type: ignore[arg-type]


def test_the_files_of_nginx_are_those_of_the_document() -> None:
    files = dict(re.findall(r"<!-- recipe: (\S+) -->\n```\w*\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE))
    origin = "https://baocao.example.gov.vn"
    for name, text in guard_setups("https://login.example.gov.vn", "bao-cao", origin, f"{origin}/da-dang-xuat"):
        assert text == files[name]


@pytest.mark.parametrize(("origin", "at"), [("http://127.0.0.1:7495", "127.0.0.1:7495"), ("http://localhost", "localhost:80")])
def test_a_site_on_one_s_own_machine_needs_no_certificate(origin: str, at: str) -> None:
    site = guard_setups("http://127.0.0.1:8000", "bao-cao", origin, None)[-1][1]
    assert f"    listen {at};\n" in site
    assert "ssl" not in site


def test_apache_leaves_the_page_after_signing_out_open_and_only_a_plain_one() -> None:
    text = by_name()["Apache"].text
    assert '<Location "/xong">' in text
    assert "@" not in text
    without = by_name(landing=None)["Apache"].text
    assert without.count("<Location") == 1


@pytest.mark.parametrize(
    "landing",
    [
        None, "https://ho-so.gov.vn/", "https://khac.gov.vn/xong", "https://ho-so.gov.vn.khac.vn/xong", "https://ho-so.gov.vn/a;return",
        "https://ho-so.gov.vn/a$b", "https://ho-so.gov.vn/a'b", "https://ho-so.gov.vn/a%22b", "https://ho-so.gov.vn/a(b)",
    ],
)  # fmt: skip
def test_a_path_that_could_mean_something_else_is_left_out(landing: str | None) -> None:
    assert landing_path("https://ho-so.gov.vn", landing) is None
    assert "Đã đăng xuất." not in "".join(text for _name, text in guard_setups("https://i", "ho-so", "https://ho-so.gov.vn", landing))


def test_each_passphrase_is_another_and_the_file_of_a_public_client_holds_no_secret() -> None:
    found = {re.findall(r'Passphrase "(\w+)"', by_name()["Apache"].text)[0] for _ in range(3)}
    assert len(found) == 3
    assert "SECRET" not in env_file(Facts("https://i", "x", None, "https://x/cb", "openid", is_public=True))
    assert tomllib.loads(re.sub(r"^(\w+)=([^\"].*)$", r'\1="\2"', env_file(FACTS), flags=re.MULTILINE))["OIDC_SCOPE"] == "openid profile"


def test_no_mark_is_left_in_any_settings_however_the_client_is_registered() -> None:
    for method in (CLIENT_SECRET_BASIC, CLIENT_SECRET_POST, PRIVATE_KEY_JWT):
        for one in by_name(method=method, issuer="http://127.0.0.1:8000").values():
            assert re.findall(r"@\w+@", one.text) == [], one.name


def test_each_program_sends_its_secret_as_the_client_is_registered_or_says_what_to_change(app: Flask) -> None:
    with app.test_request_context():
        shown = {method: by_name(method=method) for method in (CLIENT_SECRET_BASIC, CLIENT_SECRET_POST)}
    for name, basic, post in (
        ("Spring Boot", "client-authentication-method: client_secret_basic", "client-authentication-method: client_secret_post"),
        ("Node", "client.ClientSecretBasic(OIDC_CLIENT_SECRET)", "client.ClientSecretPost(OIDC_CLIENT_SECRET)"),
        ("Django", "OIDC_TOKEN_USE_BASIC_AUTH = True", "OIDC_TOKEN_USE_BASIC_AUTH = False"),
        ("Flask", '"token_endpoint_auth_method": "client_secret_basic"', '"token_endpoint_auth_method": "client_secret_post"'),
        ("Apache", "OIDCProviderTokenEndpointAuth client_secret_basic", "OIDCProviderTokenEndpointAuth client_secret_post"),
        ("Nextcloud", "default_token_endpoint_auth_method --value=client_secret_basic", "--value=client_secret_post"),
        ("Moodle", "HTTP headers: yes", "HTTP headers: no"),
        ("GitLab", 'client_auth_method: "basic"', 'client_auth_method: "post"'),
    ):
        assert basic in shown[CLIENT_SECRET_BASIC][name].text
        assert post in shown[CLIENT_SECRET_POST][name].text
    for name in ("WordPress", "ASP.NET Core", "Laravel"):
        assert any("client_secret_post" in need for need in shown[CLIENT_SECRET_BASIC][name].needs)
        assert not any("client_secret_post" in need for need in shown[CLIENT_SECRET_POST][name].needs)


def test_a_program_that_cannot_do_pkce_says_so_and_the_signature_is_the_registered_one(app: Flask) -> None:
    with app.test_request_context():
        strict, free = by_name(algorithm="ES256"), by_name(needs_pkce=False)
    for name, one in strict.items():
        assert any("PKCE" in need for need in one.needs) == (name in ("WordPress", "Moodle"))
        assert not any("PKCE" in need for need in free[name].needs)
    assert 'OIDC_RP_SIGN_ALGO = "ES256"' in strict["Django"].text
    assert "SignatureAlgorithm.ES256" in strict["Spring Boot"].text
    assert "id_token_signed_response_alg: 'ES256'" in strict["Node"].text


def test_a_program_with_one_address_of_its_own_takes_the_registered_one_that_fits_or_names_it(app: Flask) -> None:
    own = "https://ho-so.gov.vn/wp-admin/admin-ajax.php?action=openid-connect-authorize"
    git = "https://ho-so.gov.vn/users/auth/openid_connect/callback"
    with app.test_request_context():
        missing, there = by_name(), by_name(redirect_uris=(FACTS.redirect_uri, own, git))
    assert any(own in need for need in missing["WordPress"].needs)
    assert not any(own in need for need in there["WordPress"].needs)
    assert git in there["GitLab"].text
    assert there["GitLab"].needs == ()
