"""A real Active Directory: a Samba domain controller in a network of its own, for tests run by root inside that network."""

import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3

REALM, BASE = "HAGIANG.TEST", "DC=hagiang,DC=test"
PEOPLE = f"CN=Users,{BASE}"
ADMIN, ADMIN_PASSWORD = "Administrator@hagiang.test", "Admin-only-Pw-1"
READER, READER_PASSWORD = "idp-sync@hagiang.test", "Sync-only-Pw-1"
PASSWORD = "Mk-đúng của họ 1"
PORT = 389
WAIT_SECONDS = 30
CONFIGURATION = """	pid directory = {run}
	ncalrpc dir = {run}/ncalrpc
	winbindd socket directory = {run}/winbindd
	ntp signd socket directory = {run}/ntp
	disable netbios = yes
	ldap server require strong auth = no"""


@dataclass(frozen=True)
class Samba:
    """Where its database is; it listens on the usual ports of 127.0.0.1."""

    database: Path

    def settings(self, **given: Any) -> dict[str, Any]:
        """The settings that point an installation at it; keyword arguments win."""
        access = {"ldap_bind_dn": READER, "ldap_bind_password": READER_PASSWORD, "ldap_base_dn": BASE}
        return {"ldap_url": "ldaps://127.0.0.1", **access, **given}

    def tool(self, *arguments: str) -> None:
        """samba-tool, on the database itself."""
        subprocess.run(["samba-tool", *arguments, "-H", str(self.database)], check=True, capture_output=True)

    def as_admin(self) -> Any:
        """A connection that may change everything."""
        server = ldap3.Server("ldaps://127.0.0.1", get_info=ldap3.NONE)
        return ldap3.Connection(server, ADMIN, ADMIN_PASSWORD, auto_bind=True, raise_exceptions=True)

    def change(self, name: str, **attributes: str) -> None:
        """Replace attributes of somebody's entry."""
        with self.as_admin() as admin:
            admin.modify(f"CN={name},{PEOPLE}", {key: [(ldap3.MODIFY_REPLACE, [value])] for key, value in attributes.items()})

    def entry(self, name: str) -> dict[str, str]:
        """What a sync would have put down of this person: objectGUID as a UUID, and the name."""
        with self.as_admin() as admin:
            admin.search(BASE, f"(sAMAccountName={name})", attributes=["objectGUID"])
            found = admin.response[0]
            raw = found["raw_attributes"]["objectGUID"][0]
            return {"source_key": str(uuid.UUID(bytes_le=raw)), "directory_dn": found["dn"]}

    def wrong_passwords(self, name: str) -> int:
        """How many failures the directory itself has counted."""
        with self.as_admin() as admin:
            admin.search(BASE, f"(sAMAccountName={name})", attributes=["badPwdCount"])
            return int(admin.response[0]["raw_attributes"]["badPwdCount"][0])


@contextmanager
def samba(folder: Path, people: tuple[str, ...]) -> Iterator[Samba]:
    """A throw-away domain (10 s to make) with these people."""
    provision = [
        "samba-tool", "domain", "provision", f"--realm={REALM}", "--domain=HAGIANG", "--server-role=dc", "--dns-backend=NONE",
        f"--adminpass={ADMIN_PASSWORD}", f"--targetdir={folder}", "--host-name=dc1", "--host-ip=127.0.0.1",
        "--option=interfaces=lo", "--option=bind interfaces only=yes",
    ]  # fmt: skip
    subprocess.run(provision, check=True, capture_output=True)
    run, configuration = folder / "run", folder / "etc" / "smb.conf"
    run.mkdir(exist_ok=True)
    lines = configuration.read_text().splitlines()
    lines = [line for line in lines if "server services" not in line]
    at = lines.index("[global]") + 1
    lines[at:at] = ["\tserver services = ldap, kdc, drepl", CONFIGURATION.format(run=run)]
    configuration.write_text("\n".join(lines) + "\n")
    found = Samba(folder / "private" / "sam.ldb")
    for name, password in ((READER.partition("@")[0], READER_PASSWORD), *((name, PASSWORD) for name in people)):
        found.tool("user", "create", name, password)
    found.tool("domain", "passwordsettings", "set", "--account-lockout-threshold=5", "--min-pwd-age=0")
    program = shutil.which("samba") or "/usr/sbin/samba"
    with (folder / "samba.log").open("wb") as log:
        process = subprocess.Popen([program, "-F", "--no-process-group", "-M", "single", "-s", str(configuration)], stdout=log, stderr=log)
    try:
        _wait(process)
        yield found
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"samba does not answer; is this a network of its own, and root? {os.geteuid()=}")
