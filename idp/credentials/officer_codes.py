"""Codes from an officer who has checked whom they hand them to: one for a sign-in without the usual factor, one for the first
enrolment; the newest of its kind counts, once."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from idp import clock
from idp.credentials.models import OfficerCode
from idp.credentials.printed_codes import NewCode, is_code_of
from idp.credentials.totp import WrongCode
from idp.database import new_id, table_of

TEMPORARY, ACTIVATION = "temporary", "activation"
LIFETIMES = {TEMPORARY: timedelta(minutes=15), ACTIVATION: timedelta(days=14)}

_t = table_of(OfficerCode)
_is_open = (_t.c.used_at.is_(None)) & (_t.c.replaced_at.is_(None)) & (_t.c.expires_at > bindparam("now"))
_of_person = _t.c.person_id == bindparam("of_person")
_open = select(_t).where(_of_person, _is_open).order_by(_t.c.id)
_open_of_kind = _open.where(_t.c.kind == bindparam("of_kind"))
_use = update(_t).where(_t.c.id == bindparam("code_id"), _is_open).values(used_at=bindparam("now"), session_id=bindparam("in_session"))
_give_back = (
    update(_t)
    .where(_t.c.id == bindparam("code_id"), _t.c.used_at.is_not(None), _t.c.replaced_at.is_(None))
    .values(used_at=None, session_id=None)
)
_replace = update(_t).where(_of_person, _t.c.used_at.is_(None), _t.c.replaced_at.is_(None)).values(replaced_at=bindparam("now"))
_activated_in = (
    select(_t.c.id)
    .where(_of_person, _t.c.kind == ACTIVATION, _t.c.session_id == bindparam("in_session"), _t.c.used_at.is_not(None))
    .limit(1)
)


def issue(connection: Connection, person_id: uuid.UUID, kind: str, new: NewCode, *, issued_by: str) -> None:
    """Keep a new code of this kind; those of the kind before it are useless from now on."""
    now = clock.now()
    connection.execute(_replace.where(_t.c.kind == kind), {"of_person": person_id, "now": now})
    row = {
        "id": new_id(),
        "person_id": person_id,
        "kind": kind,
        "hash": new.hash,
        "issued_by": issued_by,
        "issued_at": now,
        "expires_at": now + LIFETIMES[kind],
    }
    connection.execute(insert(_t), row)


def find_open(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """The person's codes that can still be used; nobody can read them from here."""
    return connection.execute(_open, {"of_person": person_id, "now": clock.now()}).all()


def match(connection: Connection, person_id: uuid.UUID, kind: str, typed: str) -> uuid.UUID:
    """Which code this is. Raises WrongCode. Slow on purpose: not to be done inside a transaction."""
    for row in connection.execute(_open_of_kind, {"of_person": person_id, "of_kind": kind, "now": clock.now()}).all():
        if is_code_of(row.hash, typed):
            return uuid.UUID(str(row.id))
    raise WrongCode


def use(connection: Connection, code_id: uuid.UUID, session_id: uuid.UUID | None) -> None:
    """Use a matched code up; of any number at once one gets through. Raises WrongCode when it was used, replaced or is too old."""
    if connection.execute(_use, {"code_id": code_id, "in_session": session_id, "now": clock.now()}).rowcount != 1:
        raise WrongCode


def give_back(connection: Connection, code_id: uuid.UUID) -> None:
    """What the code was used for came to nothing: it can be used again as long as it lasts."""
    connection.execute(_give_back, {"code_id": code_id})


def is_activated(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """Whether the person has used an activation code in this session."""
    return connection.execute(_activated_in, {"of_person": person_id, "in_session": session_id}).first() is not None


def replace_all(connection: Connection, person_id: uuid.UUID) -> None:
    """Make every unused code of the person useless."""
    connection.execute(_replace, {"of_person": person_id, "now": clock.now()})
