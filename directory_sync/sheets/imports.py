"""A file on its way: kept, matched, checked, corrected, and handed to the pipeline that every source goes through."""

import json
import re
import uuid
import zlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update

from directory_sync.asked import ask
from directory_sync.known import CHUNK
from directory_sync.models import PlanState, RequestKind, SyncPlan, SyncRun
from directory_sync.newcomers import chunks
from directory_sync.personal_marks import mark_of
from directory_sync.sheets.columns import FIELDS, KEY_FIELDS, match_columns, remember_columns, remembered_columns
from directory_sync.sheets.models import ImportState, SheetImport
from directory_sync.sheets.rows import Mistake, SheetRow, read_rows
from idp import audit, clock
from idp.database import new_id, table_of
from idp.errors import NotFound, Refusal
from idp.jobs import make_due
from idp.people import units
from idp.people.models import Person, Unit
from idp.people.source_models import SourceEntry
from idp.roles.models import RoleGrant
from idp.sealing import current_keys
from idp.web.formats import today
from idp.web.table_file import Table, read_table

PREFIX, NAME = "spreadsheet:", re.compile(r"[a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?")
LONGEST_FILE_NAME, KEEP_DRAFTS = 200, timedelta(hours=24)
Within = Collection[uuid.UUID] | None
_i, _p, _e, _u, _g, _n, _r = (table_of(one) for one in (SheetImport, Person, SourceEntry, Unit, RoleGrant, SyncPlan, SyncRun))
_newest = (
    select(_i)
    .where(_i.c.source == bindparam("of_source"), _i.c.state == ImportState.SUBMITTED)
    .order_by(_i.c.submitted_at.desc(), _i.c.id.desc())
    .limit(1)
)
_codes = select(_u.c.code, _u.c.source_key, _u.c.id).where(_u.c.valid_to.is_(None), _u.c.code.is_not(None))


def make_ready() -> None:
    """Have the key of personal marks made before a transaction that needs it."""
    mark_of(b"0" * 12)


def source_name(name: str) -> str:
    """The source of spreadsheets with this name. Raises Refusal."""
    if not NAME.fullmatch(name):
        raise Refusal(_("Tên nguồn gồm 1–20 chữ thường không dấu, chữ số hoặc gạch nối, ví dụ noi-vu."), "bad_source_name")
    return PREFIX + name


def take(connection: Connection, source: str, file_name: str, content: bytes, *, is_whole: bool, actor: str) -> uuid.UUID:
    """Keep a file as a draft, its columns matched as far as their headings tell. Raises FileMistaken."""
    table = read_table(content)
    fields, key_field = remembered_columns(connection, source)
    columns = match_columns(table.headings, fields)
    key = key_field if key_field in columns else next((one for one in KEY_FIELDS if one in columns), "staff_code")
    import_id, now = new_id(), clock.now()
    row = {
        "id": import_id, "source": source, "file_name": file_name[-LONGEST_FILE_NAME:], "state": ImportState.DRAFT.value,
        "encoding": table.encoding, "is_whole": is_whole, "key_field": key, "columns": columns, "rows": len(table.rows),
        "sealed_file": _sealed(content, import_id) if table.encoding else None, "sealed_table": _sealed_table(table, import_id),
        "created_by": actor, "created_at": now,
    }  # fmt: skip
    connection.execute(insert(_i), row)
    return import_id


def _sealed(content: bytes, import_id: uuid.UUID) -> bytes:
    return current_keys().seal(zlib.compress(content, 1), f"sheet_import:{import_id}")


def _sealed_table(table: Table, import_id: uuid.UUID) -> bytes:
    return _sealed(json.dumps([table.headings, table.rows], ensure_ascii=False).encode(), import_id)


def _opened(sealed: bytes, import_id: uuid.UUID) -> bytes:
    return zlib.decompress(current_keys().open(sealed, f"sheet_import:{import_id}"))


