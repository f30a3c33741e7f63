"""What clients encrypt to us: request objects as nested JWTs (RFC 7516; RFC 9101 §6.1, OpenID Connect Core §6.1)."""

import re

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import Key

from idp.compact_jws import UnreadableJwt, header_of
from idp.oidc.encryption import ALGORITHMS, ENCRYPTIONS
from idp.oidc.signing_keys import keys

LARGEST = 24 * 1024  # characters: what is inside grows by a third
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_registry = jwe.JWERegistry(algorithms=[*ALGORITHMS, *ENCRYPTIONS], strict_check_header=False)
MOST_TRIED = 2  # of keys, where no kid says which: the present one and its successor or predecessor


def is_encrypted(text: str) -> bool:
    """Whether a JOSE object has the five parts of an encrypted one (RFC 7516 §9)."""
    return text.count(".") == 4


def decrypt(text: str) -> str:
    """The signed JWT inside. Raises UnreadableJwt, which does not tell why it could not be opened.

    A compressed one is refused (a small one could unpack to anything), as is `crit`: we understand no extension."""
    if len(text) > LARGEST or not _COMPACT.fullmatch(text):
        raise UnreadableJwt("not an encrypted JWT in compact form, or too large")
    header = header_of(text)
    alg, kid, cty = header.get("alg"), header.get("kid"), header.get("cty", "JWT")
    if "crit" in header or "zip" in header or str(cty).upper() != "JWT":
        raise UnreadableJwt("an encrypted JWT without crit and zip is expected, and a signed one in it (cty JWT)")
    if alg not in ALGORITHMS or header.get("enc") not in ENCRYPTIONS:
        raise UnreadableJwt("alg and enc must be among request_object_encryption_alg_values_supported and ..._enc_values_supported")
    for key in _fitting(str(alg), kid):
        inside = _opened(text, key)
        if inside is not None:
            return inside
    raise UnreadableJwt("the request object cannot be decrypted by a key of ours")


def _fitting(alg: str, kid: object) -> list[Key]:
    kind = "ECDH-ES" if alg.startswith("ECDH-ES") else alg
    known = [loaded for loaded in keys() if loaded.alg == kind]
    fitting = [loaded for loaded in known if loaded.kid == kid] if kid is not None else known[:MOST_TRIED]
    return [loaded.key for loaded in fitting]


def _opened(text: str, key: Key) -> str | None:
    try:
        plaintext = jwe.decrypt_compact(text, key, registry=_registry).plaintext
        return plaintext.decode("ascii") if plaintext else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None
