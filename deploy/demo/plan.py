"""What the demo is asked to be: ports, folder, number of people, database and directory; read from the environment once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
EXTERNAL_PORT = 8199
OWN_MACHINE = "127.0.0.1,localhost"  # the applications that somebody tries the demo with run beside it


class PlanMistaken(Exception):
    """A variable of the demo cannot be what it was set to; the text names it."""


@dataclass(frozen=True)
class Directory:
    """Where the directory is and who may do what there: a reader for the provider, an administrator for changes in staff."""

    url: str
    base_dn: str
    bind_dn: str
    bind_password: str
    admin_dn: str
    admin_password: str


@dataclass(frozen=True)
class Plan:
    """One demo. `directory` None: the embedded one on `directory_port`. `staff`: at least so many people in it.
    `outbound_allow`: where else the provider may send logout tokens to, as host or host:port, comma separated, this machine unless it is said; `saml`: whether it answers SAML as well."""

    folder: Path
    port: int
    documents_port: int
    one_door_port: int
    directory_port: int
    staff: int
    database_url: str
    directory: Directory | None
    outbound_allow: str = ""
    saml: bool = False

    @property
    def issuer(self) -> str:
        """The provider's issuer URL."""
        return f"http://{HOST}:{self.port}"

    @property
    def settings_file(self) -> Path:
        """Where the provider's settings are written; `hopnhat` finds them there by itself."""
        return self.folder / "hopnhat.toml"

    @property
    def told_file(self) -> Path:
        """Where accounts, clients and the directory's administrator are told to scripts."""
        return self.folder / "demo.json"


def read_plan(environment: Mapping[str, str] = os.environ) -> Plan:
    """The demo as the environment asks for it. Raises PlanMistaken."""
    folder = Path(environment.get("DEMO_FOLDER") or ROOT / "instance").resolve()
    return Plan(
        folder=folder,
        port=_number(environment, "PORT", 8000),
        documents_port=_number(environment, "APP1_PORT", 8101),
        one_door_port=_number(environment, "APP2_PORT", 8102),
        directory_port=_number(environment, "LDAP_PORT", 3890),
        staff=_number(environment, "STAFF", 300, most=100_000),
        database_url=environment.get("DEMO_DATABASE_URL") or f"sqlite:///{folder / 'hopnhat.sqlite'}",
        directory=_read_directory(environment),
        outbound_allow=environment.get("DEMO_OUTBOUND_ALLOW", OWN_MACHINE),
        saml=environment.get("DEMO_SAML", "") == "on",
    )


def _number(environment: Mapping[str, str], name: str, default: int, most: int = 65535) -> int:
    written = environment.get(name) or str(default)
    if not written.isascii() or not written.isdigit() or not 0 < int(written) <= most:
        raise PlanMistaken(f"{name} is a number from 1 to {most}, not {written!r}")
    return int(written)


def _read_directory(environment: Mapping[str, str]) -> Directory | None:
    if not environment.get("DEMO_LDAP_URL"):
        return None
    names = ("URL", "BASE_DN", "BIND_DN", "BIND_PASSWORD", "ADMIN_DN", "ADMIN_PASSWORD")
    missing = [f"DEMO_LDAP_{name}" for name in names if not environment.get(f"DEMO_LDAP_{name}")]
    if missing:
        raise PlanMistaken(f"DEMO_LDAP_URL needs {', '.join(missing)} as well")
    return Directory(*(environment[f"DEMO_LDAP_{name}"] for name in names))
