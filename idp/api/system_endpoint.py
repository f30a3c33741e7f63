"""/api/v1/systems: the catalogue of systems of all levels. That a system is integrated is vouched for by named people, not here."""

import hashlib
import uuid
from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Literal

from flask_babel import gettext as _
from pydantic import Field
from sqlalchemy import Connection, bindparam, select

from clients import catalogue
from clients.catalogue import LEVELS, Standing, System
from clients.catalogue_models import OwnPasswords, Protocol
from idp.api.client_shapes import Day
from idp.api.operations import api_blueprint, operation
from idp.api.scopes import PATH, Scope
from idp.api.wire import AS_WHOLE, Answer, Asked, Key, Line, PageQuery, Reason, Shown, Text, Told
from idp.database import table_of
from idp.errors import NotFound, Refusal
from idp.people.models import Unit
from idp.web.problems import NotAsDeclared
from idp.web.viewer import Permission, require_viewer

blueprint = api_blueprint("api_systems")
PAGE = 100
SYSTEMS, ONE = f"{PATH}/systems", f"{PATH}/systems/<code>"
SEE, CHANGE = Permission.SEE_SYSTEMS, Permission.CHANGE_SYSTEMS
_u = table_of(Unit)
_unit = select(_u.c.id).where(_u.c.id == bindparam("unit"))


class SystemsQuery(PageQuery):
    """What narrows the list."""

    standing: Standing | None = None


class SystemParts(Asked):
    """What is written down of a system; what is left out stays, or is empty in a new one."""

    name: Line | None = None
    purpose: Text | None = None
    owner_unit_id: Key | None = None
    contact: Text | None = None
    level: Literal[LEVELS] | None = None  # type: ignore[valid-type]
    protocol: Protocol | None = None
    security_level: Annotated[int, Field(ge=1, le=5), AS_WHOLE] | None = None
    in_scope: bool | None = None
    client_id: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9._~-]*$")] | None = Field(
        None, description="the application that it is connected as; empty for none"
    )
    own_passwords_left: OwnPasswords | None = None
    accounts: Annotated[int, Field(ge=0, le=catalogue.MOST_ACCOUNTS), AS_WHOLE] | None = None
    planned_on: Day | None = None
    notes: Text | None = None


class SystemWanted(SystemParts):
    """A system to be written down. The code stays."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    name: Line = Field(min_length=1)


class SystemTold(Shown):
    """A system of the catalogue. `standing`: how far it is, as it follows from the rest."""

    code: str
    name: str
    purpose: str
    owner_unit_id: Key | None
    contact: str
    level: str
    protocol: str
    security_level: int | None
    in_scope: bool
    client_id: str | None
    own_passwords_left: str
    accounts: int | None
    planned_on: str | None
    notes: str
    standing: Standing
    updated_at: Told


class SystemsPage(Shown):
    """A page of systems, by code; `next` is None on the last one."""

    items: list[SystemTold]
    next: str | None


@operation(blueprint, "GET", SYSTEMS, "listSystems", "Systems of the catalogue, by code", SEE, Scope.CATALOGUE_READ, query=SystemsQuery,
           answer=SystemsPage)  # fmt: skip
def list_systems(connection: Connection, query: SystemsQuery) -> SystemsPage:
    """All of the province's."""
    found = sorted(catalogue.list_systems(connection, query.standing), key=lambda row: str(row.code))
    rows = [row for row in found if query.after is None or row.code > query.after][: PAGE + 1]
    return SystemsPage(items=[_told(row) for row in rows[:PAGE]], next=rows[PAGE - 1].code if len(rows) > PAGE else None)


@operation(blueprint, "GET", ONE, "showSystem", "One system; its ETag is for changing it", SEE, Scope.CATALOGUE_READ, answer=SystemTold)
def show_system(connection: Connection, code: str) -> Answer:
    """One of them."""
    return _answer(catalogue.require_system(connection, code))


def _answer(row: Any) -> Answer:
    return Answer(_told(row), {"ETag": _etag(row)})


