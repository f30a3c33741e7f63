"""The desk and the lifecycle, handed to the application: pages, and what the console's home tells of them."""

from flask import Flask, url_for
from flask_babel import gettext as _
from sqlalchemy import Connection

from directory_sync import desk, desk_pages
from directory_sync.lifecycle import deadlines, review_pages, reviews, service_pages
from directory_sync.panels import add_panel
from idp.console.home import Notice, add_attention
from idp.console.reach import within
from idp.settings import current_settings
from idp.web.formats import format_number, today
from idp.web.viewer import Permission, may

BLUEPRINTS = (desk_pages.blueprint, service_pages.blueprint, review_pages.blueprint)


def attention(connection: Connection) -> list[Notice]:
    """For the console's home: cases that wait, changes of staff that have waited too long, reviews that are overdue."""
    if not may(Permission.DECIDE_ON_PEOPLE):
        return []
    reach, found = within(Permission.DECIDE_ON_PEOPLE), []
    if late := len(deadlines.overdue(connection, reach)):
        words = _("%(number)s thay đổi nhân sự quá hạn ngày làm việc mà chưa thực hiện.", number=format_number(late))
        found.append(Notice("bad", words, url_for("desk.list_waiting")))
    if cases := desk.count_open(connection, reach):
        words = _("%(number)s trường hợp cần xem xét: ai là ai, trùng lặp, người trở lại.", number=format_number(cases))
        found.append(Notice("warn", words, url_for("desk.list_cases")))
    for one in reviews.campaigns(connection, reach):
        if one.signed < one.sheets and one.due_on < today():
            words = _("Đợt rà soát %(name)s quá hạn: còn %(number)s đơn vị chưa ký.", name=one.name, number=one.sheets - one.signed)
            found.append(Notice("bad", words, url_for("reviews.show", campaign_id=one.id)))
    return found


def clock_of_changes(connection: Connection) -> list[Notice]:
    """For the list of runs: how many changes of staff the viewer's units have not carried out, and how many of them are late."""
    if not may(Permission.DECIDE_ON_PEOPLE):
        return []
    found = deadlines.waiting(connection, within(Permission.DECIDE_ON_PEOPLE))
    late = sum(one.is_overdue for one in found)
    if not found:
        return []
    words = _(
        "%(number)s thay đổi nhân sự chưa thực hiện, %(late)s quá %(days)s ngày làm việc.",
        number=format_number(len(found)), late=format_number(late), days=current_settings().hr_change_working_days,
    )  # fmt: skip
    return [Notice("bad" if late else "warn", words, url_for("desk.list_waiting"))]


def set_up_lifecycle(app: Flask) -> None:
    """Register the pages, and what they tell the console's home."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    add_attention(app, attention)
    add_panel(app, clock_of_changes)
