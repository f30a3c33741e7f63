"""/console/enrollment/reports: the official forms, on paper and as files, the page of prose, the definitions, the evidence pack."""

import io
from datetime import date
from itertools import islice
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from idp import audit, clock
from idp.database import in_transaction, reader
from idp.enrollment import figures_of_day as days
from idp.enrollment.dashboard_pages import asked_day, asked_unit, reach
from idp.enrollment.integrity import flaws
from idp.enrollment.parameters import local_now
from idp.enrollment.reports.evidence import evidence_pack
from idp.enrollment.reports.form_files import MOTTO, STATE, as_csv, as_workbook, document_day, signers
from idp.enrollment.reports.forms import Form, form_of
from idp.enrollment.reports.prose import prose_of
from idp.enrollment.reports.subscriptions import CHOICES, subscribe, subscription_of
from idp.enrollment.rungs import LABELS, Rung
from idp.enrollment.tracker_words import line_words
from idp.errors import NotFound
from idp.web.spreadsheet import XLSX
from idp.web.viewer import Permission, require_person_here, require_viewer, requires

blueprint = Blueprint("reports", __name__)
MOST_FLAWS = 50
PAPER: dict[str, Any] = {"state_name": STATE, "motto": MOTTO, "document_day": document_day, "signers": signers}


def required_day() -> date:
    """The day asked for, or the newest. Raises NotFound while there is none."""
    day = asked_day()
    if day is None:
        raise NotFound(_("Chưa có ngày nào được chốt. Số liệu được chốt mỗi ngày từ 00:10."))
    return day


@blueprint.get("/console/enrollment/reports")
@requires(Permission.SEE_TRACKER)
def list_reports() -> str:
    """What there is to print and to download, and what comes by mail."""
    chosen = subscription_of(reader(), require_viewer().person_id)
    return render_template("enrollment/reports.html", day=asked_day(), chosen=chosen, choices=CHOICES, said=request.args.get("said"))


@blueprint.post("/console/enrollment/reports/mail")
@requires(Permission.SEE_TRACKER)
def choose_mail() -> str:
    """Choose how often Biểu 01 comes by mail."""
    every = request.form.get("every", "")
    in_transaction(lambda connection: subscribe(connection, require_person_here().person_id, every if every in CHOICES else ""))
    chosen = subscription_of(reader(), require_viewer().person_id)
    return render_template("enrollment/reports.html", day=asked_day(), chosen=chosen, choices=CHOICES, said="1")


@blueprint.get("/console/enrollment/reports/<int:number>")
@requires(Permission.SEE_TRACKER)
def form(number: int) -> str:
    """A form on paper."""
    return render_template("enrollment/form.html", form=_form(number), unit=asked_unit(), today=local_now().date(), **PAPER)


@blueprint.get("/console/enrollment/reports/<int:number>.<kind>")
@requires(Permission.SEE_TRACKER)
def form_file(number: int, kind: str) -> Response:
    """A form as XLSX or CSV."""
    found = _form(number)
    return answer_file(found, kind, f"bieu-{number:02d}-{found.day.isoformat()}")


def answer_file(found: Form, kind: str, name: str) -> Response:
    """The form as a file to keep. Raises NotFound for another kind than xlsx and csv."""
    if kind == "xlsx":
        response = Response(as_workbook(found), mimetype=XLSX)
    elif kind == "csv":
        response = Response("".join(as_csv(found)), mimetype="text/csv")
    else:
        raise NotFound(_("Chỉ có tệp xlsx và csv."))
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{kind}"
    return response


def _form(number: int) -> Form:
    return form_of(reader(), number, required_day(), asked_unit(), reach())


@blueprint.get("/console/enrollment/reports/prose")
@requires(Permission.SEE_TRACKER)
def prose() -> str:
    """The figures in sentences, on paper."""
    found, parts = prose_of(reader(), required_day(), asked_unit(), reach())
    return render_template(
        "enrollment/prose.html", shown=found, parts=parts, scope=line_words(found.line), today=local_now().date(), **PAPER
    )


@blueprint.get("/console/enrollment/reports/definitions")
@requires(Permission.SEE_TRACKER)
def definitions() -> str:
    """What every word and every figure means, and the parameters of the day."""
    day = asked_day()
    parameters = days.day_of(reader(), day).parameters if day else {}
    return render_template("enrollment/definitions.html", parameters=parameters, day=day, labels=LABELS, rungs=tuple(Rung))


@blueprint.post("/console/enrollment/reports/evidence")
@requires(Permission.SEE_TRACKER)
def evidence() -> Response:
    """The evidence pack up to the newest day; that it was taken is on record."""
    if reach() is not None:
        raise NotFound(_("Gói bằng chứng thuộc về toàn tỉnh."))
    day, viewer = required_day(), require_viewer()
    buffer = io.BytesIO()
    evidence_pack(reader(), buffer, day)
    in_transaction(lambda connection: audit.record(connection, audit.Event.EVIDENCE_TAKEN, actor=viewer.actor, day=day.isoformat()))
    headers = {"Content-Disposition": f"attachment; filename=bang-chung-{day.isoformat()}.zip"}
    return Response(buffer.getvalue(), mimetype="application/zip", headers=headers)


@blueprint.post("/console/enrollment/reports/verify")
@requires(Permission.SEE_AUDIT)
def verify() -> str:
    """Count every frozen day anew and follow all chains; say which rows are not what was stored."""
    found = list(islice(flaws(reader()), MOST_FLAWS))
    return render_template("enrollment/verified.html", flaws=found, day=asked_day(), at=clock.now())
