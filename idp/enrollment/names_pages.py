"""/console/enrollment/people: the names behind a figure; only with a reason, which is on record, and with masked numbers."""

import uuid
from collections.abc import Collection
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext as _

from idp import audit
from idp.database import in_transaction, reader
from idp.enrollment import missing_people
from idp.enrollment.dashboard_pages import asked_unit
from idp.enrollment.parameters import local_now
from idp.enrollment.reports.form_files import MOTTO, STATE, document_day, signers
from idp.enrollment.reports.forms import Form, Kind, Row
from idp.enrollment.reports.pages import answer_file
from idp.enrollment.rungs import LABELS, Rung
from idp.enrollment.tracker_words import NEXT_STEPS, SEGMENTS, masked
from idp.errors import NotFound
from idp.people.units import find_unit, path_to
from idp.roles.permissions import scope_of
from idp.web.formats import format_date
from idp.web.reasons import read_reason
from idp.web.viewer import Permission, require_viewer, requires

blueprint = Blueprint("names", __name__)


def reached_units(permission: Permission, unit_id: uuid.UUID | None) -> Collection[uuid.UUID] | None:
    """The units that the viewer asked for, when they may: one, or all that they may see (None: all). Raises NotFound."""
    tops = scope_of(require_viewer().person_id, permission).within
    if unit_id is None:
        return tops
    above = {row.id for row in path_to(reader(), unit_id)}
    if not above or (tops is not None and above.isdisjoint(tops)):
        raise NotFound(_("Không có đơn vị này, hoặc đơn vị ngoài phạm vi được giao."))
    return [unit_id]


def asked_segment() -> str:
    """The rung that the address or form names; "": all below B6. Raises NotFound."""
    asked = request.values.get("segment", "")
    if asked and asked not in {rung.value for rung in SEGMENTS}:
        raise NotFound(_("Không có nhóm này."))
    return asked


def segment_words(rung: str) -> str:
    """A segment in words."""
    return str(SEGMENTS[Rung(rung)]) if rung else _("Mọi người chưa thông suốt, hợp nhất")


@blueprint.get("/console/enrollment/people")
@requires(Permission.SEE_TRACKER_NAMES)
def ask() -> str:
    """Ask for the reason before names are shown."""
    return _ask({})


def _ask(errors: dict[str, str]) -> str:
    unit_id, segment = asked_unit(), asked_segment()
    within = reached_units(Permission.SEE_TRACKER_NAMES, unit_id)
    return render_template(
        "enrollment/names_reason.html", unit=find_unit(reader(), unit_id) if unit_id else None, segment=segment,
        words=segment_words(segment), people=missing_people.count_missing(reader(), segment, within), errors=errors,
        reason=request.form.get("reason", ""), most=missing_people.MOST_LISTED,
    )  # fmt: skip


@blueprint.post("/console/enrollment/people")
@requires(Permission.SEE_TRACKER_NAMES)
def show() -> str | Response:
    """The names, on paper with boxes to tick or as a file; who looked and why is on record first."""
    reason, errors = read_reason()
    if errors:
        return _ask(errors)
    unit_id, segment = asked_unit(), asked_segment()
    within = reached_units(Permission.SEE_TRACKER_NAMES, unit_id)
    people = missing_people.list_missing(reader(), segment, within)
    actor, unit = require_viewer().actor, str(unit_id) if unit_id else None
    in_transaction(
        lambda connection: audit.record(
            connection, audit.Event.TRACKER_NAMES_SHOWN, actor=actor, reason=reason, segment=segment, unit=unit, people=len(people)
        )
    )
    found = _as_form(people, segment, find_unit(reader(), unit_id).name if unit_id else _("Phạm vi được giao"))  # type: ignore[union-attr]
    if request.form.get("as") in ("xlsx", "csv"):
        return answer_file(found, request.form["as"], f"bieu-03-{found.day.isoformat()}")
    return render_template(
        "enrollment/form.html", form=found, ticks=True, unit=unit_id, today=found.day, state_name=STATE, motto=MOTTO,
        document_day=document_day, signers=signers,
    )  # fmt: skip


def _as_form(people: Any, segment: str, scope: str) -> Form:
    day: date = local_now().date()
    columns = [
        (_("STT"), Kind.ORDER), (_("Họ và tên"), Kind.TEXT), (_("Mã CBCCVC"), Kind.TEXT), (_("Chức vụ"), Kind.TEXT),
        (_("Đơn vị"), Kind.TEXT), (_("Bậc"), Kind.TEXT), (_("Từ ngày"), Kind.DAY), (_("Việc cần làm"), Kind.TEXT), (_("Đã xong"), Kind.TEXT),
    ]  # fmt: skip
    rows = [
        Row((
            order, one.name, masked(one.staff_code), one.title or "", one.unit_name or _("Chưa rõ đơn vị"),
            f"{one.rung} {LABELS[Rung(one.rung)]}", one.from_at.date(), str(NEXT_STEPS[Rung(one.rung)]), "",
        ))
        for order, one in enumerate(people, 1)
    ]  # fmt: skip
    about = _("Nhóm: %(segment)s. Phạm vi: %(scope)s. Lập ngày %(day)s", segment=segment_words(segment), scope=scope, day=format_date(day))
    notes = [_("Danh sách có dữ liệu cá nhân: chỉ dùng cho việc đăng ký xác thực, hủy khi xong việc."),
             _("Tạm vắng dài ngày và miễn trừ có thời hạn vẫn nằm trong danh sách.")]  # fmt: skip
    return Form(3, _("DANH SÁCH CÁN BỘ, CÔNG CHỨC, VIÊN CHỨC CHƯA HOÀN THÀNH XÁC THỰC ĐỊNH DANH ĐIỆN TỬ"), about, columns, rows, notes, day)
