"""What this installation offers clients, as its settings have it: for discovery (RFC 8414 §2) and for those that register themselves."""

from typing import Any

from clients.key_rules import SECRET_ALGORITHMS
from clients.metadata import AUTH_METHODS, SELF_SIGNED_TLS_CLIENT_AUTH, SIGNING_ALGORITHMS, TLS_CLIENT_AUTH
from idp.settings import Settings, current_settings

BY_CERTIFICATE = (
    "token_endpoint", "userinfo_endpoint", "pushed_authorization_request_endpoint", "introspection_endpoint", "revocation_endpoint",
    "device_authorization_endpoint",
)  # fmt: skip


def sees_certificates(settings: Settings | None = None) -> bool:
    """Whether a proxy in front hands on the certificates of clients; else nobody can show one, whatever a header says."""
    settings = settings or current_settings()
    return settings.client_certificate_header is not None and settings.trusted_proxies > 0


def auth_methods() -> tuple[str, ...]:
    """The ways in which a client can prove itself here."""
    settings = current_settings()
    missing = set()
    if not sees_certificates(settings):
        missing = {TLS_CLIENT_AUTH, SELF_SIGNED_TLS_CLIENT_AUTH}
    elif settings.client_certificate_ca_file is None:
        missing = {TLS_CLIENT_AUTH}
    return tuple(method for method in AUTH_METHODS if method not in missing)


def describe(issuer: str, endpoints: dict[str, Any]) -> dict[str, Any]:
    """The part of the provider's metadata that is about clients. `endpoints`: the metadata so far, whose endpoints are told again
    under the address at which clients are asked for certificates (RFC 8705 §5)."""
    settings = current_settings()
    methods, algorithms = list(auth_methods()), [*SIGNING_ALGORITHMS, *SECRET_ALGORITHMS]
    told: dict[str, Any] = {
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": algorithms,
    }
    for endpoint in ("introspection", "revocation"):
        if f"{endpoint}_endpoint" in endpoints:
            told[f"{endpoint}_endpoint_auth_methods_supported"] = methods
            told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = algorithms
    if settings.registration != "off":
        told["registration_endpoint"] = f"{issuer}/register"
    if sees_certificates(settings):
        told["tls_client_certificate_bound_access_tokens"] = True
        if settings.mtls_url is not None:
            told["mtls_endpoint_aliases"] = {
                name: endpoints[name].replace(issuer, settings.mtls_url, 1) for name in BY_CERTIFICATE if name in endpoints
            }
    return told
