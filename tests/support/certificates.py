"""Certificates for tests: an authority, and certificates of clients, issued or self-signed."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from idp import clock

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Certified:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def header(self) -> str:
        """As nginx hands it on (`$ssl_client_escaped_cert`)."""
        return quote(self.pem.decode(), safe="")


def certify(
    subject: str,
    *,
    issuer: Certified | None = None,
    ca: bool = False,
    names: list[x509.GeneralName] | None = None,
    valid: timedelta = timedelta(days=30),
    usage: x509.ObjectIdentifier | None = None,
) -> Certified:
    """A certificate; without an issuer it signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    name = x509.Name.from_rfc4514_string(subject)
    begins, ends = sorted((now - timedelta(days=60), now + valid))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Certified(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


NAMES: list[x509.GeneralName] = [
    x509.DNSName("client.rp.test"),
    x509.UniformResourceIdentifier("urn:rp:client"),
    x509.RFC822Name("client@rp.test"),
    x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
]
