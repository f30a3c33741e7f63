"""What the API says of people, their sessions and units."""

from typing import Any

from pydantic import Field

from idp.api.wire import Key, Line, PageQuery, Shown, Told
from idp.people.models import Level, PersonState


class UnitName(Shown):
    """A unit by its key and name."""

    id: Key
    name: str


class PersonLine(Shown):
    """A person in a list."""

    id: Key
    name: str
    username: str | None
    staff_code: str | None
    title: str | None
    staff_category: str | None
    state: PersonState
    unit: UnitName | None
    level: str | None
    last_signed_in_at: Told | None


class PeoplePage(Shown):
    """A page of people; `next` is None on the last one."""

    items: list[PersonLine]
    next: str | None


class PersonTold(PersonLine):
    """All that the API says of one person."""

    mail: str | None
    phone: str | None
    source: str
    directory_locked: bool
    state_reason: str | None
    state_changed_at: Told | None
    rung: str | None = Field(description="of the tracker, B0 to B6; none for somebody who is not in post")
    factors: list[str]
    open_sessions: int
    roles: list[str]


class PeopleQuery(PageQuery):
    """What narrows a list of people."""

    q: Line | None = Field(None, description="a part of the name, username, staff code or mail address; accents do not matter")
    state: PersonState | None = None
    level: Level | None = None
    unit: Key | None = Field(None, description="this unit and all below it")


class Changed(Shown):
    """What became of a deed: whether this call did it (false: it was so already), and the person's state now."""

    done: bool
    state: PersonState


class SignedOut(Shown):
    """How many sessions ended."""

    ended: int


class SessionLine(Shown):
    """An open session of somebody."""

    id: Key
    started_at: Told
    last_seen_at: Told
    expires_at: Told
    acr: str
    amr: list[str]
    shared_pc: bool
    address: str | None
    user_agent: str | None


class SessionsPage(Shown):
    """Open sessions, newest first; `next` is None on the last page."""

    items: list[SessionLine]
    next: str | None


class UnitLine(Shown):
    """A unit of the tree. `valid_to`: the day on which it closed."""

    id: Key
    parent_id: Key | None
    code: str | None
    name: str
    level: str
    valid_from: str
    valid_to: str | None


class UnitsPage(Shown):
    """A page of units; `next` is None on the last one."""

    items: list[UnitLine]
    next: str | None


def person_line(row: Any) -> dict[str, Any]:
    """A row of the roster as a line tells it."""
    unit = UnitName(id=row.unit_id, name=row.unit_name) if row.unit_id and row.unit_name is not None else None
    same = ("id", "name", "username", "staff_code", "title", "staff_category", "level", "last_signed_in_at")
    return {**{name: getattr(row, name) for name in same}, "state": PersonState(row.state), "unit": unit}
