"""What the provider under test is: its folder, its ports and the suite that tests it; read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

HOST = "localhost"  # the only name it has: nobody outside this machine can be sent to it
ROOT = Path(__file__).resolve().parents[2]
SUITE_URL = "https://localhost.emobix.co.uk:8443"
ALIAS = "hopnhat"
DATABASE_NAME = "hopnhat_conformance"


class SiteMistaken(Exception):
    """A variable cannot be what it was set to, or the folder belongs to another installation; the text says which."""


@dataclass(frozen=True)
class Site:
    """One provider under test. `is_mutual`: nginx stands in front of it, and asks for client certificates on `mtls_port`."""

    folder: Path
    port: int
    is_mutual: bool
    suite_url: str
    suite_certificate: Path | None
    alias: str
    certificate: Path
    key: Path
    postgresql: str | None

    @property
    def issuer(self) -> str:
        """The provider's issuer URL."""
        return f"https://{HOST}:{self.port}"

    @property
    def mtls_port(self) -> int:
        """Where client certificates are asked for."""
        return self.port + 1

    @property
    def mtls_url(self) -> str:
        """The provider's URL there."""
        return f"https://{HOST}:{self.mtls_port}"

    @property
    def inner_port(self) -> int:
        """Where the provider itself listens behind nginx, without TLS."""
        return self.port + 2

    @property
    def directory_port(self) -> int:
        """Where the embedded directory listens."""
        return self.port + 3

    @property
    def resource_port(self) -> int:
        """Where the API for the plans of OAuth alone listens behind nginx."""
        return self.port + 4

    @property
    def settings_file(self) -> Path:
        """Where the provider's settings are written; `HOPNHAT_CONFIG` names it to `hopnhat`."""
        return self.folder / "hopnhat.toml"

    @property
    def database(self) -> Path:
        """Its own SQLite database, never another one."""
        return self.folder / "hopnhat.sqlite"

    @property
    def database_url(self) -> str:
        """Where the provider keeps everything: PostgreSQL when asked to, SQLite otherwise."""
        return self.postgresql or f"sqlite:///{self.database}"

    @property
    def secrets_file(self) -> Path:
        """The clients' secrets and private keys, kept from one start to the next."""
        return self.folder / "secrets.json"

    @property
    def suite_folder(self) -> Path:
        """Where the configurations of the suite are written."""
        return self.folder / "suite"

    def alias_of(self, plan: str) -> str:
        """The suite's name for one plan here: each has its own, so that what one leaves behind does not reach the next."""
        return f"{self.alias}-{plan}"

    def at_suite(self, plan: str, path: str) -> str:
        """A URL of the suite for one plan."""
        return f"{self.suite_url}/test/a/{self.alias_of(plan)}/{path}"


def read_site(environment: Mapping[str, str] = os.environ) -> Site:
    """The site as the environment asks for it. Raises SiteMistaken."""
    folder = Path(environment.get("CONFORMANCE_FOLDER") or ROOT / "instance" / "conformance").resolve()
    port, suite_url = environment.get("PORT") or "8600", environment.get("SUITE_URL") or SUITE_URL
    if not port.isascii() or not port.isdigit() or not 1024 <= int(port) <= 65000:
        raise SiteMistaken(f"PORT is a number from 1024 to 65000, not {port!r}")
    if urlsplit(suite_url).scheme != "https" or suite_url.endswith("/"):
        raise SiteMistaken("SUITE_URL is https://…, without a slash at its end")
    certificate, key = environment.get("CERTIFICATE"), environment.get("KEY")
    if bool(certificate) != bool(key):
        raise SiteMistaken("CERTIFICATE goes with KEY")
    return Site(
        folder=folder,
        port=int(port),
        is_mutual=environment.get("MTLS") == "1",
        suite_url=suite_url,
        suite_certificate=_existing(environment, "SUITE_CERTIFICATE"),
        alias=environment.get("ALIAS") or ALIAS,
        certificate=_existing(environment, "CERTIFICATE") or folder / "server.pem",
        key=_existing(environment, "KEY") or folder / "server.key",
        postgresql=_postgresql(environment.get("DATABASE_URL")),
    )


def _postgresql(url: str | None) -> str | None:
    """A database that can be no real one: this installation knows a person whose password is published."""
    name = url and urlsplit(url).path.removeprefix("/")
    if url and not (url.startswith("postgresql+psycopg://") and name and name.startswith(DATABASE_NAME)):
        raise SiteMistaken(f"DATABASE_URL is postgresql+psycopg://…/{DATABASE_NAME}…: the database's name begins so")
    return url or None


def _existing(environment: Mapping[str, str], name: str) -> Path | None:
    if not environment.get(name):
        return None
    file = Path(environment[name]).resolve()
    if not file.is_file():
        raise SiteMistaken(f"{name}: there is no file {file}")
    return file
