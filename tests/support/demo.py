"""The demo as a script outside meets it: started by its command, read from demo.json, spoken to over HTTP, LDAP and `hopnhat`."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ldap3
from ldap3.utils.conv import escape_filter_chars

from idp import clock
from tests.support.phone import Phone
from tests.support.services import free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
READY_SECONDS = 120
STOP_SECONDS = 20


@dataclass(frozen=True)
class Account:
    """Somebody the demo introduces."""

    role: str
    username: str
    password: str
    totp_secret: str | None


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    folder: Path
    documents_url: str
    one_door_url: str
    told: dict[str, Any]
    process: subprocess.Popen[bytes]
    phones: dict[str, Phone] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        """The provider."""
        return str(self.told["issuer"])

    def account(self, role: str) -> Account:
        """The account of this role."""
        return next(Account(**account) for account in self.told["accounts"] if account["role"] == role)

    def phone(self, role: str) -> Phone:
        """The one phone of this role's account: it knows which codes were used."""
        return self.phones.setdefault(role, Phone(str(self.account(role).totp_secret)))

    def client(self, client_id: str) -> dict[str, Any]:
        """The client of this id, as demo.json tells it."""
        return next(client for client in self.told["clients"] if client["client_id"] == client_id)

    def anybody(self, number: int) -> Account:
        """One of the people nobody introduces, healthy and at work; another one for another number."""
        with self.as_administrator() as directory:
            healthy = "(&(uid=*)(mail=*)(title=*)(employeeNumber=*)(departmentNumber=*)(!(pwdAccountLockedTime=*)))"
            directory.search(self.told["ldap"]["base_dn"], healthy, attributes=["uid"])
            uids = sorted(str(entry.uid.value) for entry in directory.entries)
        introduced = {account["username"] for account in self.told["accounts"]}
        uid = [uid for uid in uids if uid not in introduced][number]
        return Account("staff", uid, f"Demo-{uid}", None)

    def as_administrator(self) -> ldap3.Connection:
        """A connection to the directory that may change people; a refused operation raises."""
        ldap = self.told["ldap"]
        server = ldap3.Server(ldap["url"], get_info=ldap3.NONE)
        return ldap3.Connection(server, ldap["admin_dn"], ldap["admin_password"], auto_bind=True, raise_exceptions=True)

    def remove_from_directory(self, username: str) -> None:
        """What the personnel office does when somebody leaves."""
        with self.as_administrator() as directory:
            directory.search(self.told["ldap"]["base_dn"], f"(uid={escape_filter_chars(username)})", attributes=["uid"])
            directory.delete(directory.entries[0].entry_dn)

    def lock_in_directory(self, username: str) -> None:
        """What the directory does by itself after too many wrong passwords: a lock for a time."""
        with self.as_administrator() as directory:
            directory.search(self.told["ldap"]["base_dn"], f"(uid={escape_filter_chars(username)})", attributes=["uid"])
            directory.modify(
                directory.entries[0].entry_dn, {"pwdAccountLockedTime": [(ldap3.MODIFY_REPLACE, [f"{clock.now():%Y%m%d%H%M%SZ}"])]}
            )

    def hopnhat(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an operator's command on the demo."""
        environment = {**os.environ, "HOPNHAT_CONFIG": str(self.folder / "hopnhat.toml")}
        command = [str(BIN / "hopnhat"), *arguments]
        return subprocess.run(command, check=False, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def sync(self) -> dict[str, Any]:
        """Run a sync to its end and return its report; one of the worker's own that is under way is waited for."""
        deadline = time.monotonic() + 30
        while True:
            done = self.hopnhat("sync", "run", "--json")
            if done.returncode == 0:
                return dict(json.loads(done.stdout))
            assert time.monotonic() < deadline, done.stdout + done.stderr
            time.sleep(0.2)


@contextmanager
def running_demo(folder: Path, given: Mapping[str, str] | None = None, *, ports: Mapping[str, str] | None = None) -> Iterator[Demo]:
    """A demo of its own in this folder, on free ports; started again in the same folder it goes on where it was."""
    chosen = dict(ports or free_ports())
    output = folder.parent / f"{folder.name}.out"
    process = start_demo(folder, output, {**chosen, **(given or {})})
    try:
        wait_until(lambda: process.poll() is not None or said_ready(output), READY_SECONDS)
        assert process.poll() is None, output.read_text()
        told = json.loads((folder / "demo.json").read_text())
        yield Demo(folder, f"http://127.0.0.1:{chosen['APP1_PORT']}", f"http://127.0.0.1:{chosen['APP2_PORT']}", told, process)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def free_ports() -> dict[str, str]:
    """Ports for one demo."""
    return {name: str(free_port()) for name in ("PORT", "APP1_PORT", "APP2_PORT", "LDAP_PORT")}


def start_demo(folder: Path, output: Path, given: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the demo's command, what it says going to a file."""
    environment = {**os.environ, "DEMO_FOLDER": str(folder), **given}
    with output.open("wb") as written:
        return subprocess.Popen([sys.executable, "-m", "deploy.demo"], cwd=ROOT, env=environment, stdout=written, stderr=subprocess.STDOUT)


def said_ready(output: Path) -> bool:
    """Whether the demo has said that everything runs."""
    return "ready" in output.read_text().splitlines()
