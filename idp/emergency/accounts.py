"""Emergency accounts: made, sealed anew, tested without being used up, retired. All by whoever operates the server, by command."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp import audit, clock, smtp
from idp.credentials import failures
from idp.database import new_id, reader, table_of
from idp.emergency.counting import KIND, account
from idp.emergency.models import EmergencyAccount, EmergencySession
from idp.errors import NotFound, Refusal

MOST = 5  # every one is tried with what is typed
TEST_EVERY = timedelta(days=180)
LONGEST_NAME = 64
_a, _s = table_of(EmergencyAccount), table_of(EmergencySession)
_kept = select(_a).where(_a.c.retired_at.is_(None)).order_by(_a.c.name)
_named = _kept.where(_a.c.name == bindparam("wanted"))


def kept(connection: Connection) -> Sequence[Any]:
    """The accounts that are not retired, by name."""
    return connection.execute(_kept).all()


def require(connection: Connection, name: str) -> Any:
    """One account by its name. Raises NotFound."""
    row = connection.execute(_named, {"wanted": name}).first()
    if row is None:
        raise NotFound(_("Không có tài khoản truy cập khẩn cấp “%(name)s”.", name=name[:100]))
    return row


def create(connection: Connection, name: str, kept_hash: str, *, actor: str) -> uuid.UUID:
    """A new account with a sealed password. Raises Refusal."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(_("Tên tài khoản khẩn cấp từ 1 đến %(most)s ký tự.", most=LONGEST_NAME), "bad_name")
    if len(kept(connection)) >= MOST:
        raise Refusal(_("Nhiều nhất %(most)s tài khoản khẩn cấp. Bỏ bớt tài khoản cũ trước.", most=MOST), "too_many_envelopes")
    account_id, now = new_id(), clock.now()
    row = {
        "id": account_id, "name": name.strip(), "hash": kept_hash, "created_at": now, "created_by": actor, "sealed_at": now, "sealed_by": actor,
    }  # fmt: skip
    try:
        connection.execute(insert(_a), row)
    except IntegrityError:
        raise Refusal(_("Đã có, hoặc đã từng có, tài khoản khẩn cấp tên này."), "name_taken", 409) from None
    audit.record(connection, audit.Event.EMERGENCY_SEALED, actor=actor, account=str(account_id), name=name.strip())
    return account_id


def seal(connection: Connection, account_id: uuid.UUID, name: str, kept_hash: str, *, actor: str) -> None:
    """A new password for the envelope: the old one is worth nothing, whoever is in by it is out."""
    values = {"hash": kept_hash, "sealed_at": clock.now(), "sealed_by": actor, "spent_at": None, "tested_at": None}
    connection.execute(update(_a).where(_a.c.id == account_id, _a.c.retired_at.is_(None)).values(**values))
    _end_sessions(connection, account_id, "sealed_anew")
    failures.forgive(connection, KIND, account())
    audit.record(connection, audit.Event.EMERGENCY_SEALED, actor=actor, account=str(account_id), name=name)


def note_test(connection: Connection, account_id: uuid.UUID, kept_hash: str, name: str, *, right: bool, actor: str) -> None:
    """The envelope was opened to see whether it still works; a right password is not used up by it."""
    if right:
        same = (_a.c.id == account_id, _a.c.hash == kept_hash)
        connection.execute(update(_a).where(*same).values(tested_at=clock.now()))
    audit.record(connection, audit.Event.EMERGENCY_TESTED, actor=actor, account=str(account_id), name=name, right=right)


def retire(connection: Connection, account_id: uuid.UUID, name: str, *, actor: str) -> None:
    """Be done with an account for good."""
    connection.execute(update(_a).where(_a.c.id == account_id).values(retired_at=clock.now()))
    _end_sessions(connection, account_id, "retired")
    audit.record(connection, audit.Event.EMERGENCY_RETIRED, actor=actor, account=str(account_id), name=name)


def state_of(row: Any) -> str:
    """How it stands with an envelope: spent, untested (for 180 days) or ready."""
    if row.spent_at is not None:
        return "spent"
    return "ready" if (row.tested_at or row.sealed_at) > clock.now() - TEST_EVERY else "untested"


def advice() -> str:
    """What to do about emergency access, for `hopnhat doctor`."""
    rows = kept(reader())
    states = {state_of(row) for row in rows}
    if not rows:
        return "No emergency account: run `hopnhat emergency create` and keep what it prints in a sealed envelope."
    if "ready" not in states:
        spent = "spent" in states
        return "The sealed password is spent: run `hopnhat emergency seal`." if spent else (
            "No envelope was tested for 180 days: run `hopnhat emergency test`, then `hopnhat emergency seal`."
        )  # fmt: skip
    if len(states) > 1:
        return "An envelope is spent or was not tested for 180 days: see `hopnhat emergency list`."
    return "" if smtp.is_configured() else "Emergency access raises its alarm by mail as well: set HOPNHAT_SMTP_URL."


def _end_sessions(connection: Connection, account_id: uuid.UUID, reason: str) -> None:
    running = (_s.c.account_id == account_id, _s.c.ended_at.is_(None))
    connection.execute(update(_s).where(*running).values(ended_at=clock.now(), ended_reason=reason))
