"""The page on which a list is taken away: what is in it, as which file, and why."""

from collections.abc import Mapping

from flask import render_template
from flask_babel import gettext as _

from idp.console.exports import CSV_ROWS, XLSX_ROWS
from idp.console.saved_filter_pages import address_of
from idp.console.saved_filters import AUDIT, PEOPLE, SESSIONS
from idp.web.formats import format_number

EXPORT_EFFORT = 50_000  # rows looked at for one batch: nobody waits for a page
KINDS = {PEOPLE: ("csv", "xlsx"), SESSIONS: ("csv", "xlsx"), AUDIT: ("csv", "xlsx", "jsonl")}


def export_page(of_list: str, asked: Mapping[str, str], errors: Mapping[str, str] | None = None) -> str:
    """The form that asks why."""
    titles = {PEOPLE: _("Cán bộ"), SESSIONS: _("Phiên đăng nhập"), AUDIT: _("Nhật ký hệ thống")}
    most, fewer = format_number(CSV_ROWS), format_number(XLSX_ROWS)
    words = {
        "csv": _("CSV, tối đa %(most)s dòng", most=most),
        "xlsx": _("Excel, tối đa %(most)s dòng", most=fewer),
        "jsonl": _("JSONL, tối đa %(most)s dòng", most=most),
    }
    kinds = [(kind, words[kind]) for kind in KINDS[of_list]]
    return render_template(
        "console/export.html", title=titles[of_list], back=address_of(of_list, asked), asked=asked, kinds=kinds, errors=errors or {}
    )