def require_import(connection: Connection, import_id: uuid.UUID, actor: str) -> Any:
    """A file that this person has sent. Raises NotFound, also for somebody else's: it holds what only they may see."""
    found = connection.execute(select(_i).where(_i.c.id == import_id, _i.c.created_by == actor)).first()
    if found is None:
        raise NotFound(_("Không có tệp này, hoặc tệp đã được gỡ sau 24 giờ. Gửi lại tệp."))
    return found


def require_draft(connection: Connection, import_id: uuid.UUID, actor: str) -> Any:
    """A file that is not submitted yet. Raises NotFound, Refusal."""
    found = require_import(connection, import_id, actor)
    if found.state != ImportState.DRAFT:
        raise Refusal(_("Tệp này đã được gửi đi hoặc đã hủy. Gửi một tệp mới."), "not_a_draft", 409)
    return found


def table_of_import(found: Any) -> Table:
    """The table of a draft, with all that was corrected in it."""
    headings, rows = json.loads(_opened(found.sealed_table, found.id))
    return Table(headings, cast("Sequence[tuple[int, Sequence[str]]]", rows), found.encoding)


def read_again(connection: Connection, found: Any, encoding: str) -> None:
    """Read the file by another encoding; what was corrected in it is gone. Raises FileMistaken."""
    if found.sealed_file is None:
        return
    table = read_table(_opened(found.sealed_file, found.id), encoding=encoding)
    fields, _key = remembered_columns(connection, found.source)
    values = {
        "encoding": table.encoding,
        "sealed_table": _sealed_table(table, found.id),
        "columns": match_columns(table.headings, fields),
        "rows": len(table.rows),
    }
    connection.execute(update(_i).where(_i.c.id == found.id).values(**values))


def match(connection: Connection, found: Any, columns: Sequence[str], key_field: str, *, is_whole: bool) -> None:
    """Say which column is which fact, and which one is the key. Raises Refusal."""
    named = [one for one in columns if one]
    if len(columns) != len(found.columns) or not set(named) <= set(FIELDS):
        raise Refusal(_("Chọn trường trong danh sách cho từng cột."), "no_such_field")
    if len(set(named)) != len(named):
        raise Refusal(_("Hai cột cùng ghép vào một trường. Bỏ một trong hai."), "field_twice")
    if key_field not in KEY_FIELDS or key_field not in named:
        raise Refusal(_("Cột làm khóa chưa được ghép. Ghép cột đó, hoặc chọn khóa khác."), "no_key_column")
    values = {"columns": list(columns), "key_field": key_field, "is_whole": is_whole}
    connection.execute(update(_i).where(_i.c.id == found.id).values(**values))


def correct(connection: Connection, found: Any, cells: Mapping[tuple[int, int], str]) -> None:
    """Put other texts into cells, by line and column."""
    table = table_of_import(found)
    rows = [(line, [cells.get((line, place), cell) for place, cell in enumerate(row)]) for line, row in table.rows]
    sealed = _sealed_table(Table(table.headings, rows, table.encoding), found.id)
    connection.execute(update(_i).where(_i.c.id == found.id).values(sealed_table=sealed))


def check(connection: Connection, found: Any, within: Within) -> list[SheetRow]:
    """All rows as they are understood, with what is wrong with each. `within`: the units whose people the sender may touch."""
    rows = read_rows(table_of_import(found).rows, found.columns, found.key_field, unit_keys(connection))
    if within is not None:
        _tell_out_of_reach(connection, found.source, rows, within)
    return rows


def unit_keys(connection: Connection) -> dict[str, str | None]:
    """The keys of the open units by their code; None for a code of several."""
    found: dict[str, str | None] = {}
    for row in connection.execute(_codes):
        found[row.code] = None if row.code in found else row.source_key
    return found


