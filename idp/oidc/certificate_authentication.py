"""Clients that prove themselves by the certificate of their TLS connection (RFC 8705 §2)."""

from ipaddress import ip_address

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from clients.distinguished_names import same_name
from clients.metadata import TLS_CLIENT_AUTH
from clients.registry import RegisteredClient
from idp import clock
from idp.oidc import client_certificate
from idp.oidc.client_keys import keys_of
from idp.public_keys import same_key


class CertificateRefused(Exception):
    """The certificate does not prove the client. The text is for operators."""


def require_certificate(client: RegisteredClient) -> None:
    """Check that the request's connection was made with a certificate of this client. Raises CertificateRefused."""
    certificate = client_certificate.presented()
    if certificate is None:
        raise CertificateRefused("no certificate was shown, or the proxy does not hand it on")
    if not certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc:
        raise CertificateRefused("the certificate is not valid now")
    if client.token_endpoint_auth_method == TLS_CLIENT_AUTH:
        _require_issued(client, certificate)
    elif not _is_registered(client, certificate):
        raise CertificateRefused("the certificate is of none of the client's keys")


def _require_issued(client: RegisteredClient, certificate: x509.Certificate) -> None:
    if not client_certificate.issued_by_trusted(certificate):
        raise CertificateRefused("none of the trusted authorities issued the certificate")
    if not _is_named(client, certificate):
        raise CertificateRefused("the certificate names somebody else")


def _is_registered(client: RegisteredClient, certificate: x509.Certificate) -> bool:
    """RFC 8705 §2.2: the handshake proved the key, the client registered it; nothing else in the certificate counts."""
    return any(same_key(key, certificate) for anew in (False, True) for key in keys_of(client, anew=anew))


def _is_named(client: RegisteredClient, certificate: x509.Certificate) -> bool:
    wanted = client.metadata
    if wanted.tls_client_auth_subject_dn is not None:
        return same_name(wanted.tls_client_auth_subject_dn, certificate.subject)
    try:
        names = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    assert isinstance(names, x509.SubjectAlternativeName)
    if wanted.tls_client_auth_san_dns is not None:
        return wanted.tls_client_auth_san_dns.lower() in [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    if wanted.tls_client_auth_san_ip is not None:
        return ip_address(wanted.tls_client_auth_san_ip) in names.get_values_for_type(x509.IPAddress)
    if wanted.tls_client_auth_san_uri is not None:
        return wanted.tls_client_auth_san_uri in names.get_values_for_type(x509.UniformResourceIdentifier)
    return wanted.tls_client_auth_san_email in names.get_values_for_type(x509.RFC822Name)
