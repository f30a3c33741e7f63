"""An account that rests after wrong tries: until when, and opened again by whoever has spoken with its person."""

import uuid
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from idp import audit
from idp.credentials import failures
from idp.credentials.failures import Kind
from idp.database import table_of
from idp.people.models import Person

_p = table_of(Person)
_names = select(_p.c.mail_key, _p.c.alias_key).where(_p.c.id == bindparam("of_person"))


def rests_until(connection: Connection, person_id: uuid.UUID) -> datetime | None:
    """Until when some way in rests for this person; `failures.UNTIL_HELP_DESK`: until somebody unlocks it. None: nothing rests."""
    rests = (failures.rests_until(connection, kind, account) for kind, account in _accounts(connection, person_id))
    return max((until for until in rests if until is not None), default=None)


def unlock(connection: Connection, person_id: uuid.UUID, *, reason: str, actor: str) -> None:
    """Let the person try again at once, with the password and with a second factor."""
    for kind, account in _accounts(connection, person_id):
        failures.forgive(connection, kind, account)
    audit.record(connection, audit.Event.ACCOUNT_UNLOCKED, actor=actor, person_id=person_id, reason=reason)


def _accounts(connection: Connection, person_id: uuid.UUID) -> list[tuple[Kind, bytes]]:
    strangers, own = (failures.account_of_person(person_id, own_browser=own) for own in (False, True))
    by_code = [(failures.SECOND_FACTOR, strangers), (failures.SECOND_FACTOR, own)]
    return [(failures.password_kind(), account) for account in (strangers, *_beside(connection, person_id))] + by_code


def _beside(connection: Connection, person_id: uuid.UUID) -> list[bytes]:
    # A mail address counts under a second account (`password_trial`), which rests with it.
    row = connection.execute(_names, {"of_person": person_id}).one()
    addresses = [name for name in row if name and "@" in name]
    return [failures.account_of_name(name) for address in addresses for name in (address, address.partition("@")[0])]
