"""Certificates and keys of the test: the server's certificate, an authority for clients' certificates, and the clients' keys."""

import ipaddress
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

from deploy.conformance.site import HOST, Site
from deploy.demo.settings_file import write_private

LIFETIME = timedelta(days=365)
ORGANIZATION = "Hop Nhat conformance"
MAKERS: dict[str, Callable[[KeyParameters], RSAKey | ECKey | OKPKey]] = {
    "PS256": lambda told: RSAKey.generate_key(2048, told),
    "ES256": lambda told: ECKey.generate_key("P-256", told),
    "EdDSA": lambda told: OKPKey.generate_key("Ed25519", told),
}
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi"})  # RFC 7518 §6.2.2, §6.3.2


@dataclass(frozen=True)
class ClientKeys:
    """What one client holds: a private key as JWK, and a certificate with its key (PEM). `subject_dn` as RFC 4514 writes it."""

    jwk: dict[str, Any]
    certificate: str
    certificate_key: str
    subject_dn: str

    @property
    def public_jwks(self) -> dict[str, Any]:
        """What the provider is told of the key."""
        return {"keys": [{name: value for name, value in self.jwk.items() if name not in PRIVATE}]}

    @property
    def private_jwks(self) -> dict[str, Any]:
        """What the suite is told of it."""
        return {"keys": [self.jwk]}


def make_server_certificate(site: Site) -> None:
    """A self-signed certificate for the site, where none is given and none was made before."""
    if site.certificate.exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = _builder(HOST, key).issuer_name(_name(HOST)).add_extension(names, critical=False).sign(key, hashes.SHA256())
    write_private(site.key, _pem_key(key))
    write_private(site.certificate, _pem(made))


def make_authority(folder: Path) -> Path:
    """The authority of client certificates, made the first time; return its certificate's file."""
    file = folder / "authority.pem"
    if not file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder("authority", key).issuer_name(_name("authority"))
        made = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
        write_private(folder / "authority.key", _pem_key(key))
        write_private(file, _pem(made))
    return file


def make_client_keys(folder: Path, name: str, algorithm: str) -> ClientKeys:
    """A key to sign with and a certificate of the authority for a client, made the first time."""
    file = folder / f"keys-{name}.json"
    if file.exists():
        return ClientKeys(**json.loads(file.read_text(encoding="utf-8")))
    authority = x509.load_pem_x509_certificate((folder / "authority.pem").read_bytes())
    authority_key = serialization.load_pem_private_key((folder / "authority.key").read_bytes(), None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(name, key).issuer_name(authority.subject)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    made = builder.add_extension(purpose, critical=False).sign(authority_key, hashes.SHA256())
    told: KeyParameters = {"use": "sig", "alg": algorithm, "kid": name}
    signing = MAKERS[algorithm](told)
    held: dict[str, Any] = {
        "jwk": signing.as_dict(private=True),
        "certificate": _pem(made),
        "certificate_key": _pem_key(key),
        "subject_dn": made.subject.rfc4514_string(),
    }
    write_private(file, json.dumps(held, indent=2) + "\n")
    return ClientKeys(**held)


def _builder(name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _pem_key(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
