"""What nobody in their right mind sends: strategies for JSON, claims, headers and keys that are almost right."""

import json
from typing import Any

from hypothesis import strategies as st
from joserfc.errors import JoseError
from joserfc.jwk import Key

from tests.support.keyed_party import sign_text

TEXTS = (
    "", "none", "RS256", "ES256", "HS256", "JWT", "dpop+jwt", "at+jwt", "code", "query.jwt", "openid", "https://rp.test/cb", "https://127.0.0.1:1/x",
    "http://[::1", "https://[", "//", "javascript:alert(1)", "urn:x", "a" * 3000, "\0", "é", "𝕏", "\ud800", "\r\nX: y", "%00", "-1", "1e999", "9" * 400,
    "../..", "*", "127.0.0.1", "{}", "[]", "null", "RSA-OAEP-256", "A128GCM", "dir", "zip", "https://rp.test:99999/cb", "https://user@rp.test/",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, -(2**64), 10**400, 1e308, 0.5, 253402300800, -62135596801)
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=20))
scalars = st.one_of(st.none(), st.booleans(), st.sampled_from(NUMBERS), texts)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)), max_leaves=12
)
keys = st.one_of(
    values,
    st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct", "AKP", 1, None])},
        optional={
            "n": st.one_of(values, st.sampled_from(["AQAB", "AA", "_" * 342, "A" * 10000])), "e": st.sampled_from(["AQAB", "Aw", "", "A" * 999, 3]),
            "crv": st.sampled_from(["P-256", "P-384", "P-521", "secp256k1", "Ed25519", "Ed448", "X25519", "", 7]),
            "x": st.one_of(values, st.sampled_from(["A" * 43, "_" * 43, "AA"])), "y": st.one_of(values, st.sampled_from(["A" * 43, "_" * 43])),
            "d": values, "k": values, "kid": values, "use": values, "alg": values, "key_ops": values, "x5c": values, "x5u": values,
        },
    ),
)  # fmt: skip


def with_changes(usual: dict[str, Any], names: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """A JSON object that is in order but for a few members: of another kind, gone, or added."""
    changed = st.dictionaries(st.one_of(st.sampled_from([*usual, *names]), texts), st.one_of(values, st.just(GONE)), max_size=3)
    return changed.map(lambda change: {name: value for name, value in {**usual, **change}.items() if value is not GONE})


GONE: Any = object()


def signed(alg: str, key: Key, claims: Any, header: dict[str, Any]) -> str:
    """A JWS of anything that JSON can say, with a signature that is right; where the header cannot be written, one that is wrong."""
    try:
        return sign_text(alg, key, _json(claims), **header)
    except (JoseError, ValueError, TypeError):
        return sign_text(alg, key, _json(claims))


def _json(value: Any) -> str:
    return json.dumps(value, default=str)
