"""Closings: the figures of a period fixed on a snapshot, signed by a named person; a correction is a further version with its reason.

Nothing here is ever changed: versions and signatures are rows added to a chain of their own.
"""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.exc import IntegrityError

from idp import audit, clock
from idp.database import table_of
from idp.enrollment.day_facts import Day, Line
from idp.enrollment.figures_of_day import day_of
from idp.enrollment.models import Closing, ClosingSignature, Snapshot
from idp.enrollment.parameters import local_now
from idp.enrollment.periods import PeriodKind, closing_day
from idp.errors import NotFound, Refusal
from idp.people.models import Person

BEGINNING = bytes(32)
_c, _g, _p, _s = table_of(Closing), table_of(ClosingSignature), table_of(Person), table_of(Snapshot)
_with_signature = select(_c, _g.c.person_id, _g.c.name, _g.c.title, _g.c.signed_at, _g.c.hash.label("signature_hash")).select_from(
    _c.outerjoin(_g, _g.c.sequence == _c.c.sequence)
)


def close_period(connection: Connection, kind: PeriodKind, period: str, *, actor: str, day: date | None = None, reason: str = "") -> int:
    """Fix a period on the snapshot of its 14th, or on that of another day with a reason; return the sequence number of the closing.
    Raises Refusal: before the day, for a day without a snapshot, or when the period is closed already (correct it then)."""
    if find_versions(connection, kind, period):
        raise Refusal(_("Kỳ này đã chốt; muốn sửa thì đính chính, kèm lý do."), "closed_already")
    return _add(connection, kind, period, 1, day, reason, actor)


def correct(connection: Connection, kind: PeriodKind, period: str, *, reason: str, actor: str, day: date | None = None) -> int:
    """A further version of a closed period, with a reason; it must be signed anew, and those before stay as they were."""
    versions = find_versions(connection, kind, period)
    if not versions:
        raise Refusal(_("Kỳ này chưa chốt."), "not_closed")
    if not reason.strip():
        raise Refusal(_("Đính chính cần ghi lý do."), "reason_missing")
    return _add(connection, kind, period, versions[-1].version + 1, day, reason, actor)


def sign(connection: Connection, sequence: int, person_id: uuid.UUID, *, actor: str) -> None:
    """Sign the newest version of a closing in one's own name. Raises NotFound or Refusal: signed already, or not the newest."""
    closing = connection.execute(_with_signature.where(_c.c.sequence == sequence)).first()
    person = connection.execute(select(_p.c.name, _p.c.title).where(_p.c.id == person_id)).first()
    if closing is None or person is None:
        raise NotFound(_("Không có bản chốt này."))
    newest = find_versions(connection, PeriodKind(closing.kind), closing.period)[-1]
    if newest.sequence != sequence:
        raise Refusal(_("Đã có bản đính chính mới hơn; ký bản đó."), "newer_version")
    row = {
        "sequence": sequence, "person_id": person_id, "name": person.name, "title": person.title or "", "signed_at": clock.now(),
    }  # fmt: skip
    try:
        connection.execute(insert(_g), {**row, "hash": _hash_of(closing.hash, _words_of_signature(row))})
    except IntegrityError:
        raise Refusal(_("Bản chốt này đã được ký."), "signed_already") from None
    audit.record(
        connection, audit.Event.CLOSING_SIGNED, actor=actor, person_id=person_id, kind=closing.kind, period=closing.period,
        version=closing.version, hash=closing.hash.hex(),
    )  # fmt: skip


def list_closings(connection: Connection) -> Sequence[Any]:
    """All versions of all periods with their signatures (None where unsigned), newest first."""
    return connection.execute(_with_signature.order_by(_c.c.sequence.desc())).all()


def find_versions(connection: Connection, kind: PeriodKind, period: str) -> Sequence[Any]:
    """The versions of one period, oldest first."""
    of_period = _with_signature.where(_c.c.kind == kind.value, _c.c.period == period)
    return connection.execute(of_period.order_by(_c.c.version)).all()


