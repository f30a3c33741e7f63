"""Whose word counts where two are needed. The one place that every page, command and job asks at the moment of an approval.

Both are at work and may still do it; they are two, also behind an envelope; and the second one is a person with a name.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from clients.models import Client
from idp import clock
from idp.database import table_of
from idp.emergency.models import EmergencyAccount, EmergencySession
from idp.errors import Forbidden, Refusal
from idp.people.models import Person, PersonState
from idp.roles.permissions import scope_of
from idp.web.viewer import Permission

May = Callable[[uuid.UUID], bool]
REMEMBERED = timedelta(days=30)  # longer than anything waits for a second word
_p, _c, _a, _s = table_of(Person), table_of(Client), table_of(EmergencyAccount), table_of(EmergencySession)
_states = select(_p.c.id, _p.c.state).where(_p.c.id.in_(bindparam("people", expanding=True))).order_by(_p.c.id).with_for_update(read=True)
_client = select(_c.c.id).where(_c.c.client_id == bindparam("client"), _c.c.disabled_at.is_(None))
_openers = select(_s.c.first_opener, _s.c.second_opener).where(
    _s.c.account_id == bindparam("account"), _s.c.started_at > bindparam("since")
)
_holders = select(_a.c.first_holder, _a.c.second_holder).where(_a.c.id == bindparam("account"))
_under_way = select(_s.c.id).where(
    _s.c.account_id == bindparam("account"), _s.c.started_at <= bindparam("said_at"), _s.c.ended_at.is_(None),
    _s.c.expires_at > bindparam("now"),
).limit(1)  # fmt: skip


@dataclass(frozen=True)
class Word:
    """What somebody has asked or agreed to, and when: `actor` as in the trail."""

    actor: str
    at: datetime


def holds(permission: Permission) -> May:
    """Whether somebody holds this for the whole province."""
    return lambda holder_id: scope_of(holder_id, permission).whole_province


def require_second(connection: Connection, first: Word, second: str, *, first_may: May, second_may: May) -> None:
    """Raise Refusal unless the first word still counts and this second one counts beside it. Until the end of the transaction neither
    of the two is suspended."""
    kind, key = _parted(second)
    if kind == "emergency":
        raise Forbidden(_("Truy cập khẩn cấp không phê duyệt việc gì. Nhờ một người đăng nhập bằng tài khoản của mình."), "needs_a_person")
    if kind not in ("person", "cli"):
        raise Forbidden(_("Việc này cần một người, không phải một ứng dụng."), "needs_a_person")
    require_two(connection, first.actor, second)
    _at_work(connection, [one for actor in (first.actor, second) for one in _own_key(actor)])  # both locked, in order
    if kind == "person" and not (_is_at_work(connection, uuid.UUID(key)) and second_may(uuid.UUID(key))):
        raise Forbidden(_("Không còn quyền làm việc này."), "approver_lost_right")
    if not counts(connection, first, first_may):
        raise Refusal(_("Người đề xuất không còn quyền làm việc này. Từ chối, rồi đề xuất lại."), "proposer_lost_right", 409)


def is_second(connection: Connection, first: Word, second: str, *, first_may: May, second_may: May) -> bool:
    """As `require_second`, where what does not count is passed over."""
    try:
        require_second(connection, first, second, first_may=first_may, second_may=second_may)
    except Refusal:
        return False
    return True


def require_two(connection: Connection, first: str, second: str) -> None:
    """Raise Refusal when these are one: the same, or somebody and the envelope that they have opened or keep."""
    if first == second:
        raise Refusal(_("Người đề xuất không tự phê duyệt. Nhờ một người khác có quyền."), "own_proposal", 403)
    if behind(connection, first) & behind(connection, second):
        raise Refusal(
            _("Người mở hoặc giữ phong bì và truy cập khẩn cấp bằng phong bì đó không tính là hai người. Nhờ một người khác."),
            "own_envelope", 403,
        )  # fmt: skip


def counts(connection: Connection, word: Word, may: May) -> bool:
    """Whether a word that was given before still counts: a person at work who may still, a program that is enabled and may still, an
    emergency whose hour is not over, whoever runs the server."""
    kind, key = _parted(word.actor)
    if kind == "cli":
        return True
    if kind == "emergency":
        wanted = {"account": uuid.UUID(key), "said_at": word.at, "now": clock.now()}
        return connection.execute(_under_way, wanted).first() is not None
    if kind == "client":
        client_key = connection.execute(_client, {"client": key}).scalar()
        return client_key is not None and may(client_key)
    return kind == "person" and _is_at_work(connection, uuid.UUID(key)) and may(uuid.UUID(key))


def behind(connection: Connection, actor: str) -> frozenset[uuid.UUID]:
    """The people whose hand a deed may be: a person themselves; of an emergency those who opened an envelope of that account in the last
    30 days, or keep one."""
    kind, key = _parted(actor)
    if kind != "emergency":
        return frozenset(_own_key(actor))
    account = uuid.UUID(key)
    rows = [
        *connection.execute(_openers, {"account": account, "since": clock.now() - REMEMBERED}),
        *connection.execute(_holders, {"account": account}),
    ]
    return frozenset(one for row in rows for one in row if one is not None)


def _at_work(connection: Connection, people: list[uuid.UUID]) -> frozenset[uuid.UUID]:
    rows = connection.execute(_states, {"people": people})
    return frozenset(row.id for row in rows if row.state == PersonState.ACTIVE)


def _is_at_work(connection: Connection, person_id: uuid.UUID) -> bool:
    return bool(_at_work(connection, [person_id]))


def _own_key(actor: str) -> list[uuid.UUID]:
    kind, key = _parted(actor)
    return [uuid.UUID(key)] if kind == "person" else []


def _parted(actor: str) -> tuple[str, str]:
    kind, _colon, key = actor.partition(":")
    return kind, key
