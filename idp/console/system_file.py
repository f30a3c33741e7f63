"""The catalogue of systems as a table: written as CSV or XLSX, and read back line by line; what is wrong is told for its line."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from clients.catalogue import InvalidSystem, System, add_system, change_system, find_system, list_systems, told
from idp.console.system_words import HEADINGS, LEVEL_WORDS, OWN_PASSWORD_WORDS, PROTOCOL_WORDS
from idp.database import table_of
from idp.people.models import Unit
from idp.people.names import fold
from idp.web.table_file import read_table

MOST_ROWS = 5_000
CHOICES: Mapping[str, Mapping[str, Any]] = {"level": LEVEL_WORDS, "protocol": PROTOCOL_WORDS, "own_passwords_left": OWN_PASSWORD_WORDS}
YES, NO = frozenset({"1", "x", "co", "yes", "true", "dung"}), frozenset({"0", "khong", "no", "false", "sai"})
_u = table_of(Unit)
_open_units = select(_u.c.id, _u.c.code, _u.c.name).where(_u.c.valid_to.is_(None))


@dataclass(frozen=True)
class Line:
    """A line of a file. `found`: what is to be written down, in full; None when `errors` say what is wrong, by column. `deed`: add,
    change or keep."""

    number: int
    cells: Sequence[str]
    found: System | None
    deed: str
    errors: Mapping[str, str]


@dataclass(frozen=True)
class Import:
    """A file as it would be taken in: `unknown` are headings that mean nothing here and are left out."""

    headings: Sequence[str]
    lines: Sequence[Line]
    unknown: Sequence[str]

    @property
    def is_good(self) -> bool:
        """Whether every line can be taken in."""
        return not any(line.errors for line in self.lines)

    def count(self, deed: str) -> int:
        """How many lines would be added, changed or kept."""
        return sum(line.deed == deed and not line.errors for line in self.lines)


def table_rows(connection: Connection) -> list[list[Any]]:
    """The catalogue as rows under `HEADINGS`, in the words of this request's language."""
    units = {row.id: row.code or row.name for row in connection.execute(select(_u.c.id, _u.c.code, _u.c.name))}
    return [_written(told(row), units) for row in list_systems(connection) if row.retired_at is None]


def _written(system: System, units: Mapping[uuid.UUID, str]) -> list[Any]:
    cells: dict[str, Any] = asdict(system) | {"owner_unit": units.get(system.owner_unit_id) if system.owner_unit_id else None}
    cells |= {name: str(words[cells[name]]) for name, words in CHOICES.items()}
    cells["in_scope"] = _("Có") if system.in_scope else _("Không")
    return [cells[name] for name in HEADINGS]


def read_systems(connection: Connection, content: bytes) -> Import:
    """What the file would do. A system is known by its code; a column that is not in the file is left as it is. Raises FileMistaken:
    as `read_table`, and no_headings."""
    table = read_table(content, most_rows=MOST_ROWS)
    columns = [_column(heading) for heading in table.headings]
    units, seen = _units(connection), set[str]()
    lines = [_line(connection, number, cells, columns, units, seen) for number, cells in table.rows]
    return Import(
        table.headings, lines, [heading for heading, name in zip(table.headings, columns, strict=True) if name is None and heading]
    )


def take_in(connection: Connection, imported: Import, *, actor: str) -> None:
    """Write down what every line says: all of them, or by an exception none."""
    for line in imported.lines:
        if line.found is None:
            raise ValueError("a line with errors")
        if line.deed == "add":
            add_system(connection, line.found, actor=actor)
        elif line.deed == "change":
            change_system(connection, line.found.code, actor=actor, **asdict(line.found))


def _column(heading: str) -> str | None:
    plain = fold(heading)
    return next((name for name, words in HEADINGS.items() if plain in (name, fold(str(words)))), None)


def _units(connection: Connection) -> dict[str, uuid.UUID | None]:
    """Units by their folded code and name; None for a name that several have."""
    found: dict[str, uuid.UUID | None] = {}
    for row in connection.execute(_open_units):
        if row.code:
            found[fold(row.code)] = row.id
        name = fold(row.name)
        found[name] = row.id if name not in found else None
    return found


