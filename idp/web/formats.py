"""Dates, numbers and shares as people here write them: 24/11/2026 08:05 in the province's zone, 1.234,56, never rounded up."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask
from flask_babel import gettext as _

from idp import clock
from idp.settings import current_settings
from idp.web.language import ENGLISH, current_language

NOTHING = "—"


def local(instant: datetime) -> datetime:
    """The instant in the province's time zone."""
    return instant.astimezone(ZoneInfo(current_settings().timezone))


def today() -> date:
    """The day it is in the province."""
    return local(clock.now()).date()


def format_date(value: date | datetime | None) -> str:
    """24/11/2026."""
    if value is None:
        return NOTHING
    return f"{local(value) if isinstance(value, datetime) else value:%d/%m/%Y}"


def format_time(value: datetime | None) -> str:
    """24/11/2026 08:05."""
    return NOTHING if value is None else f"{local(value):%d/%m/%Y %H:%M}"


def format_seconds(value: datetime | None) -> str:
    """24/11/2026 08:05:09."""
    return NOTHING if value is None else f"{local(value):%d/%m/%Y %H:%M:%S}"


def _in_own_signs(text: str) -> str:
    return text if current_language() == ENGLISH else text.translate(str.maketrans(",.", ".,"))


def format_number(value: float | None, decimals: int = 0) -> str:
    """12.480 or 1.234,56; in English 12,480 and 1,234.56."""
    return NOTHING if value is None else _in_own_signs(f"{value:,.{decimals}f}")


def format_share(part: int, whole: int) -> str:
    """The share in percent with two decimals, cut off and never rounded up: 33,98%. Of nothing: "không có đối tượng"."""
    if whole == 0:
        return _("không có đối tượng")
    hundredths = 10_000 * part // whole
    return _in_own_signs(f"{hundredths // 100:,}.{hundredths % 100:02d}") + "%"


def format_age(value: datetime | None) -> str:
    """How long ago, in the largest unit that fits: cách đây 37 phút."""
    if value is None:
        return NOTHING
    age = max(clock.now() - value, timedelta())
    if age < timedelta(minutes=1):
        return _("vừa xong")
    if age < timedelta(hours=1):
        return _("cách đây %(number)s phút", number=age.seconds // 60)
    if age < timedelta(days=1):
        return _("cách đây %(number)s giờ", number=age.seconds // 3600)
    return _("cách đây %(number)s ngày", number=format_number(age.days))


def format_duration(seconds: float | None) -> str:
    """How long something took, cut to whole seconds: 43 giây, 2 phút 5 giây, 26 giờ 0 phút."""
    if seconds is None:
        return NOTHING
    minutes, rest = divmod(max(int(seconds), 0), 60)
    if minutes == 0:
        return _("%(number)s giây", number=rest)
    if minutes < 60:
        return _("%(minutes)s phút %(seconds)s giây", minutes=minutes, seconds=rest)
    return _("%(hours)s giờ %(minutes)s phút", hours=format_number(minutes // 60), minutes=minutes % 60)


def set_up_formats(app: Flask) -> None:
    """The same words as filters of templates: `|date`, `|time`, `|seconds`, `|number`, `|age`,
    `|duration` (seconds); `share(part, whole)`."""
    app.jinja_env.filters.update(date=format_date, time=format_time, seconds=format_seconds, number=format_number, age=format_age)
    app.jinja_env.filters["duration"] = format_duration
    app.jinja_env.globals.update(share=format_share)
