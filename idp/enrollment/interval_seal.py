"""Ties the intervals to the chain of snapshots: each snapshot holds a hash of all that was opened and closed since the one before."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from idp.database import table_of
from idp.enrollment.intervals import digest_of
from idp.enrollment.standing_models import RungInterval

BATCH = 20_000
_i = table_of(RungInterval)
_newest = select(func.coalesce(func.max(_i.c.position), 0))
_opened = (
    select(_i)
    .where(_i.c.position > bindparam("after"), _i.c.position <= bindparam("upto"))
    .order_by(_i.c.position)
    .limit(BATCH)
)  # fmt: skip
_digests = (
    select(_i.c.position, _i.c.digest)
    .where(_i.c.position > bindparam("after"), _i.c.position <= bindparam("upto"))
    .order_by(_i.c.position)
    .limit(BATCH)
)
_closed = (
    select(_i.c.position, _i.c.to_at, _i.c.end_cause)
    .where(_i.c.to_at > bindparam("since"), _i.c.to_at <= bindparam("until"))
    .order_by(_i.c.position)
)
_all_closed = select(_i.c.position, _i.c.to_at, _i.c.end_cause).where(_i.c.to_at <= bindparam("until")).order_by(_i.c.position)


def seal_since(connection: Connection, before: Mapping[str, Any] | None, since: datetime | None, until: datetime) -> dict[str, Any]:
    """The seal of the intervals opened after those of `before` (the seal of the snapshot before, taken at `since`) and of those closed
    since then, up to `until`."""
    upto = connection.execute(_newest).scalar_one()
    return _seal(connection, before, since, until, upto)


def seal_holds(
    connection: Connection, seal: Mapping[str, Any], before: Mapping[str, Any] | None, since: datetime | None, until: datetime
) -> bool:
    """Whether the intervals still are what was sealed."""
    return _seal(connection, before, since, until, seal["upto"]) == dict(seal)


def _seal(connection: Connection, before: Mapping[str, Any] | None, since: datetime | None, until: datetime, upto: int) -> dict[str, Any]:
    hasher = hashlib.sha256((before["hash"] if before else "").encode())
    position = before["upto"] if before else 0
    while rows := connection.execute(_digests, {"after": position, "upto": upto}).all():
        for row in rows:
            hasher.update(row.digest)
        position = rows[-1].position
    query, values = (_closed, {"since": since, "until": until}) if since and before else (_all_closed, {"until": until})
    for closed in connection.execute(query, values):
        hasher.update(f"{closed.position}|{closed.to_at.isoformat()}|{closed.end_cause}\n".encode())
    return {"upto": upto, "hash": hasher.hexdigest()}


def broken_intervals(connection: Connection) -> Iterator[tuple[int, Any | None]]:
    """Positions that do not hold, with their rows: what an interval says of its beginning is not what was written, or it is gone."""
    position, upto = 0, connection.execute(_newest).scalar_one()
    while rows := connection.execute(_opened, {"after": position, "upto": upto}).all():
        for row in rows:
            while position + 1 < row.position:
                position += 1
                yield position, None
            position = row.position
            told = (row.position, row.person_id, row.from_at, row.rung, row.unit_id, row.staff_category, row.cause, row.event_id)
            if digest_of(*told) != row.digest:
                yield position, row
