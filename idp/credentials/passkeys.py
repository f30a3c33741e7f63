"""Passkeys and security keys (WebAuthn): a key pair made for this address only, so that no other site can ask for its signature."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import AuthenticatorTransport, CredentialDeviceType

from idp import clock
from idp.credentials.models import Passkey
from idp.credentials.passkey_ceremony import ENROLLING, LIFETIME, WrongKey, challenge_of, decoded, origin, read_answer, relying_party_id
from idp.database import new_id, table_of
from idp.spent_identifiers import spend

LONGEST_ID, LARGEST_KEY = 1023, 1024  # bytes; WebAuthn §4, and RSA of 4096 bits with room to spare
_TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)


@dataclass(frozen=True)
class Proof:
    """A signature that was right: whose key made it, and whether the key made sure of its person. Good once (`use`)."""

    passkey_id: uuid.UUID
    person_id: uuid.UUID
    sign_count: int
    user_verified: bool
    synced: bool
    challenge: bytes


@dataclass(frozen=True)
class NewKey:
    """A key pair just made, whose public half is to be kept (`add`)."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    user_verified: bool
    signs_in_alone: bool
    synced: bool
    transports: str
    challenge: bytes


_t = table_of(Passkey)
_is_active = _t.c.removed_at.is_(None)
_active = select(_t).where(_t.c.person_id == bindparam("of_person"), _is_active).order_by(_t.c.id)
_by_credential = select(_t).where(_t.c.credential_id == bindparam("of_credential"))
# A count that does not rise says that a copy of the key signs as well; keys that never count always say 0 (WebAuthn §6.1.1).
_use = (
    update(_t)
    .where(_t.c.id == bindparam("passkey_id"), _is_active)
    .where((_t.c.sign_count < bindparam("count")) | ((_t.c.sign_count == 0) & (bindparam("count") == 0)))
    .values(sign_count=bindparam("count"), last_used_at=bindparam("now"))
)
_add = {
    name: kind.insert(_t).on_conflict_do_nothing().returning(_t.c.id) for name, kind in (("sqlite", sqlite), ("postgresql", postgresql))
}
_change = update(_t).where(_t.c.id == bindparam("passkey_id"), _t.c.person_id == bindparam("of_person"), _is_active)


