"""What narrows the roster, and by which index each way of narrowing it is answered."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, literal_column, not_, or_, select

from idp.database import table_of
from idp.people import units
from idp.people.models import Person, PersonState, Unit
from idp.people.names import fold, given_name_ranges, username_key
from idp.web.paging import EFFORT, Stretch

_p, _u = table_of(Person), table_of(Unit)
# As the partial index says it: a database does not know what a value sent with the statement will be.
_IS_OUT = literal_column("person.state") != literal_column("'active'")
# Of many people the unit is looked at where they stand in the list: found by its index, all of them would have to be sorted first.
UNIT_LOOKED_AT = func.coalesce(_p.c.unit_id, _p.c.unit_id)


@dataclass(frozen=True)
class Filters:
    """What narrows a search. `within`: these units and all below them, None for everybody. `conditions`: of other features."""

    text: str = ""
    level: str = ""
    state: str = ""
    unit_id: uuid.UUID | None = None
    within: Collection[uuid.UUID] | None = None
    conditions: Sequence[ColumnElement[bool]] = ()


def like(text: str) -> str:
    """The pattern of LIKE that finds `text` anywhere, its own wildcards taken literally; the escape character is a backslash."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _contains(text: str) -> ColumnElement[bool]:
    return _p.c.search_key.like(like(text), escape="\\")


def _of_units(filters: Filters, unit_id: ColumnElement[Any] = _p.c.unit_id) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.level:
        found.append(unit_id.in_(select(_u.c.id).where(_u.c.level == filters.level)))
    for unit_ids in ([filters.unit_id] if filters.unit_id is not None else None, filters.within):
        if unit_ids is not None:
            found.append(unit_id.in_(select(units.below(unit_ids).c.id)))
    return found


def conditions_of(filters: Filters) -> list[ColumnElement[bool]]:
    """All that the filters ask, for a query on persons."""
    return [*_of_units(filters), *_of_persons(filters)]


def _of_persons(filters: Filters) -> list[ColumnElement[bool]]:
    found = list(filters.conditions)
    if filters.state:
        found.append(_p.c.state == filters.state)
    if text := fold(filters.text):
        found.append(or_(_contains(text), _names_outright(filters.text)))
    return found


def stretches_of(connection: Connection, filters: Filters) -> list[Stretch]:
    """The list as stretches of indexes. Units with few people are read whole, and so are those out of service; a text is first taken for a
    username, mail address or staff code, then for a name from the family name on, then for a given name, then looked for anywhere."""
    of_units = _of_units(filters)
    if of_units and is_small(connection, of_units):
        return [Stretch(_p, _p.c.sort_key, of_units, _of_persons(filters), small=True)]
    also = [*filters.conditions, *_of_units(filters, UNIT_LOOKED_AT)]
    out: list[ColumnElement[bool]] = []
    if filters.state and filters.state != PersonState.ACTIVE:
        out = [_IS_OUT]
    if filters.state:
        also.append(_p.c.state == filters.state)
    if text := fold(filters.text):
        return _of_text(filters.text, text, out, also)
    return [Stretch(_p, _p.c.sort_key, out, also)]


def is_small(connection: Connection, conditions: Sequence[ColumnElement[bool]]) -> bool:
    """Whether these people are so few that all of them may be looked at for one page."""
    some = select(_p.c.id).where(*conditions).limit(EFFORT + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one()) <= EFFORT


def _of_text(typed: str, text: str, out: list[ColumnElement[bool]], also: list[Any]) -> list[Stretch]:
    named, begins = _names_outright(typed), and_(_p.c.search_key >= text, _p.c.search_key < _after(text))
    found = [Stretch(_p, _p.c.sort_key, [named], also, small=True)]
    if out:  # few, in an index of their own
        return [*found, Stretch(_p, _p.c.sort_key, out, [*also, _contains(text), _but(named)])]
    found.append(Stretch(_p, _p.c.search_key, [begins], [*also, _but(named)]))
    ranges, rest = _given_names(text)
    further = [*also, _but(named), not_(begins)]
    found += [Stretch(_p, _p.c.sort_key, [_p.c.sort_key >= first, _p.c.sort_key < end], [*further, *rest]) for first, end in ranges]
    by_given_name = and_(or_(false(), *(and_(_p.c.sort_key >= first, _p.c.sort_key < end) for first, end in ranges)), *rest)
    return [*found, Stretch(_p, _p.c.sort_key, (), [*further, not_(by_given_name), _contains(text)])]


def _names_outright(typed: str) -> ColumnElement[bool]:
    key = username_key(typed)
    keys = [_p.c.username_key == key, _p.c.mail_key == key] if key else []
    return or_(_p.c.staff_code == typed.strip(), *keys)


def _but(named: ColumnElement[bool]) -> ColumnElement[bool]:
    return func.coalesce(named, false()).is_(False)  # who has no mail address is not to be left out


def _given_names(text: str) -> tuple[list[tuple[bytes, bytes]], list[ColumnElement[bool]]]:
    """Where people stand whose given name is the last word, and what else must be found of them: "mai", "thi mai", "vang mai"."""
    *others, last = text.split(" ")
    return given_name_ranges(last), [_contains(word) for word in others]


def _after(text: str) -> str:
    """The first text that does not begin with this one."""
    return text[:-1] + chr(min(ord(text[-1]) + 1, 0x10FFFF))
