"""The audit trail as people read it: filtered, newest first, a page at a time, with names in place of keys."""

import base64
import binascii
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from clients.models import Client
from idp.audit import LONGEST_TRANSACTION, AuditEvent, AuditLink
from idp.console.words import sentence
from idp.database import table_of
from idp.errors import NotFound
from idp.people.models import Person

PAGE_ROWS = 50
EXPORT_BATCH = 500
LONGEST_EXPORT = 100_000  # rows
_e, _l, _p, _c = table_of(AuditEvent), table_of(AuditLink), table_of(Person), table_of(Client)


@dataclass(frozen=True)
class Filters:
    """What narrows the trail; `since` counts in, `until` does not."""

    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    actor: str = ""
    person_id: uuid.UUID | None = None
    client_id: uuid.UUID | None = None
    request_id: str = ""


@dataclass(frozen=True)
class Line:
    """One event, told. `actor` is who did it, in words; `raw` all that was recorded."""

    id: uuid.UUID
    at: datetime
    event: str
    actor: str
    told: str
    person_id: uuid.UUID | None
    address: str | None
    request_id: str | None
    raw: dict[str, Any] = field(repr=False)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found = []
    if filters.since:
        found.append(_e.c.at >= filters.since)
    if filters.until:
        found.append(_e.c.at < filters.until)
    if filters.person_id:
        found.append(or_(_e.c.person_id == filters.person_id, _e.c.actor == f"person:{filters.person_id}"))
    exact = {_e.c.event: filters.event, _e.c.actor: filters.actor, _e.c.request_id: filters.request_id.strip().upper()}
    found += [column == value for column, value in {**exact, _e.c.client_id: filters.client_id}.items() if value]
    return found


def read_page(connection: Connection, filters: Filters, after: str | None = None, most: int = PAGE_ROWS) -> tuple[list[Line], str | None]:
    """The newest events that match, and the place after which older ones go on. Raises NotFound for a place never given."""
    query = select(_e).where(*_conditions(filters)).order_by(_e.c.at.desc(), _e.c.id.desc()).limit(most + 1)
    if after:
        query = query.where(_older_than(after))
    rows = connection.execute(query).all()
    page, more = rows[:most], len(rows) > most
    return told(connection, page), _place_of(page[-1]) if more else None


def _place_of(row: Any) -> str:
    return base64.urlsafe_b64encode(row.at.isoformat().encode() + row.id.bytes).rstrip(b"=").decode()


def _older_than(after: str) -> ColumnElement[bool]:
    try:
        raw = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        at, event_id = datetime.fromisoformat(raw[:-16].decode()), uuid.UUID(bytes=raw[-16:])
        if at.tzinfo is None:
            raise ValueError
        at = at.astimezone(UTC)
    except (ValueError, OverflowError, binascii.Error):
        raise NotFound(_("Trang này không còn. Lọc lại từ đầu.")) from None
    return or_(_e.c.at < at, and_(_e.c.at == at, _e.c.id < event_id))


def told(connection: Connection, rows: Sequence[Any]) -> list[Line]:
    """Events in words; names are read for all of them at once."""
    people = _names_of_people(connection, rows)
    clients = _names(connection, select(_c.c.id, _c.c.client_name).where(_c.c.id.in_({row.client_id for row in rows if row.client_id})))
    return [
        Line(
            row.id,
            row.at,
            row.event,
            actor_words(row.actor, people),
            sentence(row.event, row.detail, people.get(row.person_id), clients.get(row.client_id)),
            row.person_id,
            row.address,
            row.request_id,
            {name: value for name, value in row._mapping.items() if name not in ("id", "at")},
        )
        for row in rows
    ]


def _names_of_people(connection: Connection, rows: Sequence[Any]) -> dict[uuid.UUID, str]:
    wanted = {row.person_id for row in rows if row.person_id}
    for row in rows:
        kind, _sep, name = row.actor.partition(":")
        if kind == "person":
            try:
                wanted.add(uuid.UUID(name))
            except ValueError:
                continue
    return _names(connection, select(_p.c.id, _p.c.name).where(_p.c.id.in_(wanted)))


def _names(connection: Connection, query: Any) -> dict[uuid.UUID, str]:
    return {row[0]: row[1] for row in connection.execute(query)}


def actor_words(actor: str, people: dict[uuid.UUID, str]) -> str:
    """Who did it: a person's name, an application, the command line, or the system itself."""
    kind, separator, name = actor.partition(":")
    if not separator:
        return _("Người chưa đăng nhập") if actor == "anonymous" else actor
    if kind == "person":
        try:
            return people.get(uuid.UUID(name), name)
        except ValueError:
            return name
    words = {"client": _("Ứng dụng %(name)s", name=name), "cli": _("Dòng lệnh (%(name)s)", name=name),
             "emergency": _("Truy cập khẩn cấp (%(name)s)", name=name)}  # fmt: skip
    return words.get(kind) or _("Hệ thống (%(name)s)", name=name)


def export(connection: Connection, filters: Filters) -> Iterator[Line]:
    """All events that match, newest first, at most 100,000, read in batches as they are sent."""
    after: str | None = None
    for _number in range(LONGEST_EXPORT // EXPORT_BATCH):
        lines, after = read_page(connection, filters, after, EXPORT_BATCH)
        yield from lines
        if after is None:
            return


@dataclass(frozen=True)
class ChainState:
    """How far the chain of hashes reaches: `waiting` events are not linked yet."""

    links: int
    waiting: int
    linked_until: datetime | None
    newest_hash: bytes | None


def chain_state(connection: Connection) -> ChainState:
    """The end of the chain, without recomputing it."""
    newest = connection.execute(
        select(_l.c.position, _l.c.hash, _e.c.at).join(_e, _e.c.id == _l.c.event_id).order_by(_l.c.position.desc()).limit(1)
    ).first()
    waiting = select(func.count()).select_from(_e.outerjoin(_l, _l.c.event_id == _e.c.id)).where(_l.c.event_id.is_(None))
    if newest is None:
        return ChainState(0, connection.execute(waiting).scalar_one(), None, None)
    recent = waiting.where(_e.c.at > newest.at - LONGEST_TRANSACTION)
    return ChainState(newest.position, connection.execute(recent).scalar_one(), newest.at, newest.hash)
