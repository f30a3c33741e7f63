"""The ladder of escalation: units that lag are told to their own leaders first, and again to those above while nothing moves."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from idp import audit, outbox, smtp
from idp.database import table_of
from idp.enrollment import figures_of_day as days
from idp.enrollment.campaigns.mails import compose, send
from idp.enrollment.dashboard import Compared, dashboard_of
from idp.errors import Refusal
from idp.outbox import Message
from idp.people import units
from idp.people.models import Person
from idp.roles.models import Role, RoleGrant
from idp.web.formats import format_number, format_share

KIND = "lagging_units"
_g, _p = table_of(RoleGrant), table_of(Person)


@dataclass(frozen=True)
class Rung:
    """A lagging unit and those who answer for it: leaders of the unit or the nearest unit above that has one."""

    unit: Compared
    leaders: Sequence[Any]


def ladder(connection: Connection, day: date, tops: Collection[uuid.UUID] | None) -> list[Rung]:
    """The lagging units of a day, most people missing first, each with its leaders."""
    found = dashboard_of(connection, day, None, tops)
    return [Rung(one, leaders_of(connection, one.line.unit_id)) for one in found.lagging if one.line.unit_id]


def leaders_of(connection: Connection, unit_id: uuid.UUID) -> Sequence[Any]:
    """Who holds the leader's role for the unit, or for the nearest above it; else for the whole province."""
    above: list[uuid.UUID | None] = [row.id for row in reversed(units.path_to(connection, unit_id))]
    for place in (*above, None):
        query = select(_p.c.id, _p.c.name, _p.c.mail).join(_g, _g.c.person_id == _p.c.id)
        held = query.where(_g.c.role == Role.LEADER.value, _g.c.revoked_at.is_(None), _g.c.begun_at.is_not(None), _g.c.unit_id.is_not_distinct_from(place))
        if leaders := connection.execute(held.order_by(_p.c.sort_key)).all():
            return leaders
    return []


def tell_leaders(connection: Connection, day: date, tops: Collection[uuid.UUID] | None, *, actor: str, reason: str) -> int:
    """Write to the leaders of every lagging unit, each once with all units they answer for; return how many letters. Raises Refusal."""
    if not smtp.is_configured():
        raise Refusal(_("Chưa thiết lập máy chủ thư, nên không gửi được thư."), "no_mail_server")
    told: dict[uuid.UUID, list[str]] = {}
    for rung in ladder(connection, day, tops):
        figures = rung.unit.line.figures
        share = format_share(figures.seamless_entitled, figures.entitled)
        words = f"{rung.unit.line.name}: {format_number(figures.seamless_entitled)}/{format_number(figures.entitled)} ({share})"
        for leader in rung.leaders:
            told.setdefault(leader.id, []).append(words)
    for leader_id, lines in told.items():
        outbox.enqueue(connection, KIND, {"day": day.isoformat(), "lines": lines}, person_id=leader_id)
    audit.record(connection, audit.Event.LAGGING_UNITS_TOLD, actor=actor, reason=reason, day=day.isoformat(), letters=len(told))
    return len(told)


def newest_ladder(connection: Connection, tops: Collection[uuid.UUID] | None) -> tuple[date | None, list[Rung]]:
    """The ladder of the newest day."""
    day = days.newest_day(connection)
    return day, ladder(connection, day, tops) if day else []


def deliver(message: Message) -> None:
    """Send one letter to a leader: figures of units, nobody's name."""
    mail, name = compose(message, "Đơn vị chậm xác thực định danh điện tử / Units behind in electronic authentication")
    day = date.fromisoformat(message.payload["day"])
    lines = [f"  - {line}" for line in message.payload["lines"]]
    mail.set_content("\n".join((
        f"Kính gửi đồng chí/ông/bà {name},", "",
        f"Theo số liệu chốt ngày {day:%d/%m/%Y}, các đơn vị sau chậm so với chỉ tiêu (người thông suốt, hợp nhất trên người được vào hệ thống):",
        *lines, "", "Danh sách việc cần làm có ở bảng theo dõi, phần Đôn đốc. Thư này không có liên kết.", "",
        "----", f"Dear {name},", "", f"By the figures of {day:%d/%m/%Y}, these units are behind the target (people seamless of people entitled):",
        *lines, "", "What to do is on the tracker's page. This message has no links.", "",
    )))  # fmt: skip
    send(mail)
