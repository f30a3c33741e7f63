"""/console/reorganisations: schemes by which units change, from a file or from the difference, previewed, approved by a second officer."""

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response as Answer

from directory_sync import run
from directory_sync.reasons import explain
from directory_sync.reorganisation_file import SchemeRow, parse_day, read_scheme
from directory_sync.reorganisation_models import Origin, ReorganisationState
from directory_sync.reorganisation_preview import RowPreview, preview_rows
from directory_sync.reorganisation_proposal import propose_rows
from directory_sync.reorganisation_words import FATES, FILE_MISTAKES, FLAWS, KINDS, ORIGINS, STATES, TABLES
from directory_sync.reorganisations import (
    DECISION_LENGTH,
    NAME_LENGTH,
    approve,
    list_reorganisations,
    propose,
    require_reorganisation,
    rows_of,
    withdraw,
)
from directory_sync.source.reading import ReadIncomplete
from idp.console.reach import within
from idp.console.words import role_words
from idp.database import in_transaction, reader, table_of
from idp.errors import Forbidden, Refusal
from idp.people.models import Person
from idp.web.formats import format_date
from idp.web.spreadsheet import csv_lines
from idp.web.table_file import FileMistaken
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("reorganisations", __name__)
HIGHEST_NUMBER = 2**31 - 1
PAGE_ROWS = 50
_p = table_of(Person)


@blueprint.get("/console/reorganisations")
@requires(Permission.SEE_SYNC)
def list_schemes() -> str:
    """All schemes, newest first."""
    _require_whole_province()
    return render_template("reorganisations/list.html", schemes=list_reorganisations(reader()), states=STATES, origins=ORIGINS)


def _require_whole_province() -> None:
    """A scheme names units and roles of all parts of the tree: whoever sees runs of one unit only does not see it."""
    if within(Permission.SEE_SYNC) is not None:
        raise Forbidden(_("Chỉ người có quyền toàn tỉnh mới xem được phương án sắp xếp đơn vị."), "whole_province_only")


@blueprint.get("/console/reorganisations/new")
@requires(Permission.RUN_SYNC)
def ask() -> str:
    """The form of a new scheme."""
    return _form({})


@blueprint.post("/console/reorganisations/new")
@requires(Permission.RUN_SYNC)
def propose_scheme() -> Answer | tuple[str, int]:
    """Keep the draft; a file that cannot be read, or a field that is missing, is told beside it."""
    errors = _mistakes()
    if errors:
        return _form(errors), 422
    day = parse_day(request.form["effective_on"].strip())
    assert day is not None
    try:
        rows, origin = _asked_rows()
        number = in_transaction(
            lambda connection: propose(
                connection, rows, name=request.form["name"].strip(), decision=request.form["decision"].strip(), effective_on=day,
                origin=origin, actor=require_viewer().actor,
            )
        )  # fmt: skip
    except FileMistaken as mistake:
        return _form({"file": str(FILE_MISTAKES.get(mistake.word, FILE_MISTAKES["not_a_table"]))}), 422
    except ReadIncomplete as incomplete:
        return _form({"": explain(str(incomplete))}), 503
    except Refusal as refusal:
        return _form({"file": refusal.message}), refusal.status
    return redirect(url_for("reorganisations.show", number=number), 303)


def _asked_rows() -> tuple[Sequence[SchemeRow], Origin]:
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        return read_scheme(sent.read()), Origin.FILE
    changes, _objections = run.preview()
    return propose_rows(reader(), changes), Origin.DIFFERENCE


def _mistakes() -> dict[str, str]:
    found = {}
    if not request.form.get("name", "").strip():
        found["name"] = _("Nhập tên phương án.")
    if not request.form.get("decision", "").strip():
        found["decision"] = _("Nhập số quyết định hoặc nghị quyết.")
    if parse_day(request.form.get("effective_on", "").strip()) is None:
        found["effective_on"] = _("Nhập ngày hiệu lực dạng ngày/tháng/năm, ví dụ 01/07/2025.")
    return found


def _form(errors: dict[str, str]) -> str:
    return render_template(
        "reorganisations/form.html", errors=errors, given=request.form, name_length=NAME_LENGTH, decision_length=DECISION_LENGTH
    )


