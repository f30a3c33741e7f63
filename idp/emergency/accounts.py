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
from idp.emergency.sealed_password import Sealed, selector_of
from idp.errors import NotFound, Refusal
from idp.people.models import Person, PersonState

MOST = 5
TEST_EVERY = timedelta(days=180)
LONGEST_NAME = 64
_a, _s = table_of(EmergencyAccount), table_of(EmergencySession)
_first, _second = table_of(Person).alias("first_keeper"), table_of(Person).alias("second_keeper")
_keepers = (
    _first.c.name.label("first_name"), _second.c.name.label("second_name"), _first.c.state.label("first_state"),
    _second.c.state.label("second_state"),
)  # fmt: skip
_kept = (
    select(_a, *_keepers)
    .select_from(_a.outerjoin(_first, _first.c.id == _a.c.first_holder).outerjoin(_second, _second.c.id == _a.c.second_holder))
    .where(_a.c.retired_at.is_(None))
    .order_by(_a.c.name)
)
_named = _kept.where(_a.c.name == bindparam("wanted"))
_meant = _kept.where(_a.c.selector == bindparam("of_first"), _a.c.second_selector == bindparam("of_second"))
_single = _kept.where(_a.c.selector.is_(None))
Two = tuple[Sealed, Sealed]
Holders = tuple[uuid.UUID, uuid.UUID]


def kept(connection: Connection) -> Sequence[Any]:
    """The accounts that are not retired, by name, with who keeps the envelopes."""
    return connection.execute(_kept).all()


def require(connection: Connection, name: str) -> Any:
    """One account by its name. Raises NotFound."""
    row = connection.execute(_named, {"wanted": name}).first()
    if row is None:
        raise NotFound(_("Không có tài khoản truy cập khẩn cấp “%(name)s”.", name=name[:100]))
    return row


def meant_by(connection: Connection, first: str, second: str) -> Any | None:
    """The account whose two envelopes begin as these do, in the order in which they were sealed."""
    return connection.execute(_meant, {"of_first": selector_of(first), "of_second": selector_of(second)}).first()


def of_one_envelope(connection: Connection) -> Sequence[Any]:
    """The accounts sealed before there were two envelopes."""
    return connection.execute(_single).all()


