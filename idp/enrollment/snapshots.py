"""Snapshots: the figures of a day, frozen with the rules they were counted by, append-only, chained by hash."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from clients.models import Client
from idp import audit, clock
from idp.database import in_transaction, table_of
from idp.enrollment.models import Snapshot, SnapshotCount
from idp.enrollment.rungs import RULES_VERSION, count_people
from idp.people.models import Unit
from idp.settings import current_settings

BEGINNING = bytes(32)
NOT_BEFORE = time(0, 10)  # of the province's day: sign-ins around midnight are settled then
_s, _n, _u, _c = table_of(Snapshot), table_of(SnapshotCount), table_of(Unit), table_of(Client)
_events = table_of(audit.AuditEvent)


def local_now() -> datetime:
    """The present instant in the province's zone."""
    return clock.now().astimezone(ZoneInfo(current_settings().timezone))


def parameters(connection: Connection) -> dict[str, Any]:
    """What the figures of this moment depend on, as it is frozen with them."""
    settings = current_settings()
    return {
        "rules_version": RULES_VERSION,
        "recent_days": settings.tracker_recent_days,
        "counts_contract_staff": settings.tracker_counts_contract_staff,
        "milestones": [{"by": milestone.by.isoformat(), "percent": milestone.percent} for milestone in settings.tracker_milestones],
        "integrated_systems": connection.execute(select(func.count()).where(_c.c.disabled_at.is_(None))).scalar_one(),
        "sync_run": _newest_run(connection),
        "unit_tree": _tree_digest(connection),
    }


def _newest_run(connection: Connection) -> int | None:
    # Runs live on a floor above; the audit trail tells which one changed people last.
    applied = select(_events.c.detail).where(_events.c.event == audit.Event.SYNC_RUN_APPLIED.value).order_by(_events.c.id.desc()).limit(1)
    detail = connection.execute(applied).scalar()
    return detail.get("run") if detail else None


def _tree_digest(connection: Connection) -> str:
    rows = connection.execute(select(_u.c.id, _u.c.parent_id, _u.c.code, _u.c.name, _u.c.level).order_by(_u.c.id)).all()
    told = json.dumps([[str(value) for value in row] for row in rows], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()


def _hash_of(previous: bytes, day: date, taken_at: datetime, told: dict[str, Any], counts: Sequence[Any]) -> bytes:
    lines = sorted([str(row.unit_id), row.staff_category, row.rung, row.level, row.people] for row in counts)
    canonical = json.dumps([day.isoformat(), taken_at.isoformat(), told, lines], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()


def take_snapshot(connection: Connection, *, actor: str) -> bool:
    """Freeze today's figures; return False when today has its snapshot already. The day is the primary key: of several
    callers one wins."""
    day, taken_at = local_now().date(), clock.now()
    counts, told = count_people(connection), parameters(connection)
    newest = connection.execute(select(_s.c.hash).where(_s.c.day < day).order_by(_s.c.day.desc()).limit(1)).scalar()
    previous = newest or BEGINNING
    row = {"day": day, "taken_at": taken_at, "parameters": told, "previous_hash": previous}
    insert_once = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert_once(_s).on_conflict_do_nothing().returning(_s.c.day)
    if connection.execute(statement, {**row, "hash": _hash_of(previous, day, taken_at, told, counts)}).first() is None:
        return False
    if counts:
        connection.execute(insert(_n), [{"day": day, **count._mapping} for count in counts])
    audit.record(connection, audit.Event.SNAPSHOT_TAKEN, actor=actor, day=day.isoformat(), people=sum(count.people for count in counts))
    return True


def has_snapshot(connection: Connection, day: date) -> bool:
    """Whether the day has its figures."""
    return connection.execute(select(_s.c.day).where(_s.c.day == day)).first() is not None


def snapshot_job() -> None:
    """The worker's part: from 00:10 on, take today's snapshot when there is none and when there is anybody to count."""
    if local_now().time() < NOT_BEFORE:
        return

    def take(connection: Connection) -> None:
        if not has_snapshot(connection, local_now().date()) and count_people(connection):
            take_snapshot(connection, actor="system:snapshot")

    in_transaction(take)


def read_snapshot(connection: Connection, day: date) -> tuple[Any, Sequence[Any]] | None:
    """The snapshot of a day with its counts."""
    head = connection.execute(select(_s).where(_s.c.day == day)).first()
    if head is None:
        return None
    return head, connection.execute(
        select(_n.c.unit_id, _n.c.level, _n.c.staff_category, _n.c.rung, _n.c.people).where(_n.c.day == day)
    ).all()


def list_days(connection: Connection, most: int = 31) -> list[tuple[Any, list[Any]]]:
    """The newest snapshots, newest first, each with its people by unit, category and rung."""
    heads = connection.execute(select(_s).order_by(_s.c.day.desc()).limit(most)).all()
    counted: dict[date, list[Any]] = {}
    columns = (_n.c.day, _n.c.unit_id, _n.c.staff_category, _n.c.rung, _n.c.people)
    for row in connection.execute(select(*columns).where(_n.c.day.in_([head.day for head in heads]))):
        counted.setdefault(row.day, []).append(row)
    return [(head, counted.get(head.day, [])) for head in heads]


def first_broken_day(connection: Connection) -> date | None:
    """The first day whose figures, parameters or place in the chain are not what was frozen; None when all hold."""
    previous = BEGINNING
    for day in connection.execute(select(_s.c.day).order_by(_s.c.day)).scalars().all():
        found = read_snapshot(connection, day)
        assert found
        head, counts = found
        if head.previous_hash != previous or head.hash != _hash_of(previous, head.day, head.taken_at, head.parameters, counts):
            return head.day  # type: ignore[no-any-return]
        previous = head.hash
    return None