def first_broken_closing(connection: Connection) -> tuple[int, str] | None:
    """The first closing that is not what was closed or signed: its number and which of "closing" and "signature"; None: all hold."""
    previous = BEGINNING
    frozen = {row.day: row.hash for row in connection.execute(select(_s.c.day, _s.c.hash))}
    for number, row in enumerate(connection.execute(_with_signature.order_by(_c.c.sequence)), start=1):
        holds = row.previous_hash == previous and row.hash == _hash_of(previous, _words_of_closing(row._mapping))
        if row.sequence != number or not holds or frozen.get(row.day) != row.snapshot_hash:
            return number, "closing"
        if row.signature_hash is not None and row.signature_hash != _hash_of(row.hash, _words_of_signature(row._mapping)):
            return number, "signature"
        previous = row.hash
    return None


def _add(connection: Connection, kind: PeriodKind, period: str, version: int, day: date | None, reason: str, actor: str) -> int:
    due = closing_day(kind, period)
    chosen = day or due
    if due > local_now().date():
        raise Refusal(_("Kỳ này chốt vào ngày %(day)s.", day=f"{due:%d/%m/%Y}"), "too_early")
    if chosen != due and not reason.strip():
        raise Refusal(_("Chốt theo ngày khác ngày 14 cần ghi lý do."), "reason_missing")
    found = _day_or_refusal(connection, chosen)
    newest = connection.execute(select(_c.c.sequence, _c.c.hash).order_by(_c.c.sequence.desc()).limit(1)).first()
    previous = newest.hash if newest else BEGINNING
    row: dict[str, Any] = {
        "sequence": newest.sequence + 1 if newest else 1, "kind": kind.value, "period": period, "version": version, "day": chosen,
        "snapshot_hash": found.hash, "figures": figures_of(found), "reason": reason, "made_by": actor, "made_at": clock.now(),
    }  # fmt: skip
    row |= {"previous_hash": previous, "hash": _hash_of(previous, _words_of_closing(row))}
    try:
        connection.execute(insert(_c), row)
    except IntegrityError:
        raise Refusal(_("Vừa có người chốt; tải lại trang rồi thử lại."), "closed_meanwhile") from None
    event = audit.Event.CLOSING_MADE if version == 1 else audit.Event.CLOSING_CORRECTED
    about: dict[str, Any] = {"kind": kind.value, "period": period, "version": version, "day": chosen.isoformat(), "hash": row["hash"].hex()}
    audit.record(connection, event, actor=actor, reason=reason, **about)
    sequence: int = row["sequence"]
    return sequence


def _day_or_refusal(connection: Connection, day: date) -> Day:
    try:
        return day_of(connection, day)
    except NotFound:
        before = connection.execute(select(func.max(_s.c.day)).where(_s.c.day < day)).scalar()
        near = f"{before:%d/%m/%Y}" if before else "—"
        words = _("Ngày %(day)s không có số liệu chốt; ngày gần nhất trước đó: %(near)s.", day=f"{day:%d/%m/%Y}", near=near)
        raise Refusal(words, "no_snapshot") from None


def figures_of(day: Day) -> dict[str, Any]:
    """What is signed: the figures of the whole, levels and categories, the coverage of systems, the targets, the parameters."""

    def plain(line: Line) -> dict[str, Any]:
        return {"key": line.key, **asdict(line.figures), "rungs": list(line.figures.rungs)}

    return {
        "whole": plain(day.whole),
        "levels": [plain(line) for line in day.levels],
        "categories": [plain(line) for line in day.categories],
        "coverage": asdict(day.coverage),
        "targets": [asdict(target) | {"by": target.by.isoformat()} for target in day.targets()],
        "parameters": dict(day.parameters),
    }


def _words_of_closing(row: Any) -> list[Any]:
    return [
        row["sequence"], row["kind"], row["period"], row["version"], row["day"].isoformat(), row["snapshot_hash"].hex(), row["figures"],
        row["reason"], row["made_by"], row["made_at"].isoformat(),
    ]  # fmt: skip


def _words_of_signature(row: Any) -> list[Any]:
    return [row["sequence"], str(row["person_id"]), row["name"], row["title"], row["signed_at"].isoformat()]


def _hash_of(previous: bytes, told: list[Any]) -> bytes:
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()
