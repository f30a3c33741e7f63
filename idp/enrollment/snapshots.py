"""Snapshots: the figures of a day, frozen with the rules they were counted by, append-only, chained by hash."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date, time
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import DropTable

from clients.models import Client
from idp import audit
from idp.database import in_transaction, insert_rows, table_of
from idp.enrollment.following import BATCH, look, take_cursor
from idp.enrollment.interval_seal import seal_since
from idp.enrollment.models import Snapshot, SnapshotCount, SnapshotLine, SnapshotSystem, SnapshotTotal
from idp.enrollment.parameters import digest_of, local_now
from idp.enrollment.recount import NOW, gather, recount
from idp.enrollment.rungs import RULES_VERSION, Basis, basis_now
from idp.enrollment.snapshot_contents import catalogue_of, count_gathered, lines_of, systems_of
from idp.enrollment.snapshot_hash import (
    BEGINNING,
    COUNT_COLUMNS,
    FORMAT,
    LINE_COLUMNS,
    SYSTEM_COLUMNS,
    TOTAL_COLUMNS,
    Contents,
    hash_of,
)
from idp.enrollment.totals import add_up
from idp.people.models import Person, Unit

NOT_BEFORE = time(0, 10)  # of the province's day: sign-ins around midnight are settled then
_s, _n, _u, _c = table_of(Snapshot), table_of(SnapshotCount), table_of(Unit), table_of(Client)
_t, _y, _l = table_of(SnapshotTotal), table_of(SnapshotSystem), table_of(SnapshotLine)
_events = table_of(audit.AuditEvent)
MARKS = ("entitled", "absent", "exempt")
_p = table_of(Person)


def parameters(connection: Connection, basis: Basis | None = None) -> dict[str, Any]:
    """What the figures of this moment depend on, as it is frozen with them."""
    basis = basis or basis_now(connection)
    integrated = sum(one.is_integrated for one in basis.systems)
    clients = connection.execute(select(func.count()).where(_c.c.disabled_at.is_(None))).scalar_one()
    return {
        "rules_version": RULES_VERSION,
        **basis.parameters.told(),
        "integrated_systems": integrated if basis.systems else clients,
        "systems_in_scope": len(basis.systems) or None,
        "catalogue": digest_of(catalogue_of(connection)),
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


def take_snapshot(connection: Connection, *, actor: str) -> bool:
    """Freeze today's figures; return False when today has its snapshot already. The day is the primary key: of several
    callers one wins. The trail is followed to its end and everybody recounted first, so that the intervals list the day by name."""
    basis = basis_now(connection)
    take_cursor(connection, basis)
    if has_snapshot(connection, basis.day):
        return False
    look_at_all(connection)
    gather(connection, basis)
    recount(connection, basis, after=take_cursor(connection, basis).position, explained=False, gathered=True)
    before = _newest_before(connection, basis.day)
    contents = _contents(connection, basis, before)
    connection.execute(DropTable(NOW))
    seal = seal_since(connection, before.parameters.get("intervals") if before else None, before.taken_at if before else None, basis.at)
    told = {**parameters(connection, basis), "format": FORMAT, "intervals": seal}
    previous = before.hash if before else BEGINNING
    row = {"day": basis.day, "taken_at": basis.at, "parameters": told, "previous_hash": previous}
    insert_once = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert_once(_s).on_conflict_do_nothing().returning(_s.c.day)
    hashed = hash_of(previous, basis.day, basis.at, told, contents)
    if connection.execute(statement, {**row, "hash": hashed}).first() is None:
        return False
    _keep(connection, basis.day, contents)
    people = sum(count.people for count in contents.counts)
    audit.record(connection, audit.Event.SNAPSHOT_TAKEN, actor=actor, day=basis.day.isoformat(), people=people, hash=hashed.hex())
    return True


def look_at_all(connection: Connection) -> None:
    """Follow the trail to its end."""
    while look(connection) >= BATCH:
        pass


def recount_everybody(connection: Connection) -> int:
    """Follow the trail and hold everybody's interval against the facts; return how many differences nothing explains."""
    look_at_all(connection)
    basis = basis_now(connection)
    return recount(connection, basis, after=take_cursor(connection, basis).position, explained=False)


def _newest_before(connection: Connection, day: date) -> Any | None:
    return connection.execute(select(_s).where(_s.c.day < day).order_by(_s.c.day.desc()).limit(1)).first()


def _contents(connection: Connection, basis: Basis, before: Any | None) -> Contents:
    counts = count_gathered(connection)
    tree = {row.id: row for row in connection.execute(select(_u.c.id, _u.c.parent_id, _u.c.code, _u.c.name, _u.c.level))}
    totals = add_up(counts, tree, basis.parameters.counts_contract_staff)
    upto = ((before.parameters.get("intervals") or {}) if before else {}).get("upto", 0)
    lines = lines_of(connection, basis, upto)
    return Contents(
        counts,
        [SimpleNamespace(**one) for one in totals],
        [SimpleNamespace(**one) for one in systems_of(connection, basis)],
        [SimpleNamespace(**dict(zip(LINE_COLUMNS, one, strict=True))) for one in lines],
    )


def _keep(connection: Connection, day: date, contents: Contents) -> None:
    counted = (*COUNT_COLUMNS, *MARKS)
    for table, columns, rows in (
        (_n, counted, contents.counts),
        (_t, TOTAL_COLUMNS, contents.totals),
        (_y, SYSTEM_COLUMNS, contents.systems),
        (_l, LINE_COLUMNS, contents.lines),
    ):
        insert_rows(connection, table, columns, [tuple(getattr(row, name) for name in columns) for row in rows], day=day)


def has_snapshot(connection: Connection, day: date) -> bool:
    """Whether the day has its figures."""
    return connection.execute(select(_s.c.day).where(_s.c.day == day)).first() is not None


def snapshot_job() -> None:
    """The worker's part: from 00:10 on, take today's snapshot when there is none and when there is anybody to count."""
    if local_now().time() < NOT_BEFORE:
        return

    def take(connection: Connection) -> None:
        if not has_snapshot(connection, local_now().date()) and connection.execute(select(_p.c.id).limit(1)).first():
            take_snapshot(connection, actor="system:snapshot")

    in_transaction(take)


def read_snapshot(connection: Connection, day: date) -> tuple[Any, Sequence[Any]] | None:
    """The snapshot of a day with its counts."""
    head = connection.execute(select(_s).where(_s.c.day == day)).first()
    if head is None:
        return None
    return head, connection.execute(select(_n).where(_n.c.day == day)).all()


def read_contents(connection: Connection, day: date) -> Contents:
    """All rows of a day."""
    return Contents(*(connection.execute(select(table).where(table.c.day == day)).all() for table in (_n, _t, _y, _l)))


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
        head = connection.execute(select(_s).where(_s.c.day == day)).one()
        contents = read_contents(connection, day)
        if head.previous_hash != previous or head.hash != hash_of(previous, head.day, head.taken_at, head.parameters, contents):
            return day  # type: ignore[no-any-return]
        previous = head.hash
    return None
