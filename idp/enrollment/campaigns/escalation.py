"""The ladder of escalation: of a lagging unit its own officers are told first; two weeks later, if it still lags, its head; then the
province. Each step has its day, and a unit that no longer lags leaves the ladder."""

import enum
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, insert, or_, select, update

from idp import audit, outbox, smtp
from idp.database import new_id, table_of
from idp.enrollment import figures_of_day as days
from idp.enrollment.campaigns.mails import compose, send
from idp.enrollment.campaigns.models import Escalation
from idp.enrollment.dashboard import Compared, dashboard_of, lagging_now
from idp.enrollment.parameters import local_now
from idp.errors import Refusal
from idp.outbox import Message
from idp.people import units
from idp.people.models import Person, PersonState
from idp.roles.models import Role, RoleGrant
from idp.web.formats import format_number, format_share

KIND = "lagging_units"
STEP_AFTER = timedelta(days=14)
_g, _p, _x = table_of(RoleGrant), table_of(Person), table_of(Escalation)
_open = select(_x).where(_x.c.ended_on.is_(None))


class Step(enum.StrEnum):
    """Who is told, in rising order; the value names the column of its day."""

    OFFICERS = "officers_told_on"
    HEAD = "head_told_on"
    PROVINCE = "province_told_on"


STEPS = tuple(Step)
STEP_WORDS = {Step.OFFICERS: _l("Cán bộ phụ trách"), Step.HEAD: _l("Lãnh đạo đơn vị"), Step.PROVINCE: _l("Lãnh đạo tỉnh")}


@dataclass(frozen=True)
class Rung:
    """A lagging unit on the ladder. `told`: the steps taken with their days; `next_step` None when all were; it may be taken from
    `due_on` on; `people`: who would be told then; `missing_then`: people missing when it began, None before the first step."""

    unit: Compared
    told: Sequence[tuple[Step, date]]
    next_step: Step | None
    due_on: date | None
    people: Sequence[Any]
    missing_then: int | None


def ladder(connection: Connection, day: date, tops: Collection[uuid.UUID] | None) -> list[Rung]:
    """The lagging units of a day, most people missing first."""
    found = dashboard_of(connection, day, None, tops)
    rows = {row.unit_id: row for row in connection.execute(_open)}
    return [_rung(connection, one, rows.get(one.line.unit_id), day) for one in found.lagging if one.line.unit_id]


def _rung(connection: Connection, one: Compared, row: Any | None, day: date) -> Rung:
    unit_id = one.line.unit_id
    assert unit_id
    told = [(step, on) for step in STEPS if row is not None and (on := getattr(row, step.value))]
    left = STEPS[STEPS.index(told[-1][0]) + 1 :] if told else STEPS
    # A step with nobody to tell is passed over.
    step, people = next(((step, people) for step in left if (people := people_of(connection, step, unit_id))), (None, []))
    due_on = None if step is None else told[-1][1] + STEP_AFTER if told else day
    return Rung(one, told, step, due_on, people, row.missing if row is not None else None)


def people_of(connection: Connection, step: Step, unit_id: uuid.UUID) -> Sequence[Any]:
    """Who answers for a unit at a step: the officers or leaders of the unit or of the nearest unit above that has any; for the last
    step the leaders of the province."""
    if step is Step.PROVINCE:
        return _holders(connection, (Role.LEADER,), None)
    roles = (Role.LEADER,) if step is Step.HEAD else (Role.HR_OFFICER, Role.IT_ADMIN)
    above = [row.id for row in reversed(units.path_to(connection, unit_id))]
    return next((found for place in above if (found := _holders(connection, roles, place))), [])


def _holders(connection: Connection, roles: Sequence[Role], place: uuid.UUID | None) -> Sequence[Any]:
    query = select(_p.c.id, _p.c.name, _p.c.mail, _p.c.sort_key).join(_g, _g.c.person_id == _p.c.id).distinct()
    lasts = or_(_g.c.valid_until.is_(None), _g.c.valid_until >= local_now().date())
    in_force = (_g.c.revoked_at.is_(None), _g.c.begun_at.is_not(None), lasts, _p.c.state == PersonState.ACTIVE.value)
    held = query.where(_g.c.role.in_([role.value for role in roles]), *in_force, _g.c.unit_id.is_not_distinct_from(place))
    return connection.execute(held.order_by(_p.c.sort_key, _p.c.id)).all()


def climb(connection: Connection, day: date, tops: Collection[uuid.UUID] | None, *, actor: str, reason: str) -> int:
    """Take the step that is due for every lagging unit, and let those leave the ladder that no longer lag; return how many letters go
    out: each addressee gets one with all units. Raises Refusal without a mail server."""
    if not smtp.is_configured():
        raise Refusal(_("Chưa thiết lập máy chủ thư, nên không gửi được thư."), "no_mail_server")
    ended = _leave(connection, day)
    letters: dict[uuid.UUID, list[str]] = {}
    steps = dict.fromkeys(STEPS, 0)
    for rung in ladder(connection, day, tops):
        if rung.next_step is None or rung.due_on is None or rung.due_on > day:
            continue
        _take(connection, rung, day)
        steps[rung.next_step] += 1
        for person in rung.people:
            letters.setdefault(person.id, []).append(_line_of(rung))
    for person_id, lines in letters.items():
        outbox.enqueue(connection, KIND, {"day": day.isoformat(), "lines": lines}, person_id=person_id)
    counted: dict[str, Any] = {step.name.lower(): number for step, number in steps.items()}
    audit.record(
        connection, audit.Event.LAGGING_UNITS_TOLD, actor=actor, reason=reason, day=day.isoformat(), letters=len(letters), ended=ended,
        **counted,
    )  # fmt: skip
    return len(letters)


def _take(connection: Connection, rung: Rung, day: date) -> None:
    assert rung.next_step
    unit_id = rung.unit.line.unit_id
    if not rung.told:
        row = {"id": new_id(), "unit_id": unit_id, "begun_on": day, "missing": rung.unit.line.figures.missing}
        connection.execute(insert(_x), {**row, rung.next_step.value: day})
        return
    column = _x.c[rung.next_step.value]
    connection.execute(update(_x).where(_x.c.unit_id == unit_id, _x.c.ended_on.is_(None), column.is_(None)).values({column: day}))


def _leave(connection: Connection, day: date) -> int:
    """End the rows of units that no longer lag; return how many."""
    here = [row.unit_id for row in connection.execute(_open)]
    gone = set(here) - lagging_now(connection, day, here)
    if gone:
        connection.execute(update(_x).where(_x.c.unit_id.in_(gone), _x.c.ended_on.is_(None)).values(ended_on=day))
    return len(gone)


def _line_of(rung: Rung) -> str:
    line = rung.unit.line
    share = format_share(line.figures.seamless_entitled, line.figures.entitled)
    return f"{line.name}: {format_number(line.figures.seamless_entitled)}/{format_number(line.figures.entitled)} ({share})"


def list_past(connection: Connection, most: int = 20) -> Sequence[Any]:
    """Units that have left the ladder, newest first."""
    return connection.execute(select(_x).where(_x.c.ended_on.is_not(None)).order_by(_x.c.ended_on.desc(), _x.c.id).limit(most)).all()


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
