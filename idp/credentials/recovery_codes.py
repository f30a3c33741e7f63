"""Recovery codes: a printed sheet of ten, for the day without a phone; each good once (NIST SP 800-63B-4 §3.1.2)."""

import uuid

from sqlalchemy import Connection, bindparam, func, insert, select, update

from idp import clock
from idp.credentials.models import RecoveryCode
from idp.credentials.printed_codes import NewCode, is_code_of, new_code
from idp.credentials.totp import WrongCode
from idp.database import new_id, table_of
from idp.sealing import current_keys

CODES = 10
FEW = 3
_t = table_of(RecoveryCode)
_is_pending = (_t.c.confirmed_at.is_(None)) & (_t.c.replaced_at.is_(None))
_is_usable = (_t.c.confirmed_at.is_not(None)) & (_t.c.replaced_at.is_(None)) & (_t.c.used_at.is_(None))
_of_person = _t.c.person_id == bindparam("of_person")
_shown = select(_t.c.id, _t.c.sealed_code).where(_of_person, _is_pending, _t.c.session_id == bindparam("of_session")).order_by(_t.c.id)
_usable = select(_t.c.id, _t.c.hash).where(_of_person, _is_usable).order_by(_t.c.id)
_left = select(func.count()).select_from(_t).where(_of_person, _is_usable)
_use = update(_t).where(_t.c.id == bindparam("code_id"), _is_usable).values(used_at=bindparam("now"))
_give_back = update(_t).where(_t.c.id == bindparam("code_id"), _t.c.replaced_at.is_(None)).values(used_at=None)
_drop_pending = update(_t).where(_of_person, _is_pending).values(replaced_at=bindparam("now"), sealed_code=None)
_replace_confirmed = (
    update(_t).where(_of_person, _t.c.confirmed_at.is_not(None), _t.c.replaced_at.is_(None)).values(replaced_at=bindparam("now"))
)
_confirm = (
    update(_t)
    .where(_of_person, _is_pending, _t.c.session_id == bindparam("of_session"))
    .values(confirmed_at=bindparam("now"), sealed_code=None, session_id=None)
)


def new_sheet() -> list[NewCode]:
    """Ten fresh codes with their hashes: a quarter of a second of work, to be done before the transaction that keeps them."""
    return [new_code() for _ in range(CODES)]


def issue(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID, sheet: list[NewCode]) -> None:
    """Keep a sheet to be shown in this session. Until it is confirmed the sheet before it stays good."""
    now = clock.now()
    connection.execute(_drop_pending, {"of_person": person_id, "now": now})
    rows = []
    for new in sheet:
        code_id = new_id()
        sealed = current_keys().seal(new.code.encode(), _context(code_id))
        rows.append(
            {"id": code_id, "person_id": person_id, "session_id": session_id, "hash": new.hash, "sealed_code": sealed, "created_at": now}
        )
    connection.execute(insert(_t), rows)


def shown_in(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> list[str]:
    """The codes of a sheet not confirmed yet, in the session that it was issued in; anywhere else, and later, none."""
    rows = connection.execute(_shown, {"of_person": person_id, "of_session": session_id}).all()
    return [current_keys().open(row.sealed_code, _context(row.id)).decode() for row in rows]


def confirm(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> bool:
    """The sheet is put away: from now on its codes are good and never shown again, those before it are not. Return whether
    this call did it."""
    now = clock.now()
    if not connection.execute(_shown, {"of_person": person_id, "of_session": session_id}).first():
        return False
    connection.execute(_replace_confirmed, {"of_person": person_id, "now": now})
    return connection.execute(_confirm, {"of_person": person_id, "of_session": session_id, "now": now}).rowcount > 0


def left(connection: Connection, person_id: uuid.UUID) -> int:
    """How many codes can still be used."""
    return int(connection.execute(_left, {"of_person": person_id}).scalar_one())


def match(connection: Connection, person_id: uuid.UUID, typed: str) -> uuid.UUID:
    """Which code this is. Raises WrongCode. Slow on purpose (25 ms a hash): not to be done inside a transaction."""
    for row in connection.execute(_usable, {"of_person": person_id}).all():
        if is_code_of(row.hash, typed):
            return uuid.UUID(str(row.id))
    raise WrongCode


def use(connection: Connection, code_id: uuid.UUID) -> None:
    """Use up a matched code; one conditional update decides between parallel attempts. Raises WrongCode when it was used."""
    if connection.execute(_use, {"code_id": code_id, "now": clock.now()}).rowcount != 1:
        raise WrongCode


def give_back(connection: Connection, code_id: uuid.UUID) -> None:
    """What the code was used for came to nothing: it can be used again."""
    connection.execute(_give_back, {"code_id": code_id})


def replace_all(connection: Connection, person_id: uuid.UUID) -> None:
    """Make every code of the person useless, shown or not."""
    values = {"of_person": person_id, "now": clock.now()}
    connection.execute(_drop_pending, values)
    connection.execute(_replace_confirmed, values)


def _context(code_id: uuid.UUID) -> str:
    return f"recovery_code.sealed_code {code_id}"
