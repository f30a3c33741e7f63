"""What an operator must hear of the tracker: a recount that disagreed with the intervals, a day without figures, a look that is overdue."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from idp import clock
from idp.database import reader, table_of
from idp.enrollment.figures_of_day import newest_day
from idp.enrollment.following import seconds_behind
from idp.enrollment.parameters import local_now
from idp.enrollment.standing_models import RungDifference

TOLD_FOR = timedelta(days=7)
LOOK_OVERDUE_SECONDS = 900.0
_d = table_of(RungDifference)


def recent_differences(connection: Connection) -> tuple[int, date] | None:
    """How many people recounts of the last seven days found elsewhere, and the newest of those days; None when there are none."""
    since = (_d.c.found_at >= clock.now() - TOLD_FOR,)
    people, newest = connection.execute(select(func.count(_d.c.person_id.distinct()), func.max(_d.c.day)).where(*since)).one()
    return (people, newest) if people else None


def remedy() -> str:
    """What to do about the tracker, for the doctor; empty when all is well or nothing was counted yet."""
    connection = reader()
    if found := recent_differences(connection):
        return (
            f"A recount found {found[0]} people elsewhere than the intervals said, last on {found[1]}: see them with "
            "`hopnhat enrollment differences`, find out what changes people without an event, then run `hopnhat enrollment recount`."
        )
    newest, behind = newest_day(connection), seconds_behind(connection)
    if newest is not None and newest < local_now().date() - timedelta(days=1):
        return f"No figures were frozen since {newest}: let `hopnhat worker` run; a missed day stays a gap."
    if behind is not None and behind > LOOK_OVERDUE_SECONDS:
        return f"The tracker last looked {int(behind) // 60} minutes ago: let `hopnhat worker` run."
    return ""


def gauges(connection: Connection) -> Iterator[tuple[str, str, float | None]]:
    """The same for whoever watches by figures."""
    found = recent_differences(connection)
    yield "tracker_differences", "People whom recounts of the last seven days found elsewhere.", float(found[0] if found else 0)
    yield "tracker_look_age_seconds", "How long ago the tracker last followed the trail.", seconds_behind(connection)
