"""A real OpenLDAP in a folder of the test run: TLS by a CA of its own, password policy, an account that only reads."""

import datetime
import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ldap3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.services import find_program, free_port, running

BASE_DN = "dc=hagiang,dc=gov,dc=vn"
ADMIN_DN, ADMIN_PASSWORD = f"cn=admin,{BASE_DN}", "quan-tri"
SYNC_DN, SYNC_PASSWORD = f"cn=dong-bo,{BASE_DN}", "dong-bo"
LIMITED_DN = f"cn=bi-gioi-han,{BASE_DN}"  # as the account above, but a search of its ends after LIMIT entries
LIMIT = 4
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
{modules}
loglevel none
threads 4
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
TLSProtocolMin 3.3
database mdb
suffix "{base}"
rootdn "{admin}"
rootpw {admin_password}
directory {folder}/data
maxsize 67108864
dbnosync
index objectClass,uid,entryUUID eq
limits dn.exact="{limited}" size.soft=unlimited size.hard={limit} size.prtotal={limit}
limits dn.exact="{sync}" size=unlimited size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{sync}" read by dn.exact="{limited}" read by self read by * none
overlay ppolicy
ppolicy_default "cn=quy-dinh,{base}"
{overlays}
"""


@dataclass(frozen=True)
class Slapd:
    """Where it listens."""

    url: str
    tls_url: str
    ca_file: Path


def _key_and_certificate(folder: Path) -> None:
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])

    def certificate(subject: x509.Name, public: Any, *extensions: x509.ExtensionType) -> bytes:
        builder = x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number(), now, now + datetime.timedelta(days=2))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    (folder / "ca.pem").write_bytes(certificate(ca_name, ca_key.public_key(), x509.BasicConstraints(ca=True, path_length=0)))
    (folder / "server.pem").write_bytes(certificate(server_name, key.public_key(), names))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(private)


@contextmanager
def slapd(folder: Path, *, remembers: int | None = 1000) -> Iterator[Slapd]:
    """A throw-away OpenLDAP holding nothing but its accounts and a password policy (five wrong passwords lock for 15 minutes).

    `remembers`: so many deletions it can tell of by content synchronization (RFC 4533), which it does not offer with None.
    """
    (folder / "data").mkdir(parents=True)
    _key_and_certificate(folder)
    text = CONFIGURATION.format(
        folder=folder, base=BASE_DN, admin=ADMIN_DN, admin_password=ADMIN_PASSWORD, sync=SYNC_DN, limited=LIMITED_DN, limit=LIMIT,
        modules="moduleload syncprov" if remembers is not None else "",
        overlays=f"overlay syncprov\nsyncprov-sessionlog {remembers}" if remembers is not None else "",
    )  # fmt: skip
    (folder / "slapd.conf").write_text(text)
    port, tls_port = free_port(), free_port()
    program = find_program("slapd", "/usr/sbin/slapd")
    command = [program, "-f", str(folder / "slapd.conf"), "-h", f"ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}", "-d", "0"]
    with running(command, port, folder / "slapd.log"):
        found = Slapd(f"ldap://127.0.0.1:{port}", f"ldaps://127.0.0.1:{tls_port}", folder / "ca.pem")
        _fill(administrator(found))
        yield found


def administrator(found: Slapd) -> Any:
    """A connection that may change everything; a refused operation raises."""
    server = ldap3.Server(found.url, get_info=ldap3.NONE, connect_timeout=5)
    return ldap3.Connection(server, ADMIN_DN, ADMIN_PASSWORD, auto_bind=True, raise_exceptions=True, receive_timeout=10)


def _fill(admin: Any) -> None:
    admin.add(BASE_DN, ["dcObject", "organization"], {"dc": "hagiang", "o": "Tỉnh Hà Giang"})
    for dn in (SYNC_DN, LIMITED_DN):
        admin.add(dn, ["organizationalRole", "simpleSecurityObject"], {"userPassword": SYNC_PASSWORD})
    policy = {"pwdAttribute": "userPassword", "pwdLockout": "TRUE", "pwdMaxFailure": "5", "pwdLockoutDuration": "900"}
    admin.add(f"cn=quy-dinh,{BASE_DN}", ["device", "pwdPolicy"], policy)
