"""/api/v1/people, their sessions, and /api/v1/units: within the units that the client's roles reach."""

import uuid
from typing import Any

from sqlalchemy import Connection, select

from idp import access, clock
from idp.api.operations import api_blueprint, operation
from idp.api.people_shapes import (
    Changed,
    PeoplePage,
    PeopleQuery,
    PersonLine,
    PersonTold,
    SessionLine,
    SessionsPage,
    SignedOut,
    UnitLine,
    UnitsPage,
    person_line,
)
from idp.api.scopes import PATH, Scope
from idp.api.wire import PageQuery, Reason
from idp.console.person_facts import facts_of, require_session_of
from idp.console.reach import require_changeable, within
from idp.database import table_of
from idp.enrollment.rungs import IN_POST, standing
from idp.errors import NotFound
from idp.people import units
from idp.people.models import Person, PersonState, Unit
from idp.people.roster import Filters, require_person, search_people
from idp.roles.permissions import scope_of
from idp.sessions.models import BrowserSession
from idp.web.viewer import Permission, require_viewer

blueprint = api_blueprint("api_people")
PAGE_SESSIONS, PAGE_UNITS = 50, 200
ONE, SEE, SUSPEND = f"{PATH}/people/<uuid:person_id>", Permission.SEE_PEOPLE, Permission.SUSPEND_PEOPLE
_p, _s, _u = table_of(Person), table_of(BrowserSession), table_of(Unit)


@operation(
    blueprint,
    "GET",
    f"{PATH}/people",
    "listPeople",
    "People, as a staff list",
    SEE,
    Scope.PEOPLE_READ,
    query=PeopleQuery,
    answer=PeoplePage,
)
def list_people(connection: Connection, query: PeopleQuery) -> PeoplePage:
    """One page of the roster."""
    filters = Filters(
        text=query.q or "", level=query.level or "", state=query.state or "", unit_id=query.unit, within=within(Permission.SEE_PEOPLE)
    )
    page = search_people(connection, filters, after=query.after)
    return PeoplePage(items=[PersonLine(**person_line(row)) for row in page.rows], next=page.after)


@operation(blueprint, "GET", ONE, "showPerson", "One person", SEE, Scope.PEOPLE_READ, answer=PersonTold)
def show_person(connection: Connection, person_id: uuid.UUID) -> PersonTold:
    """What the console's page of a person tells, without the history."""
    row = require_person(connection, person_id, within(Permission.SEE_PEOPLE))
    facts = facts_of(connection, person_id)
    rung, in_post = connection.execute(select(standing(), IN_POST).where(_p.c.id == person_id)).one()
    more = ("mail", "phone", "source", "directory_locked", "state_reason", "state_changed_at")
    return PersonTold(
        **person_line(row), **{name: getattr(row, name) for name in more}, rung=str(rung) if in_post else None,
        factors=sorted({str(one.kind) for one in facts.factors}), open_sessions=facts.open_sessions,
        roles=sorted({str(one.role) for one in facts.roles}),
    )  # fmt: skip


@operation(blueprint, "POST", f"{ONE}/suspend", "suspendPerson", "Suspend somebody: out everywhere at once", SUSPEND, Scope.PEOPLE_WRITE,
           body=Reason, answer=Changed)  # fmt: skip
def suspend(connection: Connection, person_id: uuid.UUID, body: Reason) -> Changed:
    """Withdraw access."""
    return _change(connection, person_id, access.withdraw, body)


@operation(blueprint, "POST", f"{ONE}/restore", "restorePerson", "Let somebody sign in again", SUSPEND, Scope.PEOPLE_WRITE,
           body=Reason, answer=Changed)  # fmt: skip
def restore(connection: Connection, person_id: uuid.UUID, body: Reason) -> Changed:
    """Restore access."""
    return _change(connection, person_id, access.restore, body)


def _change(connection: Connection, person_id: uuid.UUID, deed: Any, body: Reason) -> Changed:
    require_changeable(person_id, Permission.SUSPEND_PEOPLE)
    done = deed(connection, person_id, reason=body.reason, actor=require_viewer().actor)
    return Changed(done=bool(done), state=PersonState(require_person(connection, person_id).state))


