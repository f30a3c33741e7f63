"""The people that the demo introduces: their roles, and a second factor for all but the newcomer."""

import uuid
from typing import Any

from sqlalchemy import Connection, select, update

from directory_sync.demo.province import DEMO_ACCOUNTS, DemoAccount, password_of
from idp import clock
from idp.credentials import factors, proofings, recovery_codes, totp
from idp.credentials.printed_codes import NewCode
from idp.database import in_transaction, reader, table_of
from idp.people.models import Person, PersonState, Unit
from idp.people.names import username_key
from idp.roles import grants
from idp.roles.models import Role
from idp.sessions import browser_sessions
from idp.sessions.assurance import AAL1

ACTOR = "system:demo"
DEVICE = "Điện thoại mẫu"
ROLES = {role.value for role in Role}
NEWCOMER = "newcomer"
SECOND = "it_admin_2"  # who may agree to what the first administrator asks for: one of the unit that looks after computers
HELD = {SECOND: Role.IT_ADMIN.value}
_p, _u = table_of(Person), table_of(Unit)
_colleagues = (
    select(_p.c.username, _p.c.name, _p.c.title, _u.c.code)
    .select_from(_p.join(_u, _u.c.id == _p.c.unit_id))
    .where(
        _p.c.state == PersonState.ACTIVE.value, _p.c.mail.is_not(None), _p.c.staff_code.is_not(None), _p.c.title.is_not(None),
        _p.c.username.not_in([account.username for account in DEMO_ACCOUNTS]),
    )
    .order_by(_p.c.username)
)  # fmt: skip


def are_in_directory_mirror() -> bool:
    """Whether a sync has brought the sample people in."""
    return all(_find(account) is not None for account in DEMO_ACCOUNTS)


def prepare(told_before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each what is missing; return how they sign in. What somebody has changed since the last start is left alone."""
    known = {account["username"]: account.get("totp_secret") for account in told_before}
    return [_prepared(account, known.get(account.username)) for account in (*DEMO_ACCOUNTS, _second_administrator(told_before))]


def _second_administrator(told_before: list[dict[str, Any]]) -> DemoAccount:
    """Somebody whom the directory had anyway, so that a demo of an older version has them as well; the same at every start."""
    first = next(account for account in DEMO_ACCOUNTS if account.role == Role.IT_ADMIN)
    chosen = next((account["username"] for account in told_before if account["role"] == SECOND), None)
    found = reader().execute(_colleagues).all()
    wanted = [row for row in found if row.username == chosen] or [row for row in found if row.code == first.unit_code] or found
    row = wanted[0]
    return DemoAccount(SECOND, row.username, password_of(row.username), row.name, row.title, row.code)


def _prepared(account: DemoAccount, known_secret: str | None) -> dict[str, Any]:
    person_id = _find(account)
    assert person_id is not None, account.username
    sheet = recovery_codes.new_sheet() if account.role != NEWCOMER and known_secret is None else []
    secret = in_transaction(lambda connection: _prepare_one(connection, account, person_id, known_secret, sheet))
    return {"role": account.role, "username": account.username, "password": account.password, "totp_secret": secret}


def _find(account: DemoAccount) -> uuid.UUID | None:
    found: uuid.UUID | None = (
        reader().execute(select(_p.c.id).where(_p.c.username_key == username_key(account.username)).order_by(_p.c.id)).scalar()
    )
    return found


def _prepare_one(
    connection: Connection, account: DemoAccount, person_id: uuid.UUID, known_secret: str | None, sheet: list[NewCode]
) -> str | None:
    if account.role == NEWCOMER:
        return None
    role = HELD.get(account.role, account.role)
    if role in ROLES:
        grants.grant(connection, person_id, Role(role), actor=ACTOR)
    unread = update(_p).where(_p.c.id == person_id, _p.c.notice_acknowledged_at.is_(None))
    connection.execute(unread.values(notice_acknowledged_at=clock.now()))
    if not proofings.find_all(connection, person_id):
        proofings.record(connection, person_id, proofings.IN_PERSON, reason="demo", actor=ACTOR)
    if factors.held_by(connection, person_id).second_factor:
        return known_secret
    return _enrolled(connection, person_id, sheet or recovery_codes.new_sheet())


def _enrolled(connection: Connection, person_id: uuid.UUID, sheet: list[NewCode]) -> str:
    """Enrol a second factor and a sheet of recovery codes the way a person does it, in a session that ends at once."""
    _, session_id = browser_sessions.start(
        connection, person_id=person_id, acr=AAL1, amr=("pwd",), shared_pc=False, administrator=False
    )  # fmt: skip
    pending = totp.begin_enrollment(connection, person_id, session_id, DEVICE)
    totp.confirm_enrollment(connection, person_id, pending.credential_id, step=0)  # no code of the present is used up
    recovery_codes.issue(connection, person_id, session_id, sheet)
    recovery_codes.confirm(connection, person_id, session_id)
    browser_sessions.end(connection, session_id, reason="demo", actor=ACTOR)
    return str(pending.secret)
