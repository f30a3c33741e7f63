"""Files as a personnel office sends them, and what becomes of them."""

from collections.abc import Mapping
from typing import Any

from directory_sync.run import RunReport, run_sync
from directory_sync.sheets import imports
from directory_sync.sheets.source import find_source
from idp.database import in_transaction, reader

HEADINGS = ("Mã CBCCVC", "Họ và tên", "Mã đơn vị", "Chức vụ", "Trạng thái", "Ngày hiệu lực", "Số quyết định", "Số điện thoại")


def sheet(*rows: Mapping[str, str] | tuple[str, ...], headings: tuple[str, ...] = HEADINGS) -> bytes:
    """A CSV file; rows may be shorter than the headings."""
    lines = [";".join(headings)]
    for row in rows:
        cells = [row.get(name, "") for name in headings] if isinstance(row, Mapping) else [*row, *[""] * (len(headings) - len(row))]
        lines.append(";".join(cells))
    return "\n".join(lines).encode()


def send(content: bytes, name: str = "noi-vu", *, is_whole: bool = False, actor: str = "cli:test", within: Any = None) -> int:
    """A file taken in and submitted as it is; return how many rows were good."""
    source = imports.source_name(name)
    import_id = in_transaction(lambda c: imports.take(c, source, "t.csv", content, is_whole=is_whole, actor=actor))
    found = imports.require_draft(reader(), import_id, actor)
    imports.make_ready()
    return in_transaction(lambda c: imports.submit(c, found, within, actor=actor))


def run_sheet(name: str = "noi-vu", **given: Any) -> RunReport:
    """One run of the source."""
    source = find_source(imports.source_name(name))
    assert source is not None
    return run_sync(started_by="cli:test", source=source, **given)
