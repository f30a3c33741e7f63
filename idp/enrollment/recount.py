"""The recount: everybody's rung from the facts, held against the intervals. What no event and no passing of time explains is recorded
as a difference before it is put right; never silently."""

import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, Uuid, bindparam, func, insert, or_, select, text
from sqlalchemy.schema import CreateTable, DropTable

from idp import audit
from idp.audit import AuditEvent, AuditLink
from idp.database import insert_rows, table_of
from idp.enrollment.intervals import (
    BEGINNING,
    CHUNK,
    RECOUNT,
    SYSTEMS,
    TIME_SECONDMENT,
    Cause,
    Found,
    causes_from,
    fall_by_time,
    find_open,
    find_standings,
    move,
)
from idp.enrollment.rungs import NO_UNIT, Basis, standing_of_all
from idp.enrollment.standing_models import RungDifference, RungInterval
from idp.people.career_models import Appointment, PostKind

_i, _d, _a = table_of(RungInterval), table_of(RungDifference), table_of(Appointment)
_ev, _l = table_of(AuditEvent), table_of(AuditLink)
# Everybody in post as the facts say, for the length of one transaction: the recount and the counts of a snapshot read it.
NOW = Table(
    "tracker_now", MetaData(),
    Column("id", Uuid, primary_key=True), Column("unit_id", Uuid), Column("staff_category", String(16)), Column("rung", String(4)),
    Column("entitled", Integer), Column("absent", Integer), Column("exempt", Integer),
    prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
)  # fmt: skip
_both = NOW.outerjoin(_i, (_i.c.person_id == NOW.c.id) & _i.c.to_at.is_(None))
_next_gathered = (
    select(NOW.c.id, NOW.c.unit_id, NOW.c.staff_category, NOW.c.rung)
    .where(NOW.c.id > bindparam("last"))
    .order_by(NOW.c.id)
    .limit(50 * CHUNK)
)
_differing = select(NOW.c.id).select_from(_both).where(
    or_(
        _i.c.position.is_(None), _i.c.rung != NOW.c.rung, _i.c.unit_id != NOW.c.unit_id, _i.c.staff_category != NOW.c.staff_category
    )
)  # fmt: skip
_not_in_post = select(_i.c.person_id).where(_i.c.to_at.is_(None), ~select(NOW.c.id).where(NOW.c.id == _i.c.person_id).exists())
_unfollowed = (
    select(_ev.c.id, _ev.c.at, _ev.c.event, _ev.c.person_id)
    .outerjoin(_l, _l.c.event_id == _ev.c.id)
    .where(_ev.c.person_id.in_(bindparam("ids", expanding=True)), or_(_l.c.position.is_(None), _l.c.position > bindparam("after")))
    .order_by(_ev.c.id)
)
_secondments = select(_a.c.person_id).where(
    _a.c.person_id.in_(bindparam("ids", expanding=True)), _a.c.kind == PostKind.SECONDMENT.value, _a.c.from_day <= bindparam("day")
)


def gather(connection: Connection, basis: Basis) -> None:
    """Write everybody's standing into `NOW`."""
    if connection.dialect.name == "sqlite":
        connection.execute(DropTable(NOW, if_exists=True))
    else:
        connection.execute(text("SET LOCAL jit = off"))  # compiling the statement costs more than it saves
    connection.execute(CreateTable(NOW, if_not_exists=connection.dialect.name == "sqlite"))
    connection.execute(insert(NOW).from_select([column.name for column in NOW.c], standing_of_all(basis)))
    if connection.dialect.name == "postgresql":
        connection.execute(text("ANALYZE tracker_now"))


