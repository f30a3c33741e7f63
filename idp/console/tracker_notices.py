"""What the tracker says on the console's home: that a recount disagreed with what was followed."""

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from idp.console.alarms import Notice
from idp.console.reach import sees_all
from idp.enrollment.alarm import recent_differences
from idp.web.formats import format_date, format_number
from idp.web.viewer import Permission


def recount_disagreed(connection: Connection) -> list[Notice]:
    """For those who see the tracker of the whole province."""
    found = recent_differences(connection) if sees_all(Permission.SEE_TRACKER) else None
    if found is None:
        return []
    people, day = found
    words = _(
        "Lần đếm lại của bảng theo dõi khác với sổ theo dõi ở %(number)s người, gần nhất ngày %(day)s. Báo quản trị hệ thống tìm nguyên nhân.",
        number=format_number(people), day=format_date(day),
    )  # fmt: skip
    return [Notice("bad", words, url_for("dashboard.quality"))]
