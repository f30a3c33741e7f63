"""A scheme as a file: CSV or XLSX, a line for each pair of an old and a new unit; what is wrong with a line is told for that line."""

import re
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from directory_sync.reorganisation_models import RoleFate
from idp.people.names import fold
from idp.people.unit_models import SuccessionKind
from idp.web.table_file import FileMistaken, read_table

MOST_ROWS, LONGEST_CELL = 20_000, 300
HEADINGS = {
    "loai": "kind", "kind": "kind", "viec": "kind", "ma cu": "old_code", "old_code": "old_code", "code": "old_code", "ten cu": "old_name",
    "old_name": "old_name", "name": "old_name", "ma moi": "new_code", "new_code": "new_code", "ten moi": "new_name", "new_name": "new_name",
    "vai tro": "roles", "roles": "roles", "ngay hieu luc": "effective_on", "effective_on": "effective_on",
}  # fmt: skip
_LISTED = re.compile(r"(code|name)_\d{4}")  # a national list: the code and name that a unit has since that year
KINDS = {
    "sap nhap": SuccessionKind.MERGE, "nhap": SuccessionKind.MERGE, "hop nhat": SuccessionKind.MERGE, "chia tach": SuccessionKind.SPLIT,
    "chia": SuccessionKind.SPLIT, "tach": SuccessionKind.SPLIT, "doi ten": SuccessionKind.RENAME, "giai the": SuccessionKind.VANISH,
    "ket thuc": SuccessionKind.VANISH, "thanh lap": SuccessionKind.NEW, **{str(kind): kind for kind in SuccessionKind},
}  # fmt: skip
FATES = {"theo": RoleFate.FOLLOW, "chuyen theo": RoleFate.FOLLOW, "follow": RoleFate.FOLLOW, "ket thuc": RoleFate.END, "end": RoleFate.END}


@dataclass(frozen=True)
class SchemeRow:
    """One line as it was read. `flaw`: why it says nothing, a stable word. Where the line comes from a difference, `old_unit_id` and
    `new_source_key` tell exactly which units are meant."""

    line: int
    kind: SuccessionKind
    old_code: str | None = None
    old_name: str | None = None
    new_code: str | None = None
    new_name: str | None = None
    roles: RoleFate = RoleFate.END
    effective_on: date | None = None
    flaw: str | None = None
    old_unit_id: uuid.UUID | None = None
    new_source_key: str | None = None


def read_scheme(content: bytes) -> list[SchemeRow]:
    """The lines of a file. A kind that is not written follows from the lines: several old units of one new one merge, one of several
    is split, one of one changes its name. Roles that are not written end, except where a unit only changes its name. Raises
    FileMistaken."""
    table = read_table(content, most_rows=MOST_ROWS)
    names = [_heading(text) for text in table.headings]
    if not {"old_code", "old_name", "new_code", "new_name"} & set(names):
        raise FileMistaken("no_headings")
    listed = any(_LISTED.fullmatch(text) for text in table.headings)
    rows = [
        _row(line, {name: text for name, text in zip(names, cells, strict=True) if name and not (listed and name == "kind")})
        for line, cells in table.rows
    ]
    return completed([row for row, _, _ in rows], [(kind, fate) for _, kind, fate in rows])


def _heading(text: str) -> str | None:
    listed = _LISTED.fullmatch(text)
    return f"new_{listed[1]}" if listed else HEADINGS.get(text.lower()) or HEADINGS.get(fold(text))


def _row(line: int, cells: Mapping[str, str]) -> tuple[SchemeRow, SuccessionKind | None, RoleFate | None]:
    """The line, and what it says itself of kind and roles."""
    found = dict(cells)
    texts = {name: found.get(name) or None for name in ("old_code", "old_name", "new_code", "new_name")}
    kind, fate = KINDS.get(fold(found.get("kind", ""))), FATES.get(fold(found.get("roles", "")))
    day = parse_day(found.get("effective_on", ""))
    flaw = next(
        (word for word, wrong in (
            ("nothing_named", not any(texts.values())), ("too_long", any(len(text) > LONGEST_CELL for text in found.values())),
            ("unknown_kind", bool(found.get("kind")) and kind is None), ("unknown_roles", bool(found.get("roles")) and fate is None),
            ("no_date", bool(found.get("effective_on")) and day is None),
        ) if wrong), None,
    )  # fmt: skip
    short = {name: text[:LONGEST_CELL] if text else None for name, text in texts.items()}
    row = SchemeRow(line, kind or SuccessionKind.RENAME, effective_on=day, flaw=flaw)
    return replace(row, **short), kind, fate  # type: ignore[arg-type]


def parse_day(text: str) -> date | None:
    """A day as people write it, or as machines do; None when it is none."""
    for form in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day of the province, no instant
        except ValueError:
            continue
    return None


def completed(rows: Sequence[SchemeRow], said: Sequence[tuple[SuccessionKind | None, RoleFate | None]]) -> list[SchemeRow]:
    """The rows with the kinds and fates that they leave open, and flaws that show only beside other rows."""
    into: Counter[Any] = Counter(_new(row) for row in rows if _new(row) and _old(row))
    out: Counter[Any] = Counter(_old(row) for row in rows if _new(row) and _old(row))
    pairs: Counter[Any] = Counter((_old(row), _new(row)) for row in rows)
    found = []
    for row, (said_kind, said_fate) in zip(rows, said, strict=True):
        kind = said_kind or _kind(row, into, out)
        fate = said_fate or (RoleFate.FOLLOW if kind == SuccessionKind.RENAME else RoleFate.END)
        found.append(replace(row, kind=kind, roles=fate, flaw=row.flaw or _mismatch(row, kind, pairs)))
    return found


def _old(row: SchemeRow) -> object | None:
    return row.old_unit_id or (row.old_code, None if row.old_code else row.old_name) if row.old_code or row.old_name else None


def _new(row: SchemeRow) -> object | None:
    return row.new_source_key or (row.new_code, None if row.new_code else row.new_name) if row.new_code or row.new_name else None


def _kind(row: SchemeRow, into: Counter[Any], out: Counter[Any]) -> SuccessionKind:
    if _new(row) is None:
        return SuccessionKind.VANISH
    if _old(row) is None:
        return SuccessionKind.NEW
    if out[_old(row)] > 1:
        return SuccessionKind.SPLIT
    return SuccessionKind.MERGE if into[_new(row)] > 1 else SuccessionKind.RENAME


def _mismatch(row: SchemeRow, kind: SuccessionKind, pairs: Counter[Any]) -> str | None:
    if pairs[_old(row), _new(row)] > 1:
        return "twice"
    if kind != SuccessionKind.NEW and _old(row) is None:
        return "no_old_unit"
    if kind != SuccessionKind.VANISH and _new(row) is None:
        return "no_new_unit"
    return None