def _etag(row: Any) -> str:
    return f'"{hashlib.sha256(_told(row).model_dump_json().encode()).hexdigest()[:32]}"'


def _told(row: Any) -> SystemTold:
    told = {name: getattr(row, name) for name in SystemTold.model_fields}
    return SystemTold(**{**told, "planned_on": row.planned_on.isoformat() if row.planned_on else None})


@operation(blueprint, "POST", SYSTEMS, "addSystem", "Write a system into the catalogue", CHANGE, Scope.CATALOGUE_WRITE, body=SystemWanted,
           answer=SystemTold, status=201)  # fmt: skip
def add_system(connection: Connection, body: SystemWanted) -> Answer:
    """A new one."""
    catalogue.add_system(connection, System(**_values(connection, body)), actor=require_viewer().actor)
    made = _answer(catalogue.require_system(connection, body.code))
    return Answer(made.body, {**made.headers, "Location": f"{SYSTEMS}/{body.code}"})


@operation(blueprint, "PATCH", ONE, "changeSystem", "Change what is written down of a system", CHANGE, Scope.CATALOGUE_WRITE, body=SystemParts,
           answer=SystemTold, needs_match=True)  # fmt: skip
def change_system(connection: Connection, code: str, body: SystemParts, shown: str) -> Answer:
    """Change parts of it, by whoever has seen the newest state."""
    if shown != _etag(catalogue.require_locked(connection, code)):
        raise Refusal(_("Hệ thống vừa thay đổi ở nơi khác. Đọc lại rồi làm tiếp."), "changed_meanwhile", 412)
    catalogue.change_system(connection, code, actor=require_viewer().actor, **_values(connection, body))
    return _answer(catalogue.require_system(connection, code))


@operation(blueprint, "POST", f"{ONE}/retire", "retireSystem", "Write down that a system is out of use", CHANGE, Scope.CATALOGUE_WRITE,
           body=Reason, answer=SystemTold)  # fmt: skip
def retire_system(connection: Connection, code: str, body: Reason) -> Answer:
    """It leaves the denominator."""
    catalogue.retire_system(connection, code, actor=require_viewer().actor, reason=body.reason)
    return _answer(catalogue.require_system(connection, code))


@operation(blueprint, "POST", f"{ONE}/reopen", "reopenSystem", "Write down that a system is in use again", CHANGE, Scope.CATALOGUE_WRITE,
           body=Reason, answer=SystemTold)  # fmt: skip
def reopen_system(connection: Connection, code: str, body: Reason) -> Answer:
    """It counts again."""
    catalogue.reopen_system(connection, code, actor=require_viewer().actor, reason=body.reason)
    return _answer(catalogue.require_system(connection, code))


MAY_BE_EMPTY = frozenset({"owner_unit_id", "client_id", "security_level", "accounts", "planned_on"})
_NAMES = frozenset(field.name for field in fields(System))


def _values(connection: Connection, body: SystemParts) -> dict[str, Any]:
    """What the body gives, as the deed takes it. Raises NotAsDeclared, NotFound for a unit that there is not."""
    given = {name: getattr(body, name) for name in body.model_fields_set & _NAMES}
    empty = [name for name, value in given.items() if value is None and name not in MAY_BE_EMPTY]
    if empty:
        raise NotAsDeclared([(name, _("Mục này không để trống được.")) for name in empty], status=422)
    if "client_id" in given:
        given["client_id"] = given["client_id"] or None
    if given.get("planned_on"):
        given["planned_on"] = _day(given["planned_on"])
    unit_id: uuid.UUID | None = given.get("owner_unit_id")
    if unit_id is not None and connection.execute(_unit, {"unit": unit_id}).first() is None:
        raise NotFound(_("Không có đơn vị này."), reason="unit_unknown")
    return {name: value.value if isinstance(value, Protocol | OwnPasswords) else value for name, value in given.items()}


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise NotAsDeclared([("planned_on", _("Ngày này không có."))], status=422) from None