def _tell_out_of_reach(connection: Connection, source: str, rows: Sequence[SheetRow], within: Collection[uuid.UUID]) -> None:
    inside = set(connection.execute(select(units.below(within).c.id)).scalars())
    ours = {row.code for row in connection.execute(_codes) if row.id in inside}
    keys = {row.key for row in rows if row.key} | {row.facts["staff_code"] for row in rows if "staff_code" in row.facts}
    strangers: set[str] = set()
    known: set[str] = set()
    holders = select(_g.c.person_id).where(_g.c.revoked_at.is_(None))
    for part in chunks(keys, CHUNK):
        named = select(
            _p.c.staff_code, _p.c.source_key, _e.c.source_key.label("further"), _p.c.unit_id, _p.c.id.in_(holders).label("holds")
        )
        named = named.select_from(_p.outerjoin(_e, (_e.c.person_id == _p.c.id) & (_e.c.source == source)))
        mine = (_p.c.source == source) & _p.c.source_key.in_(part)
        for row in connection.execute(named.where(or_(_p.c.staff_code.in_(part), mine, _e.c.source_key.in_(part)))):
            theirs = {row.staff_code, row.source_key, row.further} - {None}
            known |= theirs
            strangers |= theirs if row.holds or row.unit_id not in inside else set()
    for one in rows:
        names = {one.key, one.facts.get("staff_code")} - {None}
        is_outside = one.unit_code is not None and one.unit_code not in ours
        if is_outside or names & strangers or (one.unit_code is None and not names & known):
            one.mistakes.append(Mistake("", "not_yours"))


def submit(connection: Connection, found: Any, within: Within, *, actor: str) -> int:
    """Hand the rows without mistakes to the pipeline and return how many; the file itself is not kept any longer. Of a whole file all
    rows must be right: whoever was left out would count as gone. Raises Refusal."""
    if found.is_whole and within is not None:
        raise Refusal(_("Chỉ người có quyền toàn tỉnh mới gửi được tệp toàn bộ."), "whole_province_only", 403)
    _refuse_beside_another(connection, found.source)
    rows = check(connection, found, within)
    good = [row for row in rows if not row.mistakes]
    if found.is_whole and len(good) < len(rows):
        raise Refusal(_("Tệp toàn bộ phải không còn dòng lỗi: người ở dòng lỗi sẽ bị coi là đã nghỉ."), "whole_with_mistakes")
    if not good:
        raise Refusal(_("Không có dòng nào dùng được."), "no_rows")
    good += _waiting_of_the_one_before(connection, found.source, {row.key for row in good})
    return _keep_submitted(connection, found, good, actor)


def _keep_submitted(connection: Connection, found: Any, good: Sequence[SheetRow], actor: str) -> int:
    day = today()
    values = {
        "state": ImportState.SUBMITTED.value, "understood": zlib.compress(json.dumps([_packed(row) for row in good], ensure_ascii=False).encode()),
        "sealed_file": None, "sealed_table": None, "submitted_at": clock.now(), "next_day": next_day(good, day), "rows": len(good),
    }  # fmt: skip
    taken = update(_i).where(_i.c.id == found.id, _i.c.state == ImportState.DRAFT.value)
    if connection.execute(taken.values(**values)).rowcount != 1:
        raise Refusal(_("Tệp này đã được gửi đi hoặc đã hủy. Gửi một tệp mới."), "not_a_draft", 409)
    remember_columns(connection, found.source, table_of_import(found).headings, found.columns, found.key_field)
    audit.record(connection, audit.Event.SHEET_SUBMITTED, actor=actor, source=found.source, rows=len(good), whole=found.is_whole)
    return len(good)


