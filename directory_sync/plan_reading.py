"""A plan as it is looked at: by agency, a page of lines at a time, with what it will cost those whom it takes out."""

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from clients.models import Client
from directory_sync.models import ChangeKind, PlanLine
from idp import clock
from idp.database import table_of
from idp.oidc.models import Authorization
from idp.people import units
from idp.people.models import Unit
from idp.people.names import fold
from idp.people.roster import like
from idp.roles.models import RoleGrant
from idp.sessions.models import BrowserSession

PAGE_LINES = 50
RISKY = (ChangeKind.SUSPENDED.value, ChangeKind.UNIT_CLOSED.value)
_l, _u, _s, _a, _c, _g = (table_of(record) for record in (PlanLine, Unit, BrowserSession, Authorization, Client, RoleGrant))


@dataclass(frozen=True)
class Agency:
    """A unit with what the plan does in it and below: how many of each kind, and how many the guard objects to. `unit_id` None:
    changes of no unit."""

    unit_id: uuid.UUID | None
    name: str | None
    kinds: Mapping[str, int]
    over: int

    @property
    def risk(self) -> tuple[int, int, int]:
        """By what it is sorted: objected to, taken out, all."""
        return self.over, sum(self.kinds.get(kind, 0) for kind in RISKY), sum(self.kinds.values())


@dataclass(frozen=True)
class LineFilters:
    """What narrows the lines. `within`: the units that the viewer may see, None for all."""

    within: Collection[uuid.UUID] | None = None
    unit_id: uuid.UUID | None = None
    kind: str = ""
    text: str = ""
    only_over: bool = False


@dataclass(frozen=True)
class Consequences:
    """What whoever is taken out loses: sessions that end, and people by application; and who of them holds a role here."""

    people: int = 0
    sessions: int = 0
    officers: int = 0
    applications: Sequence[tuple[str, int]] = field(default_factory=list)


def _narrowed(query: Select[Any], run_id: uuid.UUID, filters: LineFilters) -> Select[Any]:
    query = query.where(_l.c.run_id == run_id)
    for part in (filters.within, [filters.unit_id] if filters.unit_id else None):
        if part is not None:
            inside = select(units.below(part).c.id)
            query = query.where(or_(_l.c.unit_id.in_(inside), _l.c.to_unit_id.in_(inside)))
    if filters.kind:
        query = query.where(_l.c.kind == filters.kind)
    if text := fold(filters.text):
        query = query.where(_l.c.search_key.like(like(text), escape="\\"))
    return query.where(_l.c.is_over.is_(True)) if filters.only_over else query


def page_of_lines(
    connection: Connection, run_id: uuid.UUID, filters: LineFilters, after: uuid.UUID | None
) -> tuple[Sequence[Any], uuid.UUID | None]:
    """One page of lines, and the last one of it when more follow."""
    query = _narrowed(select(_l), run_id, filters).order_by(_l.c.id).limit(PAGE_LINES + 1)
    rows = connection.execute(query.where(_l.c.id > after) if after else query).all()
    return rows[:PAGE_LINES], rows[PAGE_LINES - 1].id if len(rows) > PAGE_LINES else None


def count_kinds(connection: Connection, run_id: uuid.UUID, filters: LineFilters) -> dict[str, int]:
    """How many lines of each kind."""
    query = _narrowed(select(_l.c.kind, func.count().label("lines")), run_id, filters).group_by(_l.c.kind)
    return {row.kind: row.lines for row in connection.execute(query)}


def count_explained(connection: Connection, run_id: uuid.UUID) -> int:
    """How many lines a reorganisation explains."""
    return int(connection.execute(select(func.count()).where(_l.c.run_id == run_id, _l.c.is_explained.is_(True))).scalar_one())


def agencies_of(connection: Connection, run_id: uuid.UUID, filters: LineFilters) -> list[Agency]:
    """The units right below the one that is looked at (or the top ones), each with all that happens below it, worst first."""
    parents: dict[uuid.UUID, uuid.UUID | None] = {}
    names: dict[uuid.UUID, str] = {}
    for row in connection.execute(select(_u.c.id, _u.c.parent_id, _u.c.name)):
        parents[row.id], names[row.id] = row.parent_id, row.name
    query = _narrowed(select(_l.c.unit_id, _l.c.kind, _l.c.is_over, func.count().label("lines")), run_id, filters)
    kinds: dict[uuid.UUID | None, Counter[str]] = {}
    over: Counter[uuid.UUID | None] = Counter()
    for row in connection.execute(query.group_by(_l.c.unit_id, _l.c.kind, _l.c.is_over)):
        unit_id = _child_of(filters.unit_id, row.unit_id, parents)
        kinds.setdefault(unit_id, Counter())[row.kind] += row.lines
        over[unit_id] += row.lines if row.is_over else 0
    found = [Agency(unit_id, names.get(unit_id) if unit_id else None, counted, over[unit_id]) for unit_id, counted in kinds.items()]
    return sorted(found, key=lambda agency: (tuple(-part for part in agency.risk), agency.name or ""))


def _child_of(top: uuid.UUID | None, unit_id: uuid.UUID | None, parents: Mapping[uuid.UUID, uuid.UUID | None]) -> uuid.UUID | None:
    """The unit right below `top` on the way up from a unit; the unit itself when the way does not lead there."""
    here = unit_id
    for _depth in range(units.DEEPEST):
        if here is None or here == top or parents.get(here) == top:
            return here
        here = parents.get(here)
    return unit_id


def consequences_of(connection: Connection, run_id: uuid.UUID, filters: LineFilters) -> Consequences:
    """What the plan's suspensions will end, counted now."""
    out = _narrowed(select(_l.c.person_id), run_id, filters).where(_l.c.kind == ChangeKind.SUSPENDED.value)
    people = connection.execute(select(func.count()).select_from(out.subquery())).scalar_one()
    if not people:
        return Consequences()
    open_sessions = (
        select(func.count())
        .select_from(_s)
        .where(_s.c.ended_at.is_(None), _s.c.expires_at > bindparam("now", type_=_s.c.expires_at.type), _s.c.person_id.in_(out))
    )
    officers = select(func.count(_g.c.person_id.distinct())).where(_g.c.revoked_at.is_(None), _g.c.person_id.in_(out))
    applications = (
        select(_c.c.client_name, func.count(_a.c.person_id.distinct()).label("people"))
        .join(_a, _a.c.client_id == _c.c.id)
        .where(_a.c.revoked_at.is_(None), _a.c.person_id.in_(out))
        .group_by(_c.c.id, _c.c.client_name)
        .order_by(func.count(_a.c.person_id.distinct()).desc(), _c.c.client_name)
    )
    return Consequences(
        people,
        connection.execute(open_sessions, {"now": clock.now()}).scalar_one(),
        connection.execute(officers).scalar_one(),
        [(row.client_name, row.people) for row in connection.execute(applications)],
    )
