"""What a browser asks of an authenticator, and how its answer is read (WebAuthn §5, §6): options, challenges, addresses.

A challenge is a sealed value that says what it is for, in which browser or session, and since when: nothing is stored until it is
answered, and then it is spent.
"""

import hashlib
import ipaddress
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from idp import clock
from idp.sealing import SealBroken, current_keys
from idp.settings import current_settings

SIGN_IN, SECOND_FACTOR, ENROLLING = "sign in", "second factor", "enrolling"
LIFETIME = timedelta(minutes=5)
LARGEST_ANSWER = 16 * 1024  # characters
ALGORITHMS = (-8, -7, -257)  # EdDSA, ES256, RS256 (IANA COSE)
PLACE = "Định danh cán bộ"


class WrongKey(Exception):
    """The answer of an authenticator is not accepted. `reason` is for the audit trail only; `person_id`: whose key it was."""

    def __init__(self, reason: str, person_id: uuid.UUID | None = None) -> None:
        super().__init__(reason)
        self.reason, self.person_id = reason, person_id


def are_possible() -> bool:
    """Whether browsers can have keys for this address: they belong to a name, never to a number (WebAuthn §5.1.3)."""
    try:
        ipaddress.ip_address(relying_party_id())
    except ValueError:
        return True
    return False


def relying_party_id() -> str:
    """The name that keys belong to: the host of this provider."""
    return str(urlsplit(current_settings().issuer).hostname)


def origin() -> str:
    """The origin that a browser vouches for."""
    parts = urlsplit(current_settings().issuer)
    return f"{parts.scheme}://{parts.netloc}"


def _new_challenge(purpose: str, bound_to: str) -> str:
    since = int(clock.now().timestamp()).to_bytes(8, "big")
    return bytes_to_base64url(current_keys().seal(since + _digest(bound_to), f"passkey challenge: {purpose}"))


def _digest(bound_to: str) -> bytes:
    return hashlib.sha256(bound_to.encode("utf-8", "surrogatepass")).digest()


def _check_challenge(challenge: bytes, purpose: str, bound_to: str) -> None:
    try:
        written = current_keys().open(challenge, f"passkey challenge: {purpose}")
    except SealBroken:
        raise WrongKey("challenge_not_ours") from None
    if written[8:] != _digest(bound_to):
        raise WrongKey("challenge_of_another_browser")
    if clock.now() - datetime.fromtimestamp(int.from_bytes(written[:8], "big"), UTC) >= LIFETIME:
        raise WrongKey("challenge_expired")


def request_options(purpose: str, bound_to: str, keys: Sequence[Any] = (), *, verified: bool) -> str:
    """What the browser is asked for, as JSON: a signature by one of these keys, or by any passkey of this address.

    `bound_to`: what the browser or the session is known by. `verified`: the key must make sure of its person.
    """
    told = {
        "challenge": _new_challenge(purpose, bound_to),
        "rpId": relying_party_id(),
        "timeout": int(LIFETIME.total_seconds() * 1000),
        "userVerification": "required" if verified else "preferred",
        "allowCredentials": [_descriptor(key) for key in keys],
    }
    return json.dumps(told, separators=(",", ":"))


def creation_options(
    bound_to: str, person_id: uuid.UUID, username: str, name: str, keys: Sequence[Any], *, alone: bool, roaming: bool
) -> str:
    """What the browser is asked to make, as JSON: a passkey (`alone`), or a security key for after the password.

    `keys`: those the person has, none of which is made again. `roaming`: not in this computer, which others use too.
    """
    selection = {
        "residentKey": "required" if alone else "discouraged",
        "requireResidentKey": alone,
        "userVerification": "required" if alone else "discouraged",
    }
    if roaming or not alone:
        selection["authenticatorAttachment"] = "cross-platform"
    told = {
        "challenge": _new_challenge(ENROLLING, bound_to),
        "rp": {"id": relying_party_id(), "name": PLACE},
        "user": {"id": bytes_to_base64url(person_id.bytes), "name": username, "displayName": name},
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": int(LIFETIME.total_seconds() * 1000),
        "attestation": "none",
        "authenticatorSelection": selection,
        "excludeCredentials": [_descriptor(key) for key in keys],
        "extensions": {"credProps": True},
    }
    return json.dumps(told, separators=(",", ":"))


def _descriptor(key: Any) -> dict[str, Any]:
    return {"type": "public-key", "id": bytes_to_base64url(key.credential_id), "transports": key.transports.split()}


def read_answer(answer: str) -> dict[str, Any]:
    """The JSON of an authenticator's answer. Raises WrongKey."""
    try:
        parsed = json.loads(answer) if len(answer) <= LARGEST_ANSWER else None
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict) or not isinstance(parsed.get("response"), dict):
        raise WrongKey("unreadable")
    return parsed


def challenge_of(parsed: dict[str, Any], purpose: str, bound_to: str) -> bytes:
    """The challenge that was answered: one of ours, for this purpose, of this browser or session. Raises WrongKey."""
    told = _parsed_client_data(parsed["response"].get("clientDataJSON"))
    # A page of another site that frames ours could have its visitor sign (WebAuthn §13.4.9); none of ours is ever framed.
    if told.get("crossOrigin") or told.get("topOrigin"):
        raise WrongKey("cross_origin")
    challenge = decoded(told.get("challenge"))
    _check_challenge(challenge, purpose, bound_to)
    return challenge


def _parsed_client_data(encoded: object) -> dict[str, Any]:
    try:
        told = json.loads(decoded(encoded))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise WrongKey("unreadable")
    return told


def decoded(encoded: object) -> bytes:
    """The bytes of base64url; none when it is something else."""
    try:
        return base64url_to_bytes(encoded) if isinstance(encoded, str) else b""
    except ValueError:
        return b""
