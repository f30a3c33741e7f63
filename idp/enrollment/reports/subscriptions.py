"""Reports by mail: who chose it gets Biểu 01 of what they may see as a workbook, on Mondays or on the 15th."""

import uuid
from datetime import date
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from idp import clock, outbox, smtp
from idp.database import in_transaction, reader, table_of
from idp.enrollment import figures_of_day as days
from idp.enrollment.campaigns.mails import compose, send
from idp.enrollment.campaigns.models import ReportSubscription
from idp.enrollment.parameters import local_now
from idp.enrollment.reports.form_files import as_workbook
from idp.enrollment.reports.forms import form_of
from idp.outbox import Message, Undeliverable
from idp.roles.permissions import permissions_of, scope_of
from idp.web.spreadsheet import XLSX
from idp.web.viewer import Permission

KIND = "report"
CHOICES = {"": _l("Không gửi"), "week": _l("Thứ hai hằng tuần"), "month": _l("Ngày 15 hằng tháng, sau khi chốt kỳ")}
_s = table_of(ReportSubscription)


def subscribe(connection: Connection, person_id: uuid.UUID, every: str) -> None:
    """Choose "week" or "month"; "": no more."""
    if not every:
        connection.execute(delete(_s).where(_s.c.person_id == person_id))
        return
    insert_one = (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(_s)
    row = {"person_id": person_id, "every": every, "chosen_at": clock.now()}
    connection.execute(insert_one.values(row).on_conflict_do_update(index_elements=[_s.c.person_id], set_={"every": every}))


def subscription_of(connection: Connection, person_id: uuid.UUID) -> str:
    """What somebody chose; "": nothing."""
    return connection.execute(select(_s.c.every).where(_s.c.person_id == person_id)).scalar() or ""


def report_job() -> None:
    """The worker's part: write what is due today, once."""
    in_transaction(write_due)


def write_due(connection: Connection) -> int:
    """Put the reports of today into the outbox; return how many. One conditional update for each decides."""
    today = local_now().date()
    if not smtp.is_configured() or not (day := days.newest_day(connection)):
        return 0
    due = [word for word, is_due in (("week", today.weekday() == 0), ("month", today.day == 15)) if is_due]
    not_yet = or_(_s.c.last_day.is_(None), _s.c.last_day < today)
    taken = update(_s).where(_s.c.every.in_(due), not_yet).values(last_day=today).returning(_s.c.person_id)
    people = connection.execute(taken).scalars().all() if due else []
    for person_id in people:
        outbox.enqueue(connection, KIND, {"day": day.isoformat()}, person_id=person_id)
    return len(people)


def deliver(message: Message) -> None:
    """Send one report, as far as its reader may still see it. Raises Undeliverable when they may not any more."""
    person_id, day = message.person_id, date.fromisoformat(str(message.payload["day"]))
    if person_id is None or Permission.SEE_TRACKER not in permissions_of(person_id):
        raise Undeliverable("the person may not see the tracker any more")
    mail, name = compose(message, f"Biểu 01, số liệu chốt ngày {day:%d/%m/%Y}")
    with force_locale("vi"):
        content: Any = as_workbook(form_of(reader(), 1, day, None, scope_of(person_id, Permission.SEE_TRACKER).within))
    mail.set_content(
        f"Kính gửi đồng chí/ông/bà {name},\n\nGửi kèm Biểu 01, số liệu chốt ngày {day:%d/%m/%Y}. Thôi nhận: trang Báo cáo của bảng theo dõi.\n"
    )
    kind, subtype = XLSX.split("/")
    mail.add_attachment(content, maintype=kind, subtype=subtype, filename=f"bieu-01-{day.isoformat()}.xlsx")
    send(mail)
