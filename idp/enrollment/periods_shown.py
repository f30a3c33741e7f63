"""Which days the leaders' page can be turned to, and which it can be compared with."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from idp.database import table_of
from idp.enrollment.dashboard import day_before
from idp.enrollment.figures_of_day import days_kept, newest_day
from idp.enrollment.models import Closing
from idp.web.formats import format_date

LISTED_CLOSINGS = 12
Choice = tuple[str, str]
_c = table_of(Closing)


def days_to_show(connection: Connection, shown: date) -> list[Choice]:
    """The newest day, the days that periods were closed on, and the one that is shown."""
    newest = newest_day(connection)
    closings = _closings(connection)
    found = {day.isoformat(): _("Kỳ %(period)s, chốt %(day)s", period=period, day=format_date(day)) for period, day in closings}
    if newest:
        found = {newest.isoformat(): _("Mới nhất, %(day)s", day=format_date(newest))} | found
    return list(({} if shown.isoformat() in found else {shown.isoformat(): format_date(shown)} | found).items()) or list(found.items())


def days_to_compare(connection: Connection, shown: date) -> list[Choice]:
    """Four weeks ago, the closings before, the beginning of the year and a year ago, as far as these days are kept."""
    usual = day_before(connection, shown)
    found = [("", _("4 tuần trước (%(day)s)", day=format_date(usual)))] if usual else []
    found += [
        (day.isoformat(), _("kỳ %(period)s, chốt %(day)s", period=period, day=format_date(day)))
        for period, day in _closings(connection)
        if day < shown
    ]
    for words, first in ((_("đầu năm"), shown.replace(month=1, day=1)), (_("một năm trước"), shown - timedelta(days=365))):
        kept = days_kept(connection, first, min(first + timedelta(days=31), shown - timedelta(days=1)))
        if kept:
            found.append((kept[0].isoformat(), f"{words} ({format_date(kept[0])})"))
    return list({value: (value, words) for value, words in reversed(found)}.values())[::-1]


def _closings(connection: Connection) -> Sequence[tuple[str, date]]:
    rows = connection.execute(
        select(_c.c.period, _c.c.day, _c.c.version).order_by(_c.c.day.desc(), _c.c.version.desc()).limit(3 * LISTED_CLOSINGS)
    )
    newest: dict[str, date] = {}
    for row in rows:
        newest.setdefault(row.period, row.day)
    return list(newest.items())[:LISTED_CLOSINGS]
