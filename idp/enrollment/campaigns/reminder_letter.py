"""The letter that reminds somebody of the one step they miss, in both languages; no link, and nothing to be typed or sent back.

Whoever has enrolled since it was ordered gets none: that is the only way to be left in peace, and it works at once.
"""

from datetime import date

from flask_babel import force_locale
from sqlalchemy import select

from idp.database import reader, table_of
from idp.enrollment.campaigns.enrolment_days import next_day_for
from idp.enrollment.campaigns.mails import compose, send
from idp.enrollment.rungs import Rung
from idp.enrollment.standing_models import RungInterval
from idp.enrollment.tracker_words import NEXT_STEPS
from idp.outbox import Message
from idp.settings import current_settings

KIND = "reminder"
SUBJECT = "Nhắc hoàn thành xác thực định danh điện tử / Reminder: electronic authentication"
_i = table_of(RungInterval)


def deliver(message: Message) -> None:
    """Send one reminder, unless the person no longer misses anything."""
    row = reader().execute(select(_i.c.rung, _i.c.unit_id).where(_i.c.person_id == message.person_id, _i.c.to_at.is_(None))).first()
    if row is None or row.rung == Rung.SEAMLESS.value:
        return
    mail, name = compose(message, SUBJECT)
    day = next_day_for(reader(), row.unit_id)
    mail.set_content(body(name, Rung(row.rung), (day.day, day.place, day.officer) if day else None))
    send(mail)


def body(name: str, rung: Rung, day: tuple[date, str, str] | None) -> str:
    """The whole text."""
    help_line = current_settings().help_line
    with force_locale("vi"):
        step = str(NEXT_STEPS[rung])
    with force_locale("en"):
        english = str(NEXT_STEPS[rung])
    there, english_there = [], []
    if day:
        there = [f"Ngày đăng ký tập trung của đơn vị: {day[0]:%d/%m/%Y}, tại {day[1]}, cán bộ hỗ trợ: {day[2]}."]
        english_there = [f"Enrolment day of the unit: {day[0]:%d/%m/%Y}, at {day[1]}, officer: {day[2]}."]
    return "\n".join((
        f"Kính gửi đồng chí/ông/bà {name},", "",
        "Tài khoản công vụ chưa hoàn thành các bước xác thực định danh điện tử. Việc cần làm tiếp:", f"  {step}.", "", *there,
        "Tự mở trang đăng nhập theo địa chỉ quen dùng; thư này không có liên kết và không bao giờ hỏi mật khẩu."
        + (f" Cần giúp: {help_line}." if help_line else ""),
        "Thư nhắc gửi nhiều nhất mỗi tuần một lần và tự dừng khi đã hoàn thành.", "",
        "----", f"Dear {name},", "", "The steps to electronic authentication are not complete yet. The next one:", f"  {english}.", "",
        *english_there,
        "Open the sign-in page at its usual address; this message has no links and never asks for a password."
        + (f" Help: {help_line}." if help_line else ""),
        "Reminders come once a week at the most and end when all is done.", "",
    ))  # fmt: skip