def create(connection: Connection, name: str, two: Two, holders: Holders, *, actor: str) -> uuid.UUID:
    """A new account: two envelopes, kept by two different people at work. Raises Refusal."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refusal(_("Tên tài khoản khẩn cấp từ 1 đến %(most)s ký tự.", most=LONGEST_NAME), "bad_name")
    if len(kept(connection)) >= MOST:
        raise Refusal(_("Nhiều nhất %(most)s tài khoản khẩn cấp. Bỏ bớt tài khoản cũ trước.", most=MOST), "too_many_envelopes")
    require_two_people(connection, *holders)
    account_id, now = new_id(), clock.now()
    row = {"id": account_id, "name": name.strip(), "created_at": now, "created_by": actor, **_sealed(two, holders, actor)}
    try:
        connection.execute(insert(_a), row)
    except IntegrityError:
        raise Refusal(_("Đã có, hoặc đã từng có, tài khoản khẩn cấp tên này."), "name_taken", 409) from None
    _record_sealed(connection, account_id, name.strip(), holders, actor)
    return account_id


def seal(connection: Connection, account_id: uuid.UUID, name: str, two: Two, holders: Holders, *, actor: str) -> None:
    """New passwords for both envelopes: the old ones are worth nothing, whoever is in by them is out. Raises Refusal."""
    require_two_people(connection, *holders)
    values = {**_sealed(two, holders, actor), "spent_at": None, "tested_at": None}
    connection.execute(update(_a).where(_a.c.id == account_id, _a.c.retired_at.is_(None)).values(**values))
    _end_sessions(connection, account_id, "sealed_anew")
    failures.forgive(connection, KIND, account(account_id))
    _record_sealed(connection, account_id, name, holders, actor)


def require_two_people(connection: Connection, first: uuid.UUID, second: uuid.UUID) -> None:
    """Raise Refusal unless these are two people at work."""
    people = table_of(Person)
    states = connection.execute(select(people.c.state).where(people.c.id.in_([first, second]))).scalars().all()
    if first == second or len(states) != 2 or set(states) != {PersonState.ACTIVE.value}:
        raise Refusal(_("Cần hai người khác nhau, đang công tác."), "not_two_people")


def _sealed(two: Two, holders: Holders, actor: str) -> dict[str, Any]:
    return {
        "hash": two[0].hash, "second_hash": two[1].hash, "selector": two[0].selector, "second_selector": two[1].selector,
        "first_holder": holders[0], "second_holder": holders[1], "sealed_at": clock.now(), "sealed_by": actor,
    }  # fmt: skip


def _record_sealed(connection: Connection, account_id: uuid.UUID, name: str, holders: Holders, actor: str) -> None:
    kept_by = [str(holder) for holder in holders]
    audit.record(connection, audit.Event.EMERGENCY_SEALED, actor=actor, account=str(account_id), name=name, kept_by=kept_by)


def note_test(connection: Connection, account_id: uuid.UUID, kept_hash: str, name: str, *, right: bool, whole: bool, actor: str) -> None:
    """The envelopes were opened to see whether they still work; right passwords are not used up by it. `whole`:
    no envelope was left out, so that the account counts as tested."""
    if right and whole:
        same = (_a.c.id == account_id, _a.c.hash == kept_hash)
        connection.execute(update(_a).where(*same).values(tested_at=clock.now()))
    audit.record(connection, audit.Event.EMERGENCY_TESTED, actor=actor, account=str(account_id), name=name, right=right, whole=whole)


def retire(connection: Connection, account_id: uuid.UUID, name: str, *, actor: str) -> None:
    """Be done with an account for good."""
    connection.execute(update(_a).where(_a.c.id == account_id).values(retired_at=clock.now()))
    _end_sessions(connection, account_id, "retired")
    audit.record(connection, audit.Event.EMERGENCY_RETIRED, actor=actor, account=str(account_id), name=name)


def state_of(row: Any) -> str:
    """How it stands with an account: spent, single (sealed before there were two envelopes), unkept (a keeper is no longer at work),
    untested (for 180 days) or ready."""
    if row.spent_at is not None:
        return "spent"
    if row.second_hash is None:
        return "single"
    if {row.first_state, row.second_state} != {PersonState.ACTIVE.value}:
        return "unkept"
    return "ready" if (row.tested_at or row.sealed_at) > clock.now() - TEST_EVERY else "untested"


ADVICE = {
    "spent": "The sealed passwords are spent: run `hopnhat emergency seal`.",
    "single": "An account has one envelope only: run `hopnhat emergency seal NAME --holder … --holder …` for two.",
    "unkept": "Somebody who keeps an envelope is no longer at work: run `hopnhat emergency seal NAME --holder … --holder …`.",
    "untested": "No envelope was tested for 180 days: run `hopnhat emergency test`, then `hopnhat emergency seal`.",
}


def advice() -> str:
    """What to do about emergency access, for `hopnhat doctor`."""
    rows = kept(reader())
    states = {state_of(row) for row in rows}
    if not rows:
        return "No emergency account: run `hopnhat emergency create` and keep what it prints in two sealed envelopes."
    if "ready" not in states:
        return next(ADVICE[state] for state in ADVICE if state in states)
    if len(states) > 1:
        return "An account is spent, has one envelope only, or was not tested for 180 days: see `hopnhat emergency list`."
    return "" if smtp.is_configured() else "Emergency access raises its alarm by mail as well: set HOPNHAT_SMTP_URL."


def _end_sessions(connection: Connection, account_id: uuid.UUID, reason: str) -> None:
    running = (_s.c.account_id == account_id, _s.c.ended_at.is_(None))
    connection.execute(update(_s).where(*running).values(ended_at=clock.now(), ended_reason=reason))