@blueprint.get(f"/console/reorganisations/<int(max={HIGHEST_NUMBER}):number>")
@requires(Permission.SEE_SYNC)
def show(number: int) -> str:
    """One scheme: what it would move, a page of rows at a time; `?flawed=1`: only the rows that say nothing."""
    _require_whole_province()
    scheme = require_reorganisation(reader(), number)
    found = preview_rows(reader(), rows_of(reader(), scheme.id))
    flawed = request.args.get("flawed") == "1"
    asked = request.args.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdigit() and 0 < len(asked) < 7 else 1
    shown = [one for one in found if bool(one.row.flaw) == flawed]
    kinds = Counter(one.row.kind for one in found if not one.row.flaw)
    return render_template(
        "reorganisations/scheme.html",
        scheme=scheme, rows=shown[(page - 1) * PAGE_ROWS : page * PAGE_ROWS], page=page, has_more=len(shown) > page * PAGE_ROWS,
        flawed=flawed, flaws=sum(bool(one.row.flaw) for one in found), kinds=[(KINDS[kind], count) for kind, count in kinds.items()],
        people=_people(found), roles=[(one, held) for one in found if not one.row.flaw for held in one.roles],
        others=sum((Counter(one.others) for one in found if not one.row.flaw), Counter[str]()), done=sum(one.row.run_number is not None for one in found),
        total=sum(not one.row.flaw for one in found), names=_names(scheme), may_approve=_may_approve(scheme), KINDS=KINDS, FLAWS=FLAWS, FATES=FATES, STATES=STATES,
        ORIGINS=ORIGINS, TABLES=TABLES, role_words=role_words,
        can_end=scheme.state in (ReorganisationState.DRAFT, ReorganisationState.APPROVED, ReorganisationState.UNDER_WAY),
    )  # fmt: skip


def _people(found: Sequence[RowPreview]) -> int:
    """Active people of all old units that end, each unit once."""
    return sum({one.row.old_unit_id: one.people for one in found if not one.row.flaw}.values())


def _may_approve(scheme: Any) -> bool:
    return bool(scheme.state == ReorganisationState.DRAFT and scheme.proposed_by != require_viewer().actor)


def _names(scheme: Any) -> dict[str, str]:
    """Who proposed and approved it, in words."""
    actors = [
        uuid.UUID(actor.removeprefix("person:"))
        for actor in (scheme.proposed_by, scheme.approved_by)
        if actor and actor.startswith("person:")
    ]
    rows = reader().execute(select(_p.c.id, _p.c.name).where(_p.c.id.in_(actors)))
    return {f"person:{row.id}": row.name for row in rows}


@blueprint.post(f"/console/reorganisations/<int(max={HIGHEST_NUMBER}):number>/approve")
@requires(Permission.RUN_SYNC)
def approve_scheme(number: int) -> Answer:
    """Approve a draft of somebody else's."""
    in_transaction(lambda connection: approve(connection, number, actor=require_viewer().actor))
    return redirect(url_for("reorganisations.show", number=number), 303)


@blueprint.post(f"/console/reorganisations/<int(max={HIGHEST_NUMBER}):number>/withdraw")
@requires(Permission.RUN_SYNC)
def withdraw_scheme(number: int) -> Answer:
    """Withdraw a scheme that is not applied."""
    in_transaction(lambda connection: withdraw(connection, number, actor=require_viewer().actor))
    return redirect(url_for("reorganisations.show", number=number), 303)


@blueprint.get(f"/console/reorganisations/<int(max={HIGHEST_NUMBER}):number>/rows.csv")
@requires(Permission.SEE_SYNC)
def download(number: int) -> Response:
    """The rows as a file that can be corrected and sent again, what is wrong with each in a last column."""
    _require_whole_province()
    scheme = require_reorganisation(reader(), number)
    lines = list(csv_lines(_HEADINGS, _lines(rows_of(reader(), scheme.id))))
    answer = Response(stream_with_context(iter(lines)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="reorganisation-{number}.csv"'
    return answer


_HEADINGS = ("kind", "old_code", "old_name", "new_code", "new_name", "roles", "effective_on", "flaw")


def _lines(rows: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        flaw = str(FLAWS[row.flaw]) if row.flaw else ""
        day = row.effective_on if isinstance(row.effective_on, date) else None
        yield (row.kind, row.old_code, row.old_name, row.new_code, row.new_name, row.roles, format_date(day), flaw)
