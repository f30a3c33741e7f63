"""Signed JWTs that others made (client assertions, request objects, proofs): read strictly before anything in them is believed."""

import base64
import binascii
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key

LARGEST = 8 * 1024
DEEPEST, MOST_MEMBERS = 8, 200
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
SYMMETRIC = ("HS256", "HS384", "HS512")
KEY_TYPES = {
    "RS256": ("RSA", None), "PS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519"), "Ed25519": ("OKP", "Ed25519"),
}  # fmt: skip
_SAME = {"EdDSA": {"EdDSA", "Ed25519"}, "Ed25519": {"EdDSA", "Ed25519"}}


class UnreadableJwt(ValueError):
    """Not a signed JWT that can be read one way only. The text is ASCII, for a developer, and holds nothing of the JWT."""


class SignatureWrong(ValueError):
    """No key and algorithm that may vouch for it did."""


@dataclass(frozen=True)
class SignedJwt:
    """A JWT as it was sent. Nothing in it is true before `verify` has returned."""

    header: dict[str, Any]
    claims: dict[str, Any]
    text: str = field(repr=False)

    @property
    def alg(self) -> str:
        """The algorithm it says it is signed with."""
        return str(self.header["alg"])


def read(text: str, largest: int = LARGEST) -> SignedJwt:
    """The parts of a compact JWS (RFC 7515 §7.1) whose payload is a JSON object; `largest` in characters. Raises UnreadableJwt.

    Its size is looked at before anything is decoded, a name given twice, NaN, deep nesting and `crit` (RFC 7515 §4.1.11: we
    understand no extension) are refused, so that no two readers can understand it differently.
    """
    if len(text) > largest:
        raise UnreadableJwt("the JWT is too large")
    if not _COMPACT.fullmatch(text):
        raise UnreadableJwt("not a signed JWT in compact form")
    header, claims, _signature = text.split(".")
    read_header = strict_json(_decoded(header))
    if "crit" in read_header or "b64" in read_header or not isinstance(read_header.get("alg"), str):
        raise UnreadableJwt("the header has no alg, or an extension that is not understood")
    return SignedJwt(read_header, strict_json(_decoded(claims)), text)


def header_of(text: str) -> dict[str, Any]:
    """The header of a JOSE object in compact form (RFC 7515 §4, RFC 7516 §4); nothing vouches for it. Raises UnreadableJwt."""
    return strict_json(_decoded(text.partition(".")[0]))


def strict_json(raw: bytes) -> dict[str, Any]:
    """A JSON object (RFC 8259) in which each name stands once, numbers are finite and nothing is nested deeply. Raises UnreadableJwt."""
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_each_once, parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise UnreadableJwt("not a JSON object in UTF-8 with each name once and finite numbers") from None
    if not isinstance(value, dict) or not _is_flat(value, DEEPEST):
        raise UnreadableJwt("not a JSON object of moderate depth")
    return value


def verify(jwt: SignedJwt, keys: Iterable[Key], algorithms: Iterable[str]) -> dict[str, Any]:
    """The claims, now believed: one of these keys, of the kind that the algorithm wants, made the signature. Raises SignatureWrong.

    Keys come from what is registered, never out of the JWT's own header (`jwk`, `jku`, `x5u`, `x5c` are not looked at).
    """
    if jwt.alg not in algorithms:
        raise SignatureWrong(f"the algorithm must be one of {' '.join(algorithms)}")
    fitting = [key for key in keys if _fits(key, jwt)]
    if not any(_made_by(key, jwt) for key in fitting):
        raise SignatureWrong("the signature is wrong" if fitting else "no registered key fits its alg and kid")
    return jwt.claims


def seconds_of(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2), in seconds; None when it is not there. Raises UnreadableJwt when it is no number."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
        raise UnreadableJwt(f"{name} is not a number of seconds")
    return float(value)


def _fits(key: Key, jwt: SignedJwt) -> bool:
    kid, alg = jwt.header.get("kid"), jwt.alg
    told = {name: key.get(name) for name in ("use", "alg", "key_ops")}
    if (kid is not None and key.kid != kid) or told["use"] not in (None, "sig") or told["alg"] not in (None, alg, *_SAME.get(alg, ())):
        return False
    if told["key_ops"] is not None and "verify" not in told["key_ops"]:
        return False
    if alg in SYMMETRIC:
        return key.key_type == "oct"
    wanted, curve = KEY_TYPES.get(alg, (None, None))
    return key.key_type == wanted and curve in (None, getattr(key, "curve_name", None))


def _made_by(key: Key, jwt: SignedJwt) -> bool:
    try:
        jws.deserialize_compact(jwt.text, key, algorithms=[jwt.alg], registry=_registry(jwt.alg))
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _registry(alg: str) -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = 64 * 1024  # read() has looked at the size
    return registry


def _decoded(part: str) -> bytes:
    if len(part) % 4 == 1:
        raise UnreadableJwt("not base64url")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise UnreadableJwt("not base64url") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs) or len(pairs) > MOST_MEMBERS:
        raise ValueError("a member is given twice, or there are too many")
    return read


def _no_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(written: str) -> float:
    value = float(written)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def _is_flat(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_is_flat(part, depth - 1) for part in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_flat(part, depth - 1) for part in value)
    return True
