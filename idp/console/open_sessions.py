"""Who is signed in at this moment, across people: newest sign-in first, narrowed, a page at a time."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select

from clients.models import Client
from idp import clock
from idp.database import table_of
from idp.oidc.models import Authorization
from idp.people import units
from idp.people.models import Person, Unit
from idp.people.narrowing import UNIT_LOOKED_AT, is_small
from idp.sessions.models import BrowserSession
from idp.web.paging import PAGE_ROWS, Page, Stretch, read_page

EFFORT = 2500  # rows: each is looked at together with its person
_s, _p, _u = table_of(BrowserSession), table_of(Person), table_of(Unit)
_a, _c = table_of(Authorization), table_of(Client)
LINES = select(
    _s.c.id, _s.c.person_id, _s.c.created_at, _s.c.last_seen_at, _s.c.expires_at, _s.c.address, _s.c.user_agent, _s.c.acr, _s.c.shared_pc,
    _p.c.name, _p.c.username, _p.c.unit_id, _u.c.name.label("unit_name"),
).select_from(_s.join(_p, _p.c.id == _s.c.person_id).outerjoin(_u, _u.c.id == _p.c.unit_id))  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What narrows the list. `within`: people of these units and all below them, None for everybody; `client_id`: who entered it in the
    session and has not been signed out of it."""

    person_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    within: Collection[uuid.UUID] | None = None
    address: str = ""
    client_id: uuid.UUID | None = None
    shared_pc: bool = False


def stretch_of(connection: Connection, filters: Filters) -> Stretch:
    """The list as one index of the open sessions, read from its end; of few people, all their open sessions."""
    is_open = _s.c.ended_at.is_(None)
    of_people = _of_people(filters)
    also: list[ColumnElement[bool]] = [_s.c.expires_at > clock.now()]
    if filters.shared_pc:
        also.append(_s.c.shared_pc.is_(True))
    if filters.client_id:
        also.append(exists().where(_a.c.session_id == _s.c.id, _a.c.client_id == filters.client_id, _a.c.revoked_at.is_(None)))
    if filters.person_id:
        also += [_p.c.id == _s.c.person_id, *of_people, *_at(filters)]
        return Stretch(_s, None, [is_open, _s.c.person_id == filters.person_id], also, descending=True, small=True)
    if of_people and is_small(connection, of_people):
        members = _s.c.person_id.in_(select(_p.c.id).where(*of_people))
        return Stretch(_s, None, [is_open, members], [*also, *_at(filters)], descending=True, small=True)
    return Stretch(_s, None, [is_open, *_at(filters)], [*also, *_of_people(filters, UNIT_LOOKED_AT)], descending=True)


def _at(filters: Filters) -> list[ColumnElement[bool]]:
    return [_s.c.address == filters.address] if filters.address else []


def _of_people(filters: Filters, unit_id: ColumnElement[Any] = _p.c.unit_id) -> list[ColumnElement[bool]]:
    reaches = ([filters.unit_id] if filters.unit_id is not None else None, filters.within)
    return [unit_id.in_(select(units.below(reach).c.id)) for reach in reaches if reach is not None]


@dataclass(frozen=True)
class OpenSession:
    """One line of the list: the row, and the applications entered in it."""

    row: Any
    applications: tuple[str, ...]


def find_sessions(
    connection: Connection, filters: Filters, *, after: str | None = None, before: str | None = None, most: int = PAGE_ROWS
) -> Page:
    """One page of them, each with the names of the applications entered. Raises NotFound for a place never given."""
    page = read_page(connection, LINES, [stretch_of(connection, filters)], after=after, before=before, most=most, effort=EFFORT)
    entered = _applications(connection, [row.id for row in page.rows])
    return replace(page, rows=[OpenSession(row, tuple(entered.get(row.id, ()))) for row in page.rows])


def _applications(connection: Connection, session_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    query = (
        select(_a.c.session_id, _c.c.client_name)
        .distinct()
        .join(_c, _c.c.id == _a.c.client_id)
        .where(_a.c.session_id.in_(session_ids), _a.c.revoked_at.is_(None))
        .order_by(_c.c.client_name)
    )
    found: dict[uuid.UUID, list[str]] = {}
    for session_id, name in connection.execute(query) if session_ids else ():
        found.setdefault(session_id, []).append(name)
    return found
