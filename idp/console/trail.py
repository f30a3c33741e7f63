"""The audit trail as people read it: filtered, newest first, a page at a time, with names in place of keys."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, func, literal, select

from clients.models import Client
from idp.audit import LONGEST_TRANSACTION, AuditEvent, AuditLink
from idp.console.words import sentence
from idp.database import table_of
from idp.people.models import Person
from idp.web import paging
from idp.web.paging import EFFORT, PAGE_ROWS, Page, Stretch

SLACK = timedelta(minutes=1)  # an event's id is made a moment after its time is taken
_e, _l, _p, _c = table_of(AuditEvent), table_of(AuditLink), table_of(Person), table_of(Client)
_id_at = select(_e.c.id)
_AT = func.coalesce(_e.c.at, _e.c.at)  # looked at where the event stands: found by the index of times, all would have to be sorted


@dataclass(frozen=True)
class Filters:
    """What narrows the trail; `since` counts in, `until` does not. `person_id`: whom it is about; what somebody did is found by `actor`."""

    since: datetime | None = None
    until: datetime | None = None
    event: str = ""
    actor: str = ""
    person_id: uuid.UUID | None = None
    client_id: uuid.UUID | None = None
    request_id: str = ""
    address: str = ""


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


def _narrowed_by(filters: Filters) -> list[ColumnElement[bool]]:
    """Each condition that an index of its own answers, the narrowest kind first."""
    exact = {
        _e.c.request_id: filters.request_id.strip().upper(), _e.c.person_id: filters.person_id, _e.c.address: filters.address.strip(),
        _e.c.actor: filters.actor, _e.c.client_id: filters.client_id, _e.c.event: filters.event,
    }  # fmt: skip
    return [column == value for column, value in exact.items() if value]


def stretch_of(connection: Connection, filters: Filters) -> Stretch | None:
    """The trail as one index read from its end: by the narrowest of what is asked, within the ids of the days asked for. None: nothing
    can match."""
    found_by, also = _narrowed_by(filters), []
    if len(found_by) > 1:
        few = [(_is_few(connection, condition), -number) for number, condition in enumerate(found_by)]
        best = -max(few)[1]
        also = [condition for number, condition in enumerate(found_by) if number != best]
        found_by = [found_by[best]]
    if filters.since:
        oldest = connection.execute(_id_at.where(_e.c.at >= filters.since - SLACK).order_by(_e.c.at).limit(1)).scalar()
        if oldest is None:
            return None
        found_by.append(_e.c.id >= _moved(oldest, -SLACK))
        also.append(literal(filters.since, _e.c.at.type) <= _AT)
    if filters.until:
        newest = connection.execute(_id_at.where(_e.c.at < filters.until + SLACK).order_by(_e.c.at.desc()).limit(1)).scalar()
        if newest is None:
            return None
        found_by.append(_e.c.id <= _moved(newest, SLACK))
        also.append(literal(filters.until, _e.c.at.type) > _AT)
    return Stretch(_e, None, found_by, also, descending=True)


def _is_few(connection: Connection, condition: ColumnElement[bool]) -> bool:
    some = select(_e.c.id).where(condition).limit(EFFORT).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) < EFFORT


def _moved(event_id: uuid.UUID, span: timedelta) -> uuid.UUID:
    return uuid.UUID(int=max(0, event_id.int + (int(span.total_seconds() * 1000) << 80)))


def find_events(
    connection: Connection,
    filters: Filters,
    *,
    after: str | None = None,
    before: str | None = None,
    most: int = PAGE_ROWS,
    effort: int = EFFORT,
) -> Page:
    """One page of the events that match, told, newest first. Raises NotFound for a place never given."""
    stretch = stretch_of(connection, filters)
    if stretch is None:
        return Page(())
    page = paging.read_page(connection, select(_e), [stretch], after=after, before=before, most=most, effort=effort)
    return replace(page, rows=told(connection, page.rows))


def read_page(connection: Connection, filters: Filters, after: str | None = None, most: int = PAGE_ROWS) -> tuple[list[Line], str | None]:
    """The newest events that match, and the place after which older ones go on; a page may be shorter though there are more. Raises
    NotFound for a place never given."""
    page = find_events(connection, filters, after=after, most=most)
    return list(page.rows), page.after


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


def actor_told(connection: Connection, actor: str) -> str:
    """Who did it, of one deed alone."""
    kind, _separator, name = actor.partition(":")
    if kind != "person":
        return actor_words(actor, {})
    try:
        return find_name(connection, uuid.UUID(name)) or name
    except ValueError:
        return name


def actor_words(actor: str, people: dict[uuid.UUID, str]) -> str:
    """Who did it: a person's name, an application, the command line, or the system itself."""
    kind, separator, name = actor.partition(":")
    if not separator:
        return _("Người chưa đăng nhập") if actor == "anonymous" else _("Hệ thống (%(name)s)", name=actor)
    if kind == "person":
        try:
            return people.get(uuid.UUID(name), name)
        except ValueError:
            return name
    words = {"client": _("Ứng dụng %(name)s", name=name), "cli": _("Dòng lệnh (%(name)s)", name=name),
             "emergency": _("Truy cập khẩn cấp (%(name)s)", name=name)}  # fmt: skip
    return words.get(kind) or _("Hệ thống (%(name)s)", name=name)


def find_name(connection: Connection, person_id: uuid.UUID) -> str | None:
    """The name of a person; None for nobody."""
    return connection.execute(select(_p.c.name).where(_p.c.id == person_id)).scalar()


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
