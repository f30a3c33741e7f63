"""When a password ends, as the directory said after the right one: what is kept of it, and how it is told, calmly."""

from datetime import datetime, timedelta

from flask_babel import gettext as _

from idp import clock
from idp.credentials.bind_answers import Said
from idp.web.formats import format_time

SOON = timedelta(days=5)  # from then on it is said at each sign-in; before, on the account page only


def end_told_by(said: Said) -> datetime | None:
    """When the password ends, or has ended where the directory takes it a few times more; None where it said nothing."""
    if said.grace_left is not None:
        return clock.now()
    return clock.now() + timedelta(seconds=said.expires_in) if said.expires_in is not None else None


def end_words(ends_at: datetime, grace_left: int | None) -> str:
    """One sentence about it."""
    if grace_left is not None:
        return _("Mật khẩu đã hết hạn; danh bạ chỉ còn nhận mật khẩu này %(left)s lần nữa.", left=grace_left)
    return _("Mật khẩu hết hạn lúc %(time)s.", time=format_time(ends_at))
