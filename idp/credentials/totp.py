"""The code from an application on the phone (TOTP, RFC 6238): enrolled with a QR code, each code good once."""

import hmac
import unicodedata
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyotp
import segno
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from idp import clock
from idp.credentials.models import TotpCredential
from idp.database import new_id, table_of
from idp.opaque_tokens import Secret
from idp.sealing import current_keys

STEP_SECONDS, DIGITS = 30, 6
SECRET_LETTERS = 32  # of base 32: 160 bits (RFC 4226 §4)
ISSUER = "Định danh cán bộ"
WINDOW = range(-1, 2)  # steps before and after the present one that are accepted (RFC 6238 §5.2)
SKEW = range(-20, 21)  # steps, ten minutes each way, in which a code tells that the phone's clock is wrong
PENDING_LIFETIME = timedelta(minutes=30)
QR_BORDER = 4  # the quiet zone, in modules


class WrongCode(Exception):
    """The code is not accepted: wrong, used already, or too old. `clock_is_off`: it would have been right some minutes ago."""

    def __init__(self, clock_is_off: bool = False) -> None:
        super().__init__("wrong code")
        self.clock_is_off = clock_is_off


@dataclass(frozen=True)
class Pending:
    """A secret being enrolled: shown as a QR code and in letters until a code confirms it."""

    credential_id: uuid.UUID
    secret: Secret

    @property
    def in_groups(self) -> str:
        """The secret as it is typed by hand: groups of four letters."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))

    def qr_svg(self, label: str) -> str:
        """The QR code as SVG for the page itself, as large as the style sheet says; black on white in every colour scheme."""
        uri = pyotp.TOTP(self.secret).provisioning_uri(name=label, issuer_name=ISSUER)
        picture = segno.make(uri, error="m", micro=False)
        return str(picture.svg_inline(omitsize=True, border=QR_BORDER, dark="#000", light="#fff", svgclass="qr", lineclass=None))


_t = table_of(TotpCredential)
_is_active = (_t.c.confirmed_at.is_not(None)) & (_t.c.removed_at.is_(None))
_active = select(_t).where(_t.c.person_id == bindparam("of_person"), _is_active).order_by(_t.c.id)
_pending = (
    select(_t)
    .where(_t.c.person_id == bindparam("of_person"), _t.c.session_id == bindparam("of_session"), _t.c.confirmed_at.is_(None))
    .where(_t.c.created_at > bindparam("not_before"))
    .order_by(_t.c.id)
)
_drop_pending = delete(_t).where(_t.c.person_id == bindparam("of_person"), _t.c.confirmed_at.is_(None))
_accept = (
    update(_t)
    .where(_t.c.id == bindparam("credential_id"), _is_active, _t.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), last_used_at=bindparam("now"))
)
_confirm = (
    update(_t)
    .where(_t.c.id == bindparam("credential_id"), _t.c.confirmed_at.is_(None))
    .values(confirmed_at=bindparam("now"), last_used_at=bindparam("now"), last_step=bindparam("step"), session_id=None)
)
_change = update(_t).where(_t.c.id == bindparam("credential_id"), _t.c.person_id == bindparam("of_person"), _is_active)


def plain_code(typed: str, digits: int = DIGITS) -> str | None:
    """The digits that were meant: blanks and full-width digits are usual slips. None when it cannot be a code."""
    code = "".join(unicodedata.normalize("NFKC", typed[:64]).split())
    return code if len(code) == digits and code.isascii() and code.isdigit() else None


def find_active(connection: Connection, person_id: uuid.UUID) -> Sequence[Any]:
    """The person's confirmed secrets, oldest first; the rows hold them sealed."""
    return connection.execute(_active, {"of_person": person_id}).all()


def verify(connection: Connection, person_id: uuid.UUID, typed: str) -> uuid.UUID:
    """Accept a code, once: one conditional update of the last step decides between parallel attempts. Raises WrongCode."""
    code, now_step, is_off = plain_code(typed), _step_now(), False
    for row in find_active(connection, person_id) if code else ():
        secret = _open(row.id, row.sealed_secret)
        for step in _matching(secret, str(code), now_step, WINDOW):
            values = {"credential_id": row.id, "step": step, "now": clock.now()}
            if connection.execute(_accept, values).rowcount == 1:
                return uuid.UUID(str(row.id))
        # Only codes of the past are told from wrong ones: one of the future could be kept until its time has come.
        past = range(SKEW.start, WINDOW.start)
        is_off = is_off or any(step > row.last_step for step in _matching(secret, str(code), now_step, past))
    raise WrongCode(is_off)