def recount(connection: Connection, basis: Basis, *, after: int, explained: bool, begins: bool = False, gathered: bool = False) -> int:
    """Hold the intervals against the facts; return how many differences nothing explains. `after`: how far the trail was followed;
    `explained`: parameters or systems changed, which explains the rest; `begins`: there are no intervals yet; `gathered`: `NOW` is
    filled and stays."""
    if not gathered:
        gather(connection, basis)
    if begins:
        _fill(connection, basis)
    ids = [*connection.execute(_differing).scalars(), *connection.execute(_not_in_post).scalars()]
    flaws = 0
    for start in range(0, len(ids), 50 * CHUNK):
        flaws += _put_right(connection, basis, ids[start : start + 50 * CHUNK], after, explained, begins)
    if not gathered:
        connection.execute(DropTable(NOW))
    return flaws


def _fill(connection: Connection, basis: Basis) -> None:
    """Open everybody's first interval, from the people gathered. When time ends it is looked at soon, a part at each look."""
    last = uuid.UUID(int=0)
    at = basis.at
    while rows := connection.execute(_next_gathered, {"last": last}).all():
        found = [Found(row.id, row.unit_id, row.staff_category, row.rung, at, at, at) for row in rows]
        move(connection, [(None, one, Cause(BEGINNING, at)) for one in found])
        last = rows[-1].id


def _put_right(connection: Connection, basis: Basis, ids: Sequence[uuid.UUID], after: int, explained: bool, begins: bool) -> int:
    found, intervals = find_standings(connection, basis, ids), find_open(connection, ids)
    causes = {} if begins else _explain_by_events(connection, ids, after)
    seconded = set() if begins else _seconded(connection, basis, ids)
    changes, flaws = [], []
    for person_id in ids:
        before, now = intervals.get(person_id), found.get(person_id)
        cause = causes.get(person_id) or fall_by_time(basis, before, now)
        if cause is None and before and now and before.rung == now.rung and person_id in seconded:
            cause = Cause(TIME_SECONDMENT, basis.at)
        if cause is None and (begins or explained):
            cause = Cause(BEGINNING if begins else SYSTEMS, basis.at)
        if cause is None:
            flaws.append((person_id, before, now))
            cause = Cause(RECOUNT, basis.at)
        changes.append((before, now, cause))
    move(connection, changes)
    _record(connection, basis, flaws)
    return len(flaws)


def _explain_by_events(connection: Connection, ids: Sequence[uuid.UUID], after: int) -> dict[uuid.UUID, Cause]:
    rows: list[Any] = []
    for start in range(0, len(ids), CHUNK):
        rows += connection.execute(_unfollowed, {"ids": ids[start : start + CHUNK], "after": after}).all()
    return causes_from(rows)


def _seconded(connection: Connection, basis: Basis, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    found: set[uuid.UUID] = set()
    for start in range(0, len(ids), CHUNK):
        found |= set(connection.execute(_secondments, {"ids": ids[start : start + CHUNK], "day": basis.day}).scalars())
    return found


def _record(connection: Connection, basis: Basis, flaws: Sequence[tuple[uuid.UUID, Any | None, Found | None]]) -> None:
    rows = [
        (
            person_id, before.rung if before else "", now.rung if now else "", before.unit_id if before else NO_UNIT,
            now.unit_id if now else NO_UNIT,
        )
        for person_id, before, now in flaws
    ]  # fmt: skip
    columns = ("person_id", "by_intervals", "by_facts", "unit_by_intervals", "unit_by_facts")
    insert_rows(connection, _d, columns, rows, day=basis.day, found_at=basis.at)
    if flaws:
        structlog.get_logger().error(
            "the recount disagrees with the intervals", people=len(flaws), day=basis.day.isoformat(), see="hopnhat enrollment differences"
        )
        audit.record(connection, audit.Event.TRACKER_RECOUNTED, actor="system:tracker", differences=len(flaws), day=basis.day.isoformat())


def list_differences(connection: Connection, most: int = 1000) -> Sequence[Any]:
    """What recounts found that nothing explained, newest first."""
    return connection.execute(select(_d).order_by(_d.c.found_at.desc(), _d.c.person_id).limit(most)).all()


def count_differences(connection: Connection) -> int:
    """How many there ever were."""
    found: int = connection.execute(select(func.count()).select_from(_d)).scalar_one()
    return found
