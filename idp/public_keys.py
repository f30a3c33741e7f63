"""Public keys that others hand us as JWK (RFC 7517): imported only when they are strong, public, and what they say they are."""

import base64
import binascii
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

SMALLEST_RSA, LARGEST_RSA, LEAST_EXPONENT = 2048, 8192, 65537
LARGEST_EXPONENT_BITS = 32  # a longer one makes each signature take as long as making it, and that over and over
LONGEST_KID, MOST_KEYS, MOST_CERTIFICATES = 255, 20, 5
CURVES = {"P-256": 32, "P-384": 48, "P-521": 66}
_PARTS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# Points of small order on Curve25519 (last byte without its highest bit): a signature of them says nothing, a secret shared with
# them is known to everybody.
_LOW_ORDER = frozenset(map(bytes.fromhex, (
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)))  # fmt: skip


class KeyRefused(ValueError):
    """A key that must not be relied on. The text is ASCII, for a developer, and holds nothing of the key."""


class KeyNotSupported(ValueError):
    """A key of a kind we have no use for; beside others it is passed over (RFC 7517 §5)."""


def import_public_key(jwk: object) -> Key:
    """A public key for signatures or encryption, without anything private in it. Raises KeyRefused or KeyNotSupported.

    RSA from 2,048 bits on with an exponent of at least 65,537, EC on P-256, P-384 or P-521 with its point on the curve, Ed25519
    and X25519 outside the subgroups of small order.
    """
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kty"), str):
        raise KeyRefused("a key is not a JWK")
    if _PRIVATE & jwk.keys():
        raise KeyRefused("a key holds its private or symmetric part; send the public one only")
    if jwk["kty"] not in _PARTS:
        raise KeyNotSupported(f"the key types are {', '.join(_PARTS)}")
    told = _told(jwk)
    try:
        return _import(told)
    except (JoseError, ValueError, TypeError, KeyError, binascii.Error, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        if isinstance(error, KeyRefused | KeyNotSupported):
            raise
        raise KeyRefused("a key cannot be read") from None


def import_key_set(jwks: object, *, strict: bool) -> list[Key]:
    """The keys of a JWK set (RFC 7517 §5). Raises KeyRefused: `strict`, as at registration, for one bad key; else bad ones are
    passed over, and only what is no set at all is refused."""
    members = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(members, list) or len(members) > MOST_KEYS:
        raise KeyRefused(f"not a JWK set of at most {MOST_KEYS} keys")
    found = []
    for member in members:
        try:
            found.append(import_public_key(member))
        except KeyNotSupported:
            continue
        except KeyRefused:
            if strict:
                raise
    return found


def told_of(key: Key) -> dict[str, Any]:
    """The key as a JWK again: what was understood of it and nothing else."""
    return dict(key.as_dict(private=False))


def same_key(key: Key, certificate: x509.Certificate) -> bool:
    """Whether the certificate is of this key."""
    own = key.public_key
    if isinstance(own, bytes):
        return False
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return bool(own.public_bytes(*form) == certificate.public_key().public_bytes(*form))


def _told(jwk: dict[str, Any]) -> dict[str, Any]:
    """Only members that we know, each of the kind it should be."""
    told = {name: jwk[name] for name in ("kty", *_PARTS[jwk["kty"]], "kid", "use", "alg") if name in jwk}
    if not all(isinstance(value, str) for value in told.values()) or len(told.get("kid", "")) > LONGEST_KID:
        raise KeyRefused("a member of a key is not a string, or too long")
    for name in ("key_ops", "x5c"):
        if name in jwk:
            if not isinstance(jwk[name], list) or not all(isinstance(part, str) for part in jwk[name]) or len(jwk[name]) > 10:
                raise KeyRefused(f"{name} of a key is not a list of strings")
            told[name] = list(jwk[name])
    if told.get("use", "sig") not in ("sig", "enc"):
        raise KeyNotSupported("use is sig or enc")
    return told


def _import(told: dict[str, Any]) -> Key:
    key: Key
    if told["kty"] == "RSA":
        numbers = [int.from_bytes(_bytes(told[part]), "big") for part in ("n", "e")]
        fits = numbers[1] >= LEAST_EXPONENT and numbers[1].bit_length() <= LARGEST_EXPONENT_BITS
        if not SMALLEST_RSA <= numbers[0].bit_length() <= LARGEST_RSA or not fits or not numbers[0] & numbers[1] & 1:
            raise KeyRefused("an RSA key has 2048 to 8192 bits and an odd exponent from 65537 on, of 32 bits at most")
        key = RSAKey.import_key(told)
    elif told["kty"] == "EC":
        if told["crv"] not in CURVES:
            raise KeyNotSupported(f"the curves are {', '.join(CURVES)}")
        if {len(_bytes(told["x"])), len(_bytes(told["y"]))} != {CURVES[told["crv"]]}:
            raise KeyRefused("a coordinate has the wrong length")
        key = ECKey.import_key(told)
    else:
        if told["crv"] not in ("Ed25519", "X25519"):
            raise KeyNotSupported("the curves are Ed25519 and X25519")
        point = bytearray(_bytes(told["x"]))
        if len(point) != 32 or bytes([*point[:31], point[31] & 0x7F]) in _LOW_ORDER:
            raise KeyRefused("a key is of small order or has the wrong length")
        key = OKPKey.import_key(told)
    if "x5c" in told and not same_key(key, _first_certificate(told["x5c"])):
        raise KeyRefused("x5c is not of its key")
    return key


def _first_certificate(x5c: list[str]) -> x509.Certificate:
    return x509.load_der_x509_certificate(base64.b64decode(x5c[0] if x5c else "", validate=True))


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part.encode("ascii") + b"=" * (-len(part) % 4))
