"""A small real slapd for sign-ins: password policies, TLS, people in every state a directory knows."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ldap3 import MODIFY_REPLACE, Connection

from tests.support.services import find_program, free_port, running

BASE = "dc=hagiang,dc=test"
PEOPLE = f"ou=people,{BASE}"
ADMIN, ADMIN_PASSWORD = f"cn=admin,{BASE}", "admin-for-tests"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "reader-for-tests"
PASSWORD = "Mk-đúng của họ"

CONFIGURATION = """include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile {folder}/slapd.pid
threads 4
TLSCACertificateFile {folder}/ca.crt
TLSCertificateFile {folder}/server.crt
TLSCertificateKeyFile {folder}/server.key
TLSVerifyClient never
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw {admin_password}
directory {folder}/db
maxsize 104857600
dbnosync
index objectClass,entryUUID eq
access to attrs=userPassword by self =xw by anonymous auth by * none
access to * by dn.exact="{reader}" read by * none
overlay ppolicy
ppolicy_default "cn=default,ou=policies,{base}"
ppolicy_use_lockout
"""

POLICY = """
dn: cn={name},ou=policies,{base}
objectClass: person
objectClass: pwdPolicy
cn: {name}
sn: {name}
pwdAttribute: userPassword
pwdLockout: {lockout}
pwdMaxFailure: 5
pwdFailureCountInterval: 900
pwdLockoutDuration: 0
pwdMustChange: TRUE
pwdMaxAge: {max_age}
pwdGraceAuthNLimit: {grace}
pwdExpireWarning: 3600
pwdCheckQuality: 2
pwdMinLength: 10
pwdInHistory: 3
"""


@dataclass(frozen=True)
class BindDirectory:
    """Where it is, and what its people's entries are called."""

    url: str
    tls_url: str
    ca_file: Path
    entry_uuids: dict[str, str]

    def settings(self, **given: Any) -> dict[str, Any]:
        """The settings that point an installation at it; keyword arguments win."""
        access = {"ldap_url": self.url, "ldap_bind_dn": READER, "ldap_bind_password": READER_PASSWORD, "ldap_base_dn": BASE}
        return {**access, **given}

    def person(self, uid: str) -> dict[str, str]:
        """What a sync would have put down of this person."""
        return {"source_key": self.entry_uuids[uid], "directory_dn": f"uid={uid},{PEOPLE}"}

    @contextmanager
    def as_admin(self) -> Iterator[Connection]:
        """A connection that may change everything."""
        with Connection(self.url, ADMIN, ADMIN_PASSWORD, auto_bind=True, raise_exceptions=True) as connection:
            yield connection

    def set_password(self, uid: str, password: str, *, reset: bool = False) -> None:
        """What an administrator does; `reset`: it must be changed at the next sign-in."""
        with self.as_admin() as connection:
            connection.modify(f"uid={uid},{PEOPLE}", {"userPassword": [(MODIFY_REPLACE, [password])]})
            connection.modify(f"uid={uid},{PEOPLE}", {"pwdReset": [(MODIFY_REPLACE, ["TRUE"] if reset else [])]})

    def failures(self, uid: str) -> int:
        """How many failures the directory itself has counted."""
        with self.as_admin() as connection:
            connection.search(f"uid={uid},{PEOPLE}", "(objectClass=*)", attributes=["pwdFailureTime"])
            return len(connection.response[0]["attributes"].get("pwdFailureTime") or [])


def _ldif(uuids: dict[str, str], stored_password: str) -> str:
    entries = [
        f"dn: {BASE}\nobjectClass: domain\ndc: hagiang",
        f"dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people",
        f"dn: ou=former,{BASE}\nobjectClass: organizationalUnit\nou: former",
        f"dn: ou=policies,{BASE}\nobjectClass: organizationalUnit\nou: policies",
        f"dn: {READER}\nobjectClass: person\ncn: reader\nsn: reader\nuserPassword: {READER_PASSWORD}",
        POLICY.format(name="default", base=BASE, max_age=0, lockout="FALSE", grace=0).strip(),
        POLICY.format(name="short", base=BASE, max_age=60, lockout="FALSE", grace=0).strip(),
        POLICY.format(name="grace", base=BASE, max_age=60, lockout="FALSE", grace=20).strip(),
        POLICY.format(name="soon", base=BASE, max_age=3500, lockout="FALSE", grace=0).strip(),
        POLICY.format(name="strict", base=BASE, max_age=0, lockout="TRUE", grace=0).strip(),
    ]
    strict = f"pwdPolicySubentry: cn=strict,ou=policies,{BASE}"
    more = {
        "counted": strict,
        "victim": strict,
        "reset": "pwdReset: TRUE",
        "newcomer": "pwdReset: TRUE",
        "grace": f"pwdPolicySubentry: cn=grace,ou=policies,{BASE}\npwdChangedTime: 20200101000000Z",
        "expiring": f"pwdPolicySubentry: cn=soon,ou=policies,{BASE}\npwdChangedTime: {datetime.now(UTC):%Y%m%d%H%M%S}Z",
        "expired": f"pwdPolicySubentry: cn=short,ou=policies,{BASE}\npwdChangedTime: 20200101000000Z",
        "locked": f"{strict}\npwdAccountLockedTime: 000001010000Z",
    }
    for uid, entry_uuid in uuids.items():
        extra = f"\n{more[uid]}" if uid in more else ""
        entries.append(
            f"dn: uid={uid},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n"
            f"userPassword: {stored_password}\nentryUUID: {entry_uuid}{extra}"
        )
    return "\n\n".join(entries) + "\n"


def _certificates(folder: Path) -> None:
    def openssl(*arguments: str) -> None:
        subprocess.run([find_program("openssl"), *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost\n")
    signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions")
    openssl("x509", "-req", "-in", "server.csr", *signing, "-out", "server.crt")


@contextmanager
def bind_directory(folder: Path, uids: tuple[str, ...], stored_password: str = PASSWORD) -> Iterator[BindDirectory]:
    """A throw-away slapd with these people; the uids `reset`, `expired`, `expiring` and `locked` are in the state they are named for, and `counted` and
    `victim` are locked by the directory after five failures in a quarter of an hour."""
    (folder / "db").mkdir(parents=True)
    _certificates(folder)
    uuids = {uid: str(uuid.uuid4()) for uid in uids}
    facts = {"folder": folder, "base": BASE, "admin": ADMIN, "admin_password": ADMIN_PASSWORD, "reader": READER}
    (folder / "slapd.conf").write_text(CONFIGURATION.format(**facts))
    (folder / "people.ldif").write_text(_ldif(uuids, stored_password))
    load = [find_program("slapadd", "/usr/sbin/slapadd"), "-q", "-w", "-f", "slapd.conf", "-b", BASE, "-l", "people.ldif"]
    subprocess.run(load, cwd=folder, check=True, capture_output=True)
    port, tls_port = free_port(), free_port()
    urls = f"ldap://127.0.0.1:{port}", f"ldaps://localhost:{tls_port}"
    command = [find_program("slapd", "/usr/sbin/slapd"), "-f", "slapd.conf", "-h", f"{urls[0]} ldaps://127.0.0.1:{tls_port}", "-d", "0"]
    with running(command, port, folder / "slapd.log"):
        yield BindDirectory(*urls, folder / "ca.crt", uuids)
