"""Which days the leaders' page can be turned to, and which it can be compared with."""

from collections.abc import Sequence
from datetime import date, timedelta

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from idp.database import table_of
from idp.enrollment.dashboard import day_before
from idp.enrollment.figures_of_day import days_kept
from idp.enrollment.models import Closing
from idp.web.formats import format_date

LISTED_CLOSINGS = 12
Choice = tuple[str, str]
Closings = Sequence[tuple[str, date]]
_c = table_of(Closing)
_newest_closings = select(_c.c.period, _c.c.day, _c.c.version).order_by(_c.c.day.desc(), _c.c.version.desc()).limit(3 * LISTED_CLOSINGS)


def choices(connection: Connection, shown: date, newest: date | None) -> tuple[list[Choice], list[Choice]]:
    """The days that the page can be turned to, and those that the shown one can be compared with."""
    closings = _closings(connection)
    return _to_show(closings, shown, newest), _to_compare(connection, closings, shown)


def _to_show(closings: Closings, shown: date, newest: date | None) -> list[Choice]:
    """The newest day, the days that periods were closed on, and the one that is shown."""
    found = {day.isoformat(): _("Kỳ %(period)s, chốt %(day)s", period=period, day=format_date(day)) for period, day in closings}
    if newest:
        found = {newest.isoformat(): _("Mới nhất, %(day)s", day=format_date(newest))} | found
    return list(({} if shown.isoformat() in found else {shown.isoformat(): format_date(shown)} | found).items()) or list(found.items())


def _to_compare(connection: Connection, closings: Closings, shown: date) -> list[Choice]:
    """Four weeks ago, the closings before, the beginning of the year and a year ago, as far as these days are kept."""
    usual = day_before(connection, shown)
    found = [("", _("4 tuần trước (%(day)s)", day=format_date(usual)))] if usual else []
    found += [
        (day.isoformat(), _("kỳ %(period)s, chốt %(day)s", period=period, day=format_date(day))) for period, day in closings if day < shown
    ]
    for words, first in ((_("đầu năm"), shown.replace(month=1, day=1)), (_("một năm trước"), shown - timedelta(days=365))):
        kept = days_kept(connection, first, min(first + timedelta(days=31), shown - timedelta(days=1)))
        if kept:
            found.append((kept[0].isoformat(), f"{words} ({format_date(kept[0])})"))
    return list({value: (value, words) for value, words in reversed(found)}.values())[::-1]


def _closings(connection: Connection) -> Closings:
    newest: dict[str, date] = {}
    for row in connection.execute(_newest_closings):
        newest.setdefault(row.period, row.day)
    return list(newest.items())[:LISTED_CLOSINGS]
