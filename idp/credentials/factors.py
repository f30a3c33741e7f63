"""What a person has beside the password: which kinds of second factor, and that the last one stays."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, exists, select

from idp.credentials import hardware_tokens, passkeys, totp
from idp.credentials.models import HardwareToken, Passkey, RecoveryCode, TotpCredential
from idp.credentials.totp import WrongCode
from idp.database import table_of

PHONE, TOKEN, PASSKEY, SECURITY_KEY = "phone", "token", "passkey", "security_key"

LONGEST_NAME = 60


class LastFactor(Exception):
    """The person's last second factor is not removed: a new one has to be there first."""


@dataclass(frozen=True)
class Held:
    """Which kinds of factor a person has; `passkey`: a key that signs in alone; `codes_pending`: a sheet of recovery codes was
    issued that nobody has confirmed yet."""

    phone: bool = False
    token: bool = False
    key: bool = False
    passkey: bool = False
    codes_pending: bool = False

    @property
    def second_factor(self) -> bool:
        """Whether there is anything to ask for after the password."""
        return self.with_code or self.key

    @property
    def with_code(self) -> bool:
        """Whether something of theirs shows codes."""
        return self.phone or self.token


@dataclass(frozen=True)
class Factor:
    """One second factor, as its person knows it."""

    id: uuid.UUID
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


_t, _h, _k, _r = table_of(TotpCredential), table_of(HardwareToken), table_of(Passkey), table_of(RecoveryCode)
_of_person: BindParameter[uuid.UUID] = bindparam("of_person")
_is_key = (_k.c.person_id == _of_person) & _k.c.removed_at.is_(None)
_held = select(
    exists().where(_t.c.person_id == _of_person, _t.c.confirmed_at.is_not(None), _t.c.removed_at.is_(None)),
    exists().where(_h.c.person_id == _of_person, _h.c.revoked_at.is_(None)),
    exists().where(_is_key),
    exists().where(_is_key, _k.c.signs_in_alone),
    exists().where(_r.c.person_id == _of_person, _r.c.confirmed_at.is_(None), _r.c.replaced_at.is_(None)),
)


def held_by(connection: Connection, person_id: uuid.UUID) -> Held:
    """What the person has, in one statement."""
    return Held(*map(bool, connection.execute(_held, {"of_person": person_id}).one()))


def list_of(connection: Connection, person_id: uuid.UUID) -> Sequence[Factor]:
    """Every second factor of the person, phones first."""
    phones = [Factor(row.id, PHONE, row.name, row.created_at, row.last_used_at) for row in totp.find_active(connection, person_id)]
    tokens = [
        Factor(row.id, TOKEN, row.serial, row.assigned_at, row.last_used_at) for row in hardware_tokens.find_of(connection, person_id)
    ]
    keys = [
        Factor(row.id, PASSKEY if row.signs_in_alone else SECURITY_KEY, row.name, row.created_at, row.last_used_at)
        for row in passkeys.find_active(connection, person_id)
    ]
    return [*phones, *tokens, *keys]


def remove(connection: Connection, person_id: uuid.UUID, factor_id: uuid.UUID) -> Factor | None:
    """Remove a factor; return it, None when it is gone already. Raises LastFactor for the only one. With the person locked."""
    present = list_of(connection, person_id)
    found = next((factor for factor in present if factor.id == factor_id), None)
    if found is None:
        return None
    if len(present) == 1:
        raise LastFactor
    do = {PHONE: totp.remove, TOKEN: hardware_tokens.release}.get(found.kind, passkeys.remove)
    return found if do(connection, person_id, factor_id) else None


def rename(connection: Connection, person_id: uuid.UUID, factor: Factor, name: str) -> bool:
    """Give a phone or a key another name; return whether it was there. A token is known by its serial number."""
    if factor.kind == TOKEN:
        return False
    do = totp.rename if factor.kind == PHONE else passkeys.rename
    return do(connection, person_id, factor.id, name)


def readable_name(typed: str) -> str:
    """A name as it is kept: what can be seen of it, at most 60 characters; empty when nothing can."""
    shown = "".join(character if character.isprintable() else " " for character in typed[: 2 * LONGEST_NAME])
    return " ".join(shown.split())[:LONGEST_NAME]


def verify_code(connection: Connection, person_id: uuid.UUID, typed: str) -> None:
    """Accept a code of any of the person's phones or tokens, once. Raises WrongCode."""
    try:
        totp.verify(connection, person_id, typed)
    except WrongCode as wrong:
        try:
            hardware_tokens.verify(connection, person_id, typed)
        except WrongCode:
            raise wrong from None