def begin_enrollment(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID, name: str) -> Pending:
    """The secret that this session is enrolling: the same again when the page is loaded again, for half an hour."""
    started = _find_pending(connection, person_id, session_id)
    if started:
        return _as_pending(started[0])
    connection.execute(_drop_pending.where(_t.c.session_id == session_id), {"of_person": person_id})
    pending = Pending(new_id(), Secret(pyotp.random_base32(SECRET_LETTERS)))
    row = {
        "id": pending.credential_id,
        "person_id": person_id,
        "session_id": session_id,
        "name": name,
        "sealed_secret": current_keys().seal(pending.secret.encode(), _context(pending.credential_id)),
        "last_step": 0,
        "created_at": clock.now(),
    }
    connection.execute(insert(_t), row)
    return pending


def match_pending(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID, typed: str) -> tuple[uuid.UUID, int]:
    """Which secret shown in this session the code belongs to, and its step. Raises WrongCode."""
    code, now_step, is_off = plain_code(typed), _step_now(), False
    for row in _find_pending(connection, person_id, session_id) if code else ():
        secret = _open(row.id, row.sealed_secret)
        for step in _matching(secret, str(code), now_step, WINDOW):
            return row.id, step
        is_off = is_off or any(_matching(secret, str(code), now_step, SKEW))
    raise WrongCode(is_off)


def confirm_enrollment(connection: Connection, person_id: uuid.UUID, credential_id: uuid.UUID, step: int) -> bool:
    """Make a matched secret a factor, its first code used; other unfinished enrolments of the person are dropped. Return whether
    this call did it. With the person locked, so that two sessions do not add a first factor each."""
    values = {"credential_id": credential_id, "step": step, "now": clock.now()}
    confirmed = connection.execute(_confirm, values).rowcount == 1
    if confirmed:
        connection.execute(_drop_pending, {"of_person": person_id})
    return confirmed


def remove(connection: Connection, person_id: uuid.UUID, credential_id: uuid.UUID) -> bool:
    """Remove a secret; return whether it was there. Whether another factor is left is for `factors.remove` to see to."""
    values = {"credential_id": credential_id, "of_person": person_id}
    return connection.execute(_change.values(removed_at=clock.now()), values).rowcount == 1


def rename(connection: Connection, person_id: uuid.UUID, credential_id: uuid.UUID, name: str) -> bool:
    """Give a phone another name; return whether it was there."""
    values = {"credential_id": credential_id, "of_person": person_id}
    return connection.execute(_change.values(name=name), values).rowcount == 1


def remove_all(connection: Connection, person_id: uuid.UUID, *, keep: uuid.UUID | None = None) -> int:
    """Remove all secrets, or all but one when a phone was lost and replaced; unfinished ones are dropped. Return how many."""
    gone = update(_t).where(_t.c.person_id == person_id, _is_active)
    if keep is None:
        connection.execute(_drop_pending, {"of_person": person_id})
    else:
        gone = gone.where(_t.c.id != keep)
    return connection.execute(gone.values(removed_at=clock.now())).rowcount


def _find_pending(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID) -> Sequence[Any]:
    values = {"of_person": person_id, "of_session": session_id, "not_before": clock.now() - PENDING_LIFETIME}
    return connection.execute(_pending, values).all()


def _as_pending(row: Any) -> Pending:
    return Pending(row.id, _open(row.id, row.sealed_secret))


def _context(credential_id: uuid.UUID) -> str:
    return f"totp_credential.sealed_secret {credential_id}"


def _open(credential_id: uuid.UUID, sealed: bytes) -> Secret:
    return Secret(current_keys().open(sealed, _context(credential_id)).decode())


def _step_now() -> int:
    return int(clock.now().timestamp()) // STEP_SECONDS


def _matching(secret: str, code: str, now_step: int, around: range) -> Iterator[int]:
    counter = pyotp.HOTP(secret, digits=DIGITS)
    return (now_step + away for away in around if hmac.compare_digest(counter.at(now_step + away), code))