def _refuse_beside_another(connection: Connection, source: str) -> None:
    waiting = select(_n.c.number).where(
        _n.c.source == source, _n.c.state.in_([PlanState.WAITING.value, PlanState.APPROVED.value]), _n.c.expires_at > clock.now()
    )
    plan = connection.execute(waiting.limit(1)).first()
    if plan is not None:
        words = _("Nguồn này còn kế hoạch số %(number)s đang chờ. Phê duyệt hoặc trả lại kế hoạch đó trước.", number=plan.number)
        raise Refusal(words, "plan_waits", 409)
    before = find_submitted(connection, source)
    if before is not None and before.submitted_at > clock.now() - KEEP_DRAFTS and run_of(connection, before) is None:
        raise Refusal(_("Tệp gửi trước của nguồn này đang chờ lập kế hoạch. Thử lại sau ít phút."), "import_waits", 409)


def _waiting_of_the_one_before(connection: Connection, source: str, keys: Collection[str | None]) -> list[SheetRow]:
    before, day = find_submitted(connection, source), today()
    if before is None:
        return []
    return [row for row in rows_of(before) if row.effective_on and row.effective_on > day and row.key not in keys]


def next_day(rows: Sequence[SheetRow], day: date) -> date | None:
    """When the next row takes effect that waits until then."""
    return min((row.effective_on for row in rows if row.effective_on and row.effective_on > day), default=None)


def ask_for_plan(connection: Connection, source: str, actor: str) -> None:
    """Have the worker read what was submitted, and keep what it would do as a plan."""
    ask(connection, RequestKind.PLAN, actor, source)
    make_due(connection, "sync")


def find_submitted(connection: Connection, source: str) -> Any | None:
    """What was submitted last for a source: what a run of it reads."""
    return connection.execute(_newest, {"of_source": source}).first()


def run_of(connection: Connection, found: Any) -> Any | None:
    """The newest run that read a submitted file."""
    query = select(_r).where(_r.c.source == found.source, _r.c.started_at >= found.submitted_at).order_by(_r.c.number.desc()).limit(1)
    return connection.execute(query).first()


def withdraw(connection: Connection, found: Any) -> None:
    """Drop a draft, with all that was in it."""
    connection.execute(delete(_i).where(_i.c.id == found.id, _i.c.state == ImportState.DRAFT.value))


def forget_old(connection: Connection) -> None:
    """Drop drafts of yesterday, and what was submitted long before the last of its source."""
    now = clock.now()
    connection.execute(delete(_i).where(_i.c.state == ImportState.DRAFT.value, _i.c.created_at < now - KEEP_DRAFTS))
    later = _i.alias()
    newer = select(later.c.id).where(later.c.source == _i.c.source, later.c.submitted_at > _i.c.submitted_at).exists()
    connection.execute(delete(_i).where(_i.c.submitted_at < now - timedelta(days=30), newer))


def due_again(connection: Connection) -> list[str]:
    """Ask for a plan of each source with rows whose day has come; return the sources."""
    day, found = today(), []
    for source in connection.execute(select(_i.c.source).where(_i.c.next_day <= day).distinct()).scalars().all():
        last = find_submitted(connection, source)
        connection.execute(update(_i).where(_i.c.source == source).values(next_day=None))
        if last is not None:
            connection.execute(update(_i).where(_i.c.id == last.id).values(next_day=next_day(rows_of(last), day)))
            ask_for_plan(connection, source, "system:sync")
            found.append(source)
    return found


def _packed(row: SheetRow) -> list[Any]:
    mark = row.mark.hex() if row.mark else None
    return [
        row.line,
        row.key,
        row.facts,
        row.unit_code,
        mark,
        row.effective_on.isoformat() if row.effective_on else None,
        row.decision,
        row.has_left,
    ]


def rows_of(found: Any) -> list[SheetRow]:
    """The rows of a submitted file."""
    return [
        SheetRow(
            line, key, facts, code, bytes.fromhex(mark) if mark else None, date.fromisoformat(day) if day else None, decision, has_left
        )
        for line, key, facts, code, mark, day, decision, has_left in json.loads(zlib.decompress(found.understood))
    ]
