"""Whose account needs a look by whoever helps them: somebody else was in it, or it rests after wrong tries."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, func, select

from idp import clock
from idp.audit import AuditEvent, Event
from idp.credentials.failures import UNTIL_HELP_DESK
from idp.database import id_floor, table_of
from idp.login import unlocking
from idp.people import units
from idp.people.models import Person
from idp.roles.permissions import scope_of
from idp.web.formats import format_time
from idp.web.viewer import Permission, may, require_viewer

LOOK_BACK, LOOK_BACK_FOR_RESTS = timedelta(days=7), timedelta(days=1)
MOST_ALARMS, MOST_NAMES = 10, 5
_e, _p = table_of(AuditEvent), table_of(Person)
_raised = (
    select(_p.c.id, _p.c.name, func.max(_e.c.at).label("at"))
    .join(_p, _p.c.id == _e.c.person_id)
    .where(
        _e.c.event == bindparam("event"),
        _e.c.id >= bindparam("floor", type_=_e.c.id.type),
        _e.c.at >= bindparam("since", type_=_e.c.at.type),
    )
    .group_by(_p.c.id, _p.c.name)
    .order_by(func.max(_e.c.at).desc())
    .limit(MOST_ALARMS)
)


@dataclass(frozen=True)
class Notice:
    """One thing to know: kind ok, warn or bad; where to look, when there is a page for it."""

    kind: str
    words: str
    href: str | None = None


def misuse_reported(connection: Connection) -> list[Notice]:
    """Who said of late that somebody else was in their account: for whoever may help them."""
    return [
        Notice(
            "bad",
            _(
                "%(name)s báo có người khác dùng tài khoản (%(time)s). Liên hệ và giúp đổi mật khẩu.",
                name=row.name,
                time=format_time(row.at),
            ),
            _page_of(row.id),
        )
        for row in _raised_within_reach(connection, Event.MISUSE_REPORTED, LOOK_BACK)
    ]


def sign_ins_at_rest(connection: Connection) -> list[Notice]:
    """Whose sign-in rests at this moment after wrong tries: they may need help, or somebody guesses (ENR-001)."""
    rows = _raised_within_reach(connection, Event.ACCOUNT_THROTTLED, LOOK_BACK_FOR_RESTS)
    resting = [(row, unlocking.rests_until(connection, row.id)) for row in rows]
    return [Notice("warn", _words(row.name, until), _page_of(row.id)) for row, until in resting if until is not None]


def slips_used(connection: Connection) -> list[Notice]:
    """Who has enrolled a first factor with a slip of late: whoever handed it out sees whether it was they (ENR-001)."""
    rows = _raised_within_reach(connection, Event.ACTIVATION_CODE_USED, LOOK_BACK)
    if not rows:
        return []
    names = ", ".join(row.name for row in rows[:MOST_NAMES]) + (" …" if len(rows) > MOST_NAMES else "")
    words = _(
        "Đã dùng phiếu kích hoạt trong 7 ngày qua: %(names)s. Ai chưa nhận phiếu mà có tên ở đây thì cần hủy phương tiện xác thực.",
        names=names,
    )
    return [Notice("ok", words, _page_of(rows[0].id))]


def _words(name: str, until: Any) -> str:
    if until >= UNTIL_HELP_DESK:
        return _(
            "Đăng nhập của %(name)s tạm khóa vì nhập sai nhiều lần, cho đến khi được mở khóa. Hỏi có phải chính người này nhập.", name=name
        )
    return _(
        "Đăng nhập của %(name)s tạm khóa vì nhập sai nhiều lần, đến %(time)s. Hỏi có phải chính người này nhập.",
        name=name,
        time=format_time(until),
    )


def _raised_within_reach(connection: Connection, event: Event, back: timedelta) -> list[Any]:
    if not may(Permission.HELP_PEOPLE):
        return []
    reach = scope_of(require_viewer().person_id, Permission.HELP_PEOPLE).within
    query = _raised if reach is None else _raised.where(_p.c.unit_id.in_(select(units.below(reach).c.id)))
    since = clock.now() - back
    # Ids are made by the machine's clock: a day of slack keeps the bound on the safe side of any difference.
    values = {"event": event.value, "since": since, "floor": id_floor(since - timedelta(days=1))}
    return list(connection.execute(query, values).all())


def _page_of(person_id: uuid.UUID) -> str:
    return url_for("console_people.show", person_id=person_id)
