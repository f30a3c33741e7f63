"""The TLS certificate that a client has shown (RFC 8705), as the reverse proxy in front hands it on in a header."""

import base64
import binascii
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from flask import current_app, request

from idp.settings import current_settings

LARGEST = 16 * 1024
REMEMBERED = 500


def is_expected() -> bool:
    """Whether a proxy in front hands on certificates; else nobody can show one, whatever a header says."""
    settings = current_settings()
    return settings.client_certificate_header is not None and settings.trusted_proxies > 0


def presented() -> x509.Certificate | None:
    """The certificate of this request's TLS connection, or None. The handshake has proved that the client holds its key; who
    issued it has not been looked at."""
    name = current_settings().client_certificate_header
    if name is None or not is_expected():
        return None
    written = request.headers.get(name)
    return _read(written) if written and len(written) <= LARGEST else None


def thumbprint(certificate: x509.Certificate) -> str:
    """`x5t#S256` (RFC 8705 §3.1): base64url of SHA-256 over its DER."""
    return base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).rstrip(b"=").decode()


def issued_by_trusted(certificate: x509.Certificate) -> bool:
    """Whether one of the authorities of HOPNHAT_CLIENT_CERTIFICATE_CA_FILE issued it. We look ourselves: a proxy that lets
    self-signed certificates through for other clients vouches for nobody."""
    return any(_issued(certificate, authority) for authority in _authorities())


@lru_cache(REMEMBERED)
def _read(written: str) -> x509.Certificate | None:
    try:
        if written.startswith(":") and written.endswith(":"):  # RFC 9440 §2.1: a byte sequence
            found = x509.load_der_x509_certificate(base64.b64decode(written[1:-1], validate=True))
        else:
            found = x509.load_pem_x509_certificate(unquote_to_bytes(written))
        return found if _is_strong(found) else None
    except (ValueError, TypeError, binascii.Error, x509.UnsupportedGeneralNameType, x509.InvalidVersion, UnsupportedAlgorithm):
        return None


def _is_strong(certificate: x509.Certificate) -> bool:
    key = certificate.public_key()
    return not (isinstance(key, rsa.RSAPublicKey) and key.key_size < 2048) and not (
        isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size < 256
    )


def _authorities() -> list[x509.Certificate]:
    known: list[x509.Certificate] | None = current_app.extensions.get("hopnhat.client_authorities")
    if known is None:
        file = current_settings().client_certificate_ca_file
        known = x509.load_pem_x509_certificates(file.read_bytes()) if file else []
        current_app.extensions["hopnhat.client_authorities"] = known
    return known


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        if not authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca or not _is_for_clients(certificate):
            return False
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return True


def _is_for_clients(certificate: x509.Certificate) -> bool:
    try:
        return ExtendedKeyUsageOID.CLIENT_AUTH in certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