def find_active(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """The person's keys, oldest first."""
    return connection.execute(_active, {"of_person": person_id}).all()


def match(connection: Connection, answer: str, purpose: str, bound_to: str, *, person_id: uuid.UUID | None = None) -> Proof:
    """Check the answer of an authenticator (WebAuthn §7.2); of this person's keys only, or of anybody's passkeys when no person is
    known yet: then the key must have made sure of its person. Raises WrongKey."""
    parsed = read_answer(answer)
    challenge = challenge_of(parsed, purpose, bound_to)
    row = connection.execute(_by_credential, {"of_credential": decoded(parsed.get("rawId"))}).first()
    if row is None or row.removed_at is not None or (person_id is not None and row.person_id != person_id):
        raise WrongKey("unknown_key")
    if person_id is None and not row.signs_in_alone:
        raise WrongKey("not_a_passkey", row.person_id)
    handle = parsed["response"].get("userHandle")
    if handle and decoded(handle) != row.person_id.bytes:
        raise WrongKey("key_of_somebody_else", row.person_id)
    try:
        verified = verify_authentication_response(
            credential=parsed, expected_challenge=challenge, expected_rp_id=relying_party_id(), expected_origin=origin(),
            credential_public_key=row.public_key, credential_current_sign_count=0, require_user_verification=person_id is None,
        )  # fmt: skip
    except Exception as wrong:  # noqa: BLE001 - whatever an odd answer makes the library or its parsers stumble over
        raise WrongKey(_reason(wrong), row.person_id) from None
    return Proof(row.id, row.person_id, verified.new_sign_count, verified.user_verified, row.synced, challenge)


def use(connection: Connection, proof: Proof) -> None:
    """Use a proof up: of any number at once one gets through. Raises WrongKey when its challenge was answered before, or when the
    key has signed more often than it says, so that there is a copy of it."""
    _spend(connection, proof.challenge, proof.person_id)
    values = {"passkey_id": proof.passkey_id, "count": proof.sign_count, "now": clock.now()}
    if connection.execute(_use, values).rowcount != 1:
        raise WrongKey("sign_count_went_back", proof.person_id)


def match_new(answer: str, bound_to: str, *, alone: bool) -> NewKey:
    """Check a key pair just made (WebAuthn §7.1). Raises WrongKey."""
    parsed = read_answer(answer)
    challenge = challenge_of(parsed, ENROLLING, bound_to)
    try:
        made = verify_registration_response(
            credential=parsed, expected_challenge=challenge, expected_rp_id=relying_party_id(), expected_origin=origin(),
            require_user_verification=alone,
        )  # fmt: skip
    except Exception as wrong:  # noqa: BLE001 - as above
        raise WrongKey(_reason(wrong)) from None
    if not 0 < len(made.credential_id) <= LONGEST_ID or len(made.credential_public_key) > LARGEST_KEY:
        raise WrongKey("too_large")
    _check_quality(made.credential_public_key)
    synced = made.credential_device_type == CredentialDeviceType.MULTI_DEVICE
    transports = _known_transports(parsed["response"].get("transports"))
    return NewKey(
        made.credential_id, made.credential_public_key, made.sign_count, made.user_verified, alone, synced, transports, challenge
    )  # fmt: skip


def _check_quality(public_key: bytes) -> None:
    """A real key: an EC point on its curve, RSA of at least 2048 bits with an exponent that takes no time. Raises WrongKey."""
    try:
        key = decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
    except Exception:  # noqa: BLE001 - whatever is no key makes the parsers stumble in its own way
        raise WrongKey("no_key") from None
    if isinstance(key, RSAPublicKey) and (key.key_size < 2048 or not 65537 <= key.public_numbers().e < 2**32):
        raise WrongKey("weak_key")


def add(connection: Connection, person_id: uuid.UUID, new: NewKey, name: str) -> None:
    """Make a new key a factor of this person. Raises WrongKey when it is or was one already, or its challenge was answered before."""
    _spend(connection, new.challenge, person_id)
    now = clock.now()
    row = {
        "id": new_id(),
        "person_id": person_id,
        "credential_id": new.credential_id,
        "public_key": new.public_key,
        "sign_count": new.sign_count,
        "signs_in_alone": new.signs_in_alone,
        "synced": new.synced,
        "transports": new.transports,
        "name": name,
        "created_at": now,
        "last_used_at": now,
    }
    if connection.execute(_add[connection.dialect.name], row).first() is None:
        raise WrongKey("key_known_already", person_id)


def remove(connection: Connection, person_id: uuid.UUID, passkey_id: uuid.UUID) -> bool:
    """Remove a key; return whether it was there. Whether another factor is left is for `factors.remove` to see to."""
    values = {"passkey_id": passkey_id, "of_person": person_id}
    return connection.execute(_change.values(removed_at=clock.now()), values).rowcount == 1


def rename(connection: Connection, person_id: uuid.UUID, passkey_id: uuid.UUID, name: str) -> bool:
    """Give a key another name; return whether it was there."""
    return connection.execute(_change.values(name=name), {"passkey_id": passkey_id, "of_person": person_id}).rowcount == 1


def remove_all(connection: Connection, person_id: uuid.UUID, *, keep: Collection[bytes] = ()) -> int:
    """Remove every key but those with these credential ids; return how many."""
    gone = update(_t).where(_t.c.person_id == person_id, _is_active, _t.c.credential_id.not_in(keep))
    return connection.execute(gone.values(removed_at=clock.now())).rowcount


def _spend(connection: Connection, challenge: bytes, person_id: uuid.UUID) -> None:
    if not spend(connection, "passkey challenge", challenge.hex(), until=clock.now() + LIFETIME):
        raise WrongKey("challenge_used", person_id)


def _known_transports(told: object) -> str:
    known = {transport for transport in told if isinstance(transport, str)} & _TRANSPORTS if isinstance(told, list) else set()
    return " ".join(sorted(known))[:64]


def _reason(wrong: Exception) -> str:
    # Of the library's texts only the words before the first quotation: what follows is what somebody sent.
    said = str(wrong).partition('"')[0][:60].strip() if isinstance(wrong, WebAuthnException) else ""
    return f"refused: {said}" if said and said.isascii() and said.isprintable() else "unreadable"
