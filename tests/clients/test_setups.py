"""Rules of the settings that are shown for copying: nothing of a registration can mean something else in a server's settings."""

import re
import tomllib
from pathlib import Path

import pytest

from clients.guard_setups import guard_setups
from clients.landing import landing_path
from clients.setups import Facts, env_file, setups

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


def test_the_files_of_nginx_are_those_of_the_document() -> None:
    files = dict(re.findall(r"<!-- recipe: (\S+) -->\n```\w*\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE))
    origin = "https://baocao.example.gov.vn"
    for name, text in guard_setups("https://login.example.gov.vn", "bao-cao", origin, f"{origin}/da-dang-xuat"):
        assert text == files[name]


def test_apache_leaves_the_page_after_signing_out_open_and_only_a_plain_one() -> None:
    text = dict(setups(FACTS))["Apache (mod_auth_openidc)"]
    assert '<Location "/xong">' in text
    assert "@" not in text
    without = dict(setups(Facts(FACTS.issuer, "x", None, FACTS.redirect_uri, "openid", is_public=False)))["Apache (mod_auth_openidc)"]
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
    found = {re.findall(r'Passphrase "(\w+)"', dict(setups(FACTS))["Apache (mod_auth_openidc)"])[0] for _ in range(3)}
    assert len(found) == 3
    assert "SECRET" not in env_file(Facts("https://i", "x", None, "https://x/cb", "openid", is_public=True))
    assert tomllib.loads(re.sub(r"^(\w+)=([^\"].*)$", r'\1="\2"', env_file(FACTS), flags=re.MULTILINE))["OIDC_SCOPE"] == "openid profile"
