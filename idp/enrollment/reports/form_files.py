"""A form as a file: a workbook with real numbers and days, or CSV."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from flask_babel import gettext as _

from idp.enrollment.reports.forms import Form, Kind
from idp.settings import current_settings
from idp.web.spreadsheet import csv_lines, form_workbook

STATE, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"  # these words have one language


def as_workbook(form: Form) -> bytes:
    """The form as XLSX."""
    name = _("Biểu %(number)s", number=f"{form.number:02d}")
    return form_workbook(
        name, above=[(current_settings().organization_name.upper(), STATE), (name.upper(), MOTTO)], title=form.title, about=form.about,
        columns=[(heading, kind.value) for heading, kind in form.columns], rows=[(row.kind, row.cells) for row in form.rows],
        below=list(form.notes), signers=[(who, how) for who, how in signers()],
    )  # fmt: skip


def signers() -> list[tuple[str, str]]:
    """Who signs a form, with what is written under it."""
    return [(_("NGƯỜI LẬP BIỂU"), _("(Ký, ghi rõ họ tên)")), (_("THỦ TRƯỞNG ĐƠN VỊ"), _("(Ký, đóng dấu, ghi rõ họ tên)"))]


def as_csv(form: Form) -> Iterator[str]:
    """The form as CSV, line by line: headings, then lines, groups and totals as they stand."""
    kinds = [kind for _heading, kind in form.columns]
    rows = ([_plain(value, kind) for value, kind in zip(row.cells, kinds, strict=True)] for row in form.rows)
    return csv_lines([heading for heading, _kind in form.columns], rows)


def _plain(value: Any, kind: Kind) -> Any:
    if value is None:
        return ""
    if kind is Kind.SHARE and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d}"
    return value.isoformat() if isinstance(value, date) else value


def document_day(day: date) -> str:
    """As documents write a day: ngày 05 tháng 02 năm 2026; months after February without a zero (Decree 30/2020)."""
    month = f"{day.month:02d}" if day.month < 3 else str(day.month)
    return _("ngày %(day)s tháng %(month)s năm %(year)s", day=f"{day.day:02d}", month=month, year=day.year)
