"""The audit trail as a witness: what it says was frozen, closed and signed stands on its own chain, and must be what is stored.

Whoever rewrote a day and all hashes after it would still have to rewrite the chain of the trail.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from idp.audit import AuditEvent, Event
from idp.database import table_of
from idp.enrollment.models import Closing, ClosingSignature, Snapshot

_e, _s, _c, _g = table_of(AuditEvent), table_of(Snapshot), table_of(Closing), table_of(ClosingSignature)


def differences(connection: Connection) -> Iterator[tuple[str, date | None, str, str, str]]:
    """(table, day, row, stored, what the trail says) for each that differs, "" where there is none. The first releases wrote no hash
    into the trail: of their days nothing is said."""
    yield from _of_snapshots(connection)
    yield from _of_closings(connection)


def _told(connection: Connection, *events: Event) -> Iterator[Mapping[str, Any]]:
    query = select(_e.c.detail).where(_e.c.event.in_([event.value for event in events])).order_by(_e.c.id)
    for detail in connection.execute(query).scalars():
        if detail and detail.get("hash"):
            yield detail


def _of_snapshots(connection: Connection) -> Iterator[tuple[str, date | None, str, str, str]]:
    stored = {row.day: row for row in connection.execute(select(_s.c.day, _s.c.hash, _s.c.parameters))}
    witnessed = {date.fromisoformat(one["day"]): str(one["hash"]) for one in _told(connection, Event.SNAPSHOT_TAKEN)}
    for day in sorted(stored.keys() | witnessed.keys()):
        row, said = stored.get(day), witnessed.get(day, "")
        found = row.hash.hex() if row else ""
        if said != found and (said or (row and row.parameters.get("format", 1) > 1)):
            yield "snapshot", day, "hash is not the one in the audit trail", found, said


def _of_closings(connection: Connection) -> Iterator[tuple[str, date | None, str, str, str]]:
    stored = {(row.kind, row.period, row.version): row.hash.hex() for row in connection.execute(select(_c))}
    made = {_key(one): str(one["hash"]) for one in _told(connection, Event.CLOSING_MADE, Event.CLOSING_CORRECTED)}
    for key in sorted(stored.keys() | made.keys()):
        if stored.get(key) != made.get(key):
            words = f"{key[0]} {key[1]}, version {key[2]}: hash is not the one in the audit trail"
            yield "closing", None, words, stored.get(key, ""), made.get(key, "")
    signed = {(row.kind, row.period, row.version) for row in connection.execute(select(_c).join(_g, _g.c.sequence == _c.c.sequence))}
    for key in sorted(signed ^ {_key(one) for one in _told(connection, Event.CLOSING_SIGNED)}):
        there = "signed" if key in signed else ""
        words = f"{key[0]} {key[1]}, version {key[2]}: signature is not the one in the audit trail"
        yield "closing_signature", None, words, there, "" if there else "signed"


def _key(one: Mapping[str, Any]) -> tuple[str, str, int]:
    return str(one["kind"]), str(one["period"]), int(one["version"])
