"""Lists a page at a time, forward and back: a page goes on from a row's own key, so that it costs the same however far it is.

A list is one or more stretches, each an index read in its own order. Where further conditions must hold that the index does not
know, at most `EFFORT` of its rows are looked at for a page; then the page says that it is not at the end.
"""

import base64
import binascii
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Connection, Select, Table, func, literal, select, tuple_

from idp.errors import NotFound

PAGE_ROWS = 50
EFFORT = 4000  # rows
ID_BYTES = 16


@dataclass(frozen=True)
class Stretch:
    """Rows of `table` in the order of `key` (None: of their ids), for which `found_by`, which an index answers, and `also` hold.
    `small`: `found_by` leaves few, so that all of them may be looked at and sorted."""

    table: Table
    key: ColumnElement[Any] | None
    found_by: Sequence[ColumnElement[bool]] = ()
    also: Sequence[ColumnElement[bool]] = ()
    descending: bool = False
    small: bool = False

    @property
    def order(self) -> tuple[ColumnElement[Any], ...]:
        """What it is sorted by."""
        return (self.table.c.id,) if self.key is None else (self.key, self.table.c.id)


@dataclass(frozen=True)
class Place:
    """Where a page ends or begins: the stretch, and the key and id of a row."""

    stretch: int
    key: Any
    row_id: uuid.UUID


@dataclass(frozen=True)
class Page:
    """Rows of one page, and the places after and before which further pages go on; None: there is nothing further. `unfinished`: as
    many rows as one page may cost were looked at before it was full."""

    rows: Sequence[Any]
    after: str | None = None
    before: str | None = None
    unfinished: bool = False


def read_page(
    connection: Connection, query: Select[Any], stretches: Sequence[Stretch], *, after: str | None = None, before: str | None = None,
    most: int = PAGE_ROWS, effort: int = EFFORT,
) -> Page:  # fmt: skip
    """The page after a place, before one, or the first. `query` chooses columns, the id as `id` among them. Raises NotFound for a
    place that was never given."""
    if not stretches:
        return Page(())
    back = bool(before) and not after
    start = _place(after or before or "", stretches) if after or before else None
    found: list[tuple[Place, Any]] = []
    seen_until = None
    for number in _numbers(stretches, start, back):
        stretch, begin = stretches[number], start if start is not None and start.stretch == number else None
        seen_until, effort = _look(connection, stretch, number, begin, back, effort)
        found += _read(connection, query, stretch, number, begin, seen_until, back, most + 1 - len(found))
        if len(found) > most or seen_until is not None:
            break
    return _page(found, start, seen_until, back, most)


def _page(found: list[tuple[Place, Any]], start: Place | None, seen_until: Place | None, back: bool, most: int) -> Page:
    more, unfinished = len(found) > most, len(found) <= most and seen_until is not None
    kept = found[:most]
    end = kept[-1][0] if more else seen_until if unfinished else None
    begin = (kept[0][0] if kept else start) if start is not None else None
    rows = [row for _place_of_row, row in kept]
    if back:
        return Page(rows[::-1], _written(begin), _written(end), unfinished)
    return Page(rows, _written(end), _written(begin), unfinished)


def _numbers(stretches: Sequence[Stretch], start: Place | None, back: bool) -> Sequence[int]:
    first = start.stretch if start is not None else 0
    return range(first, -1, -1) if back else range(first, len(stretches))


def _bounded(query: Select[Any], stretch: Stretch, begin: Place | None, back: bool) -> Select[Any]:
    down = stretch.descending != back
    query = query.where(*stretch.found_by).order_by(*(column.desc() if down else column for column in stretch.order))
    if begin is not None:
        query = query.where(_beyond(stretch, begin, down))
    return query


def _beyond(stretch: Stretch, place: Place, down: bool) -> ColumnElement[bool]:
    columns = tuple_(*stretch.order)
    values = tuple_(*(literal(value, column.type) for value, column in zip(_values(stretch, place), stretch.order, strict=True)))
    return columns < values if down else columns > values


def _values(stretch: Stretch, place: Place) -> tuple[Any, ...]:
    return (place.row_id,) if stretch.key is None else (place.key, place.row_id)


def _look(
    connection: Connection, stretch: Stretch, number: int, begin: Place | None, back: bool, effort: int
) -> tuple[Place | None, int]:  # fmt: skip
    """The row at which a page stops looking, and how many more it may look at. No row: all that the index finds are answers, or
    fewer are left than may be looked at."""
    if stretch.small or not stretch.also:
        return None, effort
    looked_at = _bounded(select(*stretch.order), stretch, begin, back).limit(effort).subquery()
    turned = [column if stretch.descending != back else column.desc() for column in looked_at.c]
    # The index alone answers this.
    last = connection.execute(select(func.count().over(), *looked_at.c).order_by(*turned).limit(1)).first()
    if last is None or last[0] < effort:
        return None, effort - (last[0] if last else 0)
    return Place(number, None if stretch.key is None else last[1], last[-1]), 0


def _read(
    connection: Connection, query: Select[Any], stretch: Stretch, number: int, begin: Place | None, seen_until: Place | None, back: bool,
    most: int,
) -> list[tuple[Place, Any]]:  # fmt: skip
    asked = _bounded(query, stretch, begin, back).where(*stretch.also).limit(most)
    if stretch.key is not None:
        asked = asked.add_columns(stretch.key.label("place_key"))
    if seen_until is not None:
        down = stretch.descending != back
        asked = asked.where(~_beyond(stretch, seen_until, down))
    rows = connection.execute(asked).all()
    return [(Place(number, row.place_key if stretch.key is not None else None, row.id), row) for row in rows]


def _written(place: Place | None) -> str | None:
    if place is None:
        return None
    key = place.key.encode() if isinstance(place.key, str) else place.key or b""
    return base64.urlsafe_b64encode(bytes([place.stretch]) + key + place.row_id.bytes).rstrip(b"=").decode()


def _place(written: str, stretches: Sequence[Stretch]) -> Place:
    try:
        raw = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
        number, key, row_id = raw[0], raw[1:-ID_BYTES], uuid.UUID(bytes=raw[-ID_BYTES:])
        stretch = stretches[number]
        if stretch.key is None:
            if key or len(raw) != ID_BYTES + 1:
                raise ValueError
            return Place(number, None, row_id)
        return Place(number, key if stretch.key.type.python_type is bytes else _text(key), row_id)
    except (ValueError, IndexError, binascii.Error):
        raise NotFound(_("Trang này không còn. Tìm lại từ đầu.")) from None


def _text(raw: bytes) -> str:
    text = raw.decode()
    if "\0" in text:
        raise ValueError
    return text