def _line(
    connection: Connection,
    number: int,
    cells: Sequence[str],
    columns: Sequence[str | None],
    units: Mapping[str, uuid.UUID | None],
    seen: set[str],
) -> Line:
    given = {name: cell for name, cell in zip(columns, cells, strict=True) if name is not None}
    code, errors = given.get("code", ""), {}
    stored = find_system(connection, code) if code else None
    if not code:
        errors["code"] = _("Thiếu mã hệ thống.")
    elif code in seen:
        errors["code"] = _("Mã này đã có ở một dòng phía trên.")
    seen.add(code)
    values = asdict(told(stored)) if stored is not None else {"code": code, "name": ""}
    for name, cell in given.items():
        try:
            values |= _value(name, cell, units)
        except _Unclear as unclear:
            errors[name] = unclear.args[0]
    if not errors:
        errors |= _tried(connection, values, stored)
    deed = "add" if stored is None else "keep" if System(**values) == told(stored) else "change"
    return Line(number, cells, None if errors else System(**values), deed, errors)


def _tried(connection: Connection, values: Mapping[str, Any], stored: Any) -> dict[str, str]:
    """What the deed itself would say against it, found by doing it and taking it back."""
    attempt = connection.begin_nested()
    try:
        if stored is None:
            add_system(connection, System(**values), actor="system:trial")
        else:
            change_system(connection, stored.code, actor="system:trial", **values)
    except InvalidSystem as invalid:
        return {invalid.field: invalid.message}
    finally:
        attempt.rollback()
    return {}


class _Unclear(ValueError):
    """A cell that says nothing that is understood."""


def _value(name: str, cell: str, units: Mapping[str, uuid.UUID | None]) -> dict[str, Any]:
    if name == "owner_unit":
        return {"owner_unit_id": _unit(cell, units)}
    if name in ("security_level", "accounts"):
        return {name: _number(cell)}
    if name == "planned_on":
        return {name: read_day(cell)}
    if name == "in_scope":
        return {name: _yes_or_no(cell)}
    if name in CHOICES:
        return {name: _choice(cell, CHOICES[name])} if cell else {}
    return {name: cell or None} if name == "client_id" else {name: cell}


def _unit(cell: str, units: Mapping[str, uuid.UUID | None]) -> uuid.UUID | None:
    if not cell:
        return None
    if fold(cell) not in units:
        raise _Unclear(_("Không có đơn vị “%(name)s”.", name=cell[:100]))
    found = units[fold(cell)]
    if found is None:
        raise _Unclear(_("Nhiều đơn vị cùng tên “%(name)s”; ghi mã đơn vị.", name=cell[:100]))
    return found


def _number(cell: str) -> int | None:
    plain = cell.replace(".", "").replace(" ", "")
    if plain and not (plain.isascii() and plain.isdigit() and len(plain) <= 12):
        raise _Unclear(_("“%(text)s” không phải số nguyên.", text=cell[:50]))
    return int(plain) if plain else None


def read_day(cell: str) -> date | None:
    """A day written as 31/12/2026 or 2026-12-31; nothing is no day. Raises ValueError with the words."""
    if not cell:
        return None
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(cell, form).date()  # noqa: DTZ007 -- a day of the province, no instant
        except ValueError:
            continue
    raise _Unclear(_("“%(text)s” không phải ngày; ghi như 31/12/2026.", text=cell[:50]))


def _yes_or_no(cell: str) -> bool:
    if not cell or fold(cell) in YES:
        return True
    if fold(cell) in NO:
        return False
    raise _Unclear(_("Ghi Có hoặc Không."))


def _choice(cell: str, words: Mapping[str, Any]) -> str:
    plain = fold(cell)
    found = next((value for value, name in words.items() if plain in (value, fold(str(name)))), None)
    if found is None:
        raise _Unclear(_("Chọn một trong: %(names)s.", names=", ".join(str(name) for name in words.values())))
    return found