@operation(blueprint, "POST", f"{ONE}/sign-out", "signOutPerson", "End all sessions of somebody", SUSPEND, Scope.SESSIONS_END,
           body=Reason, answer=SignedOut)  # fmt: skip
def sign_out(connection: Connection, person_id: uuid.UUID, body: Reason) -> SignedOut:
    """Sign somebody out everywhere."""
    require_changeable(person_id, Permission.SUSPEND_PEOPLE)
    return SignedOut(ended=access.sign_out(connection, person_id, reason=body.reason, actor=require_viewer().actor))


@operation(blueprint, "GET", f"{ONE}/sessions", "listSessions", "Open sessions of somebody", SEE, Scope.SESSIONS_READ, query=PageQuery,
           answer=SessionsPage)  # fmt: skip
def list_sessions(connection: Connection, person_id: uuid.UUID, query: PageQuery) -> SessionsPage:
    """The newest first."""
    require_person(connection, person_id, within(Permission.SEE_PEOPLE))
    asked = select(_s).where(_s.c.person_id == person_id, _s.c.ended_at.is_(None), _s.c.expires_at > clock.now())
    if query.after:
        asked = asked.where(_s.c.id < _key(query.after))
    rows = connection.execute(asked.order_by(_s.c.id.desc()).limit(PAGE_SESSIONS + 1)).all()
    return SessionsPage(items=[_session(row) for row in rows[:PAGE_SESSIONS]], next=_next(rows, PAGE_SESSIONS))


def _session(row: Any) -> SessionLine:
    same = ("id", "last_seen_at", "expires_at", "acr", "shared_pc", "address", "user_agent")
    return SessionLine(**{name: getattr(row, name) for name in same}, started_at=row.created_at, amr=row.amr.split())


@operation(blueprint, "POST", f"{ONE}/sessions/<uuid:session_id>/end", "endSession", "End one session", SUSPEND, Scope.SESSIONS_END,
           body=Reason, answer=SignedOut)  # fmt: skip
def end_session(connection: Connection, person_id: uuid.UUID, session_id: uuid.UUID, body: Reason) -> SignedOut:
    """End one session of somebody; its applications are told."""
    require_changeable(person_id, Permission.SUSPEND_PEOPLE)
    require_session_of(connection, person_id, session_id)
    ended = access.sign_out(connection, person_id, reason=body.reason, actor=require_viewer().actor, only=session_id)
    return SignedOut(ended=ended)


@operation(
    blueprint,
    "GET",
    f"{PATH}/units",
    "listUnits",
    "Units of the tree, by key",
    Permission.OPEN_CONSOLE,
    Scope.UNITS_READ,
    query=PageQuery,
    answer=UnitsPage,
)
def list_units(connection: Connection, query: PageQuery) -> UnitsPage:
    """The whole tree, or the parts that the client's roles are for. Closed units stay in it."""
    asked = select(_u).order_by(_u.c.id).limit(PAGE_UNITS + 1)
    reach = scope_of(require_viewer().person_id, Permission.OPEN_CONSOLE).within
    if reach is not None:
        asked = asked.where(_u.c.id.in_(select(units.below(reach).c.id)))
    rows = connection.execute(asked.where(_u.c.id > _key(query.after)) if query.after else asked).all()
    return UnitsPage(items=[_unit(row) for row in rows[:PAGE_UNITS]], next=_next(rows, PAGE_UNITS))


def _unit(row: Any) -> UnitLine:
    same = {name: getattr(row, name) for name in ("id", "parent_id", "code", "name", "level")}
    return UnitLine(**same, valid_from=row.valid_from.isoformat(), valid_to=row.valid_to.isoformat() if row.valid_to else None)


def _next(rows: Any, most: int) -> str | None:
    return rows[most - 1].id.hex if len(rows) > most else None


def _key(after: str) -> uuid.UUID:
    try:
        return uuid.UUID(hex=after)
    except ValueError:
        raise NotFound("", reason="no_such_place") from None
