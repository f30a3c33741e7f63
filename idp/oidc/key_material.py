"""Key pairs as this provider makes and reads them: which algorithms sign or open what is encrypted to us, and with what kind of key."""

import json
import warnings
from typing import Any, cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, KeyParameters, OKPKey, RSAKey

# A key signs with one algorithm (RFC 8725 §3.1), so RS256 and PS256 have one each.
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
# What a client may ask for. RFC 9864 calls EdDSA on this curve Ed25519; older libraries know the old name only.
SIGNING_NAMES = (*ALGORITHMS, "Ed25519")
# What clients encrypt to us by; the key of ECDH-ES is good for all that agree on a key (RFC 7518 §4.6).
ENCRYPTING = ("RSA-OAEP-256", "ECDH-ES")
KINDS = (*ALGORITHMS, *ENCRYPTING)
RSA_BITS = 2048
Key = RSAKey | ECKey | OKPKey
# The name stays what clients expect; which curve is meant is said by the key.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)


def family(alg: str) -> str:
    """The algorithm whose keys sign for this name of it."""
    return "EdDSA" if alg == "Ed25519" else alg


def generate(alg: str) -> bytes:
    """A new private key in PEM. An RSA key takes 50 to 300 ms. Raises ValueError for an algorithm of which we have no keys."""
    private: Any
    if alg in ("RS256", "PS256", "RSA-OAEP-256"):
        private = rsa.generate_private_key(65537, RSA_BITS)
    elif alg in ("ES256", "ECDH-ES"):
        private = ec.generate_private_key(ec.SECP256R1())
    elif alg == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
    else:
        raise ValueError(f"no keys of {alg}")
    pem: bytes = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem


def import_key(alg: str, pem: bytes, kid: str) -> Key:
    """The key of this PEM, ready to sign, or to open what is encrypted to it."""
    if alg in ENCRYPTING:
        told: KeyParameters = {"kid": kid, "use": "enc"}
        return ECKey.import_key(pem, told) if alg == "ECDH-ES" else _rsa_key(pem, {**told, "alg": alg})
    if alg == "EdDSA":
        return OKPKey.import_key(pem, {"kid": kid, "use": "sig"})  # good for both names of the algorithm
    parameters: KeyParameters = {"kid": kid, "alg": alg, "use": "sig"}
    return ECKey.import_key(pem, parameters) if alg == "ES256" else _rsa_key(pem, parameters)


def _rsa_key(pem: bytes, parameters: KeyParameters) -> RSAKey:
    # Not tried for being prime: it was made here and stood sealed, so that nobody has changed it, and trying takes 30 ms a key.
    private = serialization.load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
    return RSAKey(cast("rsa.RSAPrivateKey", private), pem, parameters)


def public_jwk(key: Key) -> dict[str, Any]:
    """The public half as clients get it (RFC 7517)."""
    told: dict[str, Any] = json.loads(json.dumps(key.as_dict(private=False)))
    return told
