"""How a client proves itself, what it signs and what is encrypted to it: methods, algorithms and keys that fit each other."""

import ipaddress
import re
from dataclasses import replace

from flask_babel import gettext as _

from clients.distinguished_names import read_name
from clients.metadata import (
    AUTH_METHODS,
    CLIENT_SECRET_JWT,
    PRIVATE_KEY_JWT,
    SELF_SIGNED_TLS_CLIENT_AUTH,
    SIGNING_ALGORITHMS,
    TLS_CLIENT_AUTH,
    ClientMetadata,
)
from clients.refusals import InvalidMetadata
from idp.public_keys import KeyRefused, import_key_set, told_of

SECRET_ALGORITHMS = ("HS256", "HS384", "HS512")
ENCRYPTION_ALGORITHMS = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ENCRYPTIONS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")
DEFAULT_ENC = "A128CBC-HS256"  # OpenID Connect Registration §2
ENCRYPTED = ("id_token", "userinfo", "authorization", "introspection")
REQUEST_OBJECT = "request_object_encryption"
TLS_NAMES = ("subject_dn", "san_dns", "san_uri", "san_ip", "san_email")
LONGEST_TLS_NAME = 255
_SAN = {
    "san_dns": re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"),
    "san_uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[\x21-\x7e]+"),
    "san_email": re.compile(r"[\x21-\x3f\x41-\x7e]+@[A-Za-z0-9.-]+"),
}


def with_keys(wanted: ClientMetadata) -> ClientMetadata:
    """The metadata, methods and algorithms looked at, and of its keys only what was understood. Raises InvalidMetadata."""
    if wanted.token_endpoint_auth_method not in AUTH_METHODS:
        raise _one_of("token_endpoint_auth_method", AUTH_METHODS)
    _check_assertion(wanted)
    _check_tls(wanted)
    _check_signatures(wanted)
    told = _with_encryption(wanted)
    return replace(told, jwks=_checked_jwks(told))


def needs_keys(metadata: ClientMetadata) -> bool:
    """Whether something in the registration makes no sense without public keys of the client."""
    by_key = metadata.token_endpoint_auth_method in (PRIVATE_KEY_JWT, SELF_SIGNED_TLS_CLIENT_AUTH)
    signed = metadata.require_signed_request_object or metadata.request_object_signing_alg not in (None, "none")
    return by_key or signed or any(getattr(metadata, f"{what}_encrypted_response_alg") for what in ENCRYPTED)


def _check_assertion(wanted: ClientMetadata) -> None:
    alg = wanted.token_endpoint_auth_signing_alg
    if alg is None:
        return
    allowed = {CLIENT_SECRET_JWT: SECRET_ALGORITHMS, PRIVATE_KEY_JWT: SIGNING_ALGORITHMS}.get(wanted.token_endpoint_auth_method)
    if allowed is None:
        raise InvalidMetadata(_("token_endpoint_auth_signing_alg chỉ đi cùng client_secret_jwt hoặc private_key_jwt."))
    if alg not in allowed:
        raise _one_of("token_endpoint_auth_signing_alg", allowed)


def _check_tls(wanted: ClientMetadata) -> None:
    """RFC 8705 §2.1.2: exactly one name of the certificate's holder, and only for tls_client_auth."""
    given = {name: value for name in TLS_NAMES if (value := getattr(wanted, f"tls_client_auth_{name}")) is not None}
    if wanted.token_endpoint_auth_method != TLS_CLIENT_AUTH:
        if given:
            raise InvalidMetadata(_("Tên trong chứng thư chỉ đi cùng tls_client_auth."))
        return
    if len(given) != 1:
        raise InvalidMetadata(_("tls_client_auth cần đúng một tên trong chứng thư: %(names)s.", names=", ".join(TLS_NAMES)))
    name, value = next(iter(given.items()))
    try:
        _check_tls_name(name, value)
    except ValueError:
        raise InvalidMetadata(_("tls_client_auth_%(name)s không đọc được.", name=name)) from None


def _check_tls_name(name: str, value: str) -> None:
    """Raises ValueError."""
    if name == "subject_dn":
        read_name(value)
    elif name == "san_ip":
        ipaddress.ip_address(value)
    elif len(value) > LONGEST_TLS_NAME or not _SAN[name].fullmatch(value):
        raise ValueError(name)


def _check_signatures(wanted: ClientMetadata) -> None:
    for what in ("id_token", "userinfo", "authorization", "introspection"):
        name = f"{what}_signed_response_alg"
        alg = getattr(wanted, name)
        if alg not in (SIGNING_ALGORITHMS if what == "id_token" else (None, *SIGNING_ALGORITHMS)):
            raise _one_of(name, SIGNING_ALGORITHMS)
    signed_only = wanted.require_signed_request_object
    allowed = (None, *SIGNING_ALGORITHMS) if signed_only else (None, "none", *SIGNING_ALGORITHMS)
    if wanted.request_object_signing_alg not in allowed:
        raise _one_of("request_object_signing_alg", SIGNING_ALGORITHMS)


def _with_encryption(wanted: ClientMetadata) -> ClientMetadata:
    defaults = {}
    for what in (*(f"{answer}_encrypted_response" for answer in ENCRYPTED), REQUEST_OBJECT):
        alg, enc = (getattr(wanted, f"{what}_{part}") for part in ("alg", "enc"))
        if alg is None and enc is not None:
            raise InvalidMetadata(_("%(field)s cần đi cùng _alg.", field=f"{what}_enc"))
        if alg not in (None, *ENCRYPTION_ALGORITHMS):
            raise _one_of(f"{what}_alg", ENCRYPTION_ALGORITHMS)
        if enc not in (None, *ENCRYPTIONS):
            raise _one_of(f"{what}_enc", ENCRYPTIONS)
        if alg is not None and enc is None:
            defaults[f"{what}_enc"] = DEFAULT_ENC
    return replace(wanted, **defaults) if defaults else wanted  # type: ignore[arg-type]


def _checked_jwks(wanted: ClientMetadata) -> dict[str, object] | None:
    if wanted.jwks is not None and wanted.jwks_uri is not None:
        raise InvalidMetadata(_("Chỉ dùng một trong hai: jwks hoặc jwks_uri."))
    if wanted.jwks is None:
        if wanted.jwks_uri is None and needs_keys(wanted):
            raise InvalidMetadata(_("Cần khóa công khai của ứng dụng: jwks hoặc jwks_uri."))
        return None
    try:
        keys = import_key_set(wanted.jwks, strict=True)
    except KeyRefused as refused:
        raise InvalidMetadata(_("Khóa công khai (jwks) không dùng được: %(why)s.", why=str(refused))) from None
    if not keys and needs_keys(wanted):
        raise InvalidMetadata(_("Trong jwks không có khóa nào dùng được."))
    return {"keys": [told_of(key) for key in keys]}


def _one_of(field: str, names: tuple[str, ...]) -> InvalidMetadata:
    return InvalidMetadata(_("%(field)s là một trong: %(names)s.", field=field, names=", ".join(names)))
