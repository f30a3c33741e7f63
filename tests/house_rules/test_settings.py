"""Rules of the settings."""

from pathlib import Path

import pytest

from idp.settings import PREFIX, Settings, SettingsMistaken, read_settings
from tests.support.installation import SEALING_KEY

ROOT = Path(__file__).resolve().parents[2]
GOOD = {"issuer": "https://dinhdanh.example.vn", "sealing_keys": SEALING_KEY}


def test_every_setting_is_described_and_listed_in_the_documentation() -> None:
    documentation = (ROOT / "docs" / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`{PREFIX}{name.upper()}`" in documentation, name


def test_all_mistakes_are_reported_at_once_by_the_name_of_their_variable() -> None:
    with pytest.raises(SettingsMistaken) as refused:
        read_settings(issuer="http://dinhdanh.example.vn", ldap_url="ldap://10.0.0.1", access_token_seconds=1)
    for name in ("ISSUER", "SEALING_KEYS", "LDAP_URL", "ACCESS_TOKEN_SECONDS"):
        assert PREFIX + name in str(refused.value)


def test_a_mistaken_sealing_key_is_not_shown() -> None:
    with pytest.raises(SettingsMistaken) as refused:
        read_settings(issuer=GOOD["issuer"], sealing_keys="1:c2VjcmV0LXRvby1zaG9ydA==")
    assert "c2VjcmV0" not in str(refused.value)


@pytest.mark.parametrize(
    "issuer", ["http://idp.vn", "https://idp.vn/", "https://idp.vn?x=1", "https://idp.vn#x", "ftp://idp.vn", "idp.vn", ""]
)
def test_an_issuer_is_an_https_url_without_query_fragment_or_trailing_slash(issuer: str) -> None:
    with pytest.raises(SettingsMistaken):
        read_settings(**{**GOOD, "issuer": issuer})


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://idp.vn/hopnhat"])
def test_plain_http_is_for_loopback_only(issuer: str) -> None:
    assert read_settings(**{**GOOD, "issuer": issuer}).issuer == issuer


def test_sealing_keys_have_no_default() -> None:
    with pytest.raises(SettingsMistaken, match="SEALING_KEYS"):
        read_settings(issuer=GOOD["issuer"])


def test_a_directory_needs_its_account_and_base() -> None:
    with pytest.raises(SettingsMistaken, match="LDAP_BIND_DN"):
        read_settings(**GOOD, ldap_url="ldaps://danhba.example.vn")


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hopnhat.toml"
    file.write_text('organization_name = "Từ tệp"\nlog_level = "WARNING"\n')
    monkeypatch.setenv(PREFIX + "CONFIG", str(file))
    monkeypatch.setenv(PREFIX + "LOG_LEVEL", "ERROR")
    settings = read_settings(**GOOD)
    assert (settings.organization_name, settings.log_level) == ("Từ tệp", "ERROR")


def test_the_representation_of_the_settings_shows_no_secret() -> None:
    assert SEALING_KEY not in repr(read_settings(**GOOD))
