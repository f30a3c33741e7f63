"""The alarm when the envelopes are used: to every administrator of the province, to those who keep them or are said to have opened them, and
to the addresses of the settings, through the outbox."""

import uuid
from collections.abc import Collection
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage

from sqlalchemy import Connection, or_, select

from idp import clock, outbox, smtp
from idp.database import table_of
from idp.outbox import DeliveryFailed, Message, Undeliverable
from idp.people.models import Person, PersonState
from idp.roles.models import Role, RoleGrant
from idp.settings import current_settings
from idp.web.formats import format_time, today

KIND = "emergency_alarm"
_p, _g = table_of(Person), table_of(RoleGrant)


def raise_alarm(
    connection: Connection, name: str, *, used_for: str, opened_by: str, involved: Collection[uuid.UUID], address: str | None
) -> None:
    """Tell them, in the transaction in which it begins. Without a mail server the trail and the banner tell."""
    if not smtp.is_configured():
        return
    facts = {"name": name, "used_for": used_for, "opened_by": opened_by, "address": address, "at": clock.now().isoformat()}
    for to in _addresses(connection, involved):
        outbox.enqueue(connection, KIND, {**facts, "to": to})


def _addresses(connection: Connection, involved: Collection[uuid.UUID]) -> list[str]:
    held = (
        select(_p.c.mail)
        .join(_g, _g.c.person_id == _p.c.id)
        .where(
            _g.c.role == Role.IT_ADMIN.value,
            _g.c.unit_id.is_(None),
            _g.c.revoked_at.is_(None),
            _g.c.begun_at.is_not(None),
            or_(_g.c.valid_until.is_(None), _g.c.valid_until >= today()),
            _p.c.mail.is_not(None),
            _p.c.state == PersonState.ACTIVE.value,
        )
    )
    theirs = select(_p.c.mail).where(_p.c.id.in_(involved), _p.c.mail.is_not(None))
    found = {*connection.execute(held).scalars(), *connection.execute(theirs).scalars()}
    return sorted({*found, *current_settings().emergency_alarm_addresses})


def deliver(message: Message) -> None:
    """Send one alarm. Raises DeliveryFailed to be tried again, Undeliverable to be given up."""
    if not smtp.is_configured():
        raise Undeliverable("there is no mail server any more")
    try:
        smtp.send(_as_mail(message))
    except smtp.MailRefused as refused:
        raise Undeliverable(str(refused)) from None
    except smtp.MailFailed as failed:
        raise DeliveryFailed(str(failed)) from None


def _as_mail(message: Message) -> EmailMessage:
    facts, settings, written = message.payload, current_settings(), EmailMessage()
    at = format_time(datetime.fromisoformat(facts["at"]))
    try:
        written["To"] = Address(addr_spec=facts["to"])
        written["From"] = Address(settings.organization_name, addr_spec=settings.mail_from or "")
    except (ValueError, IndexError, MessageError):
        raise Undeliverable("the mail address cannot be written to") from None
    written["Subject"] = "BÁO ĐỘNG: truy cập khẩn cấp đang được dùng / ALARM: emergency access is in use"
    written["Message-ID"] = f"<{message.id.hex}@{(settings.mail_from or '@').partition('@')[2]}>"
    written["Auto-Submitted"] = "auto-generated"
    written["Importance"] = "high"
    written.set_content(
        f"Hai mật khẩu niêm phong của tài khoản truy cập khẩn cấp “{facts['name']}” vừa được dùng để vào trang quản trị.\n"
        f"Thời điểm: {at}\nĐịa chỉ mạng: {facts['address'] or '-'}\n"
        f"Người mở phong bì, theo lời khai: {facts.get('opened_by') or '-'}\nLý do khai: {facts['used_for']}\n\n"
        "Nếu không biết việc này, mở trang quản trị theo địa chỉ quen dùng, vào mục Truy cập khẩn cấp và kết thúc ngay.\n"
        "Sau khi dùng, niêm phong mật khẩu mới. Thư này không có liên kết và không hỏi mật khẩu.\n\n----\n"
        f"The two sealed passwords of the emergency account “{facts['name']}” were just used to enter the console.\n"
        f"Time: {at}\nNetwork address: {facts['address'] or '-'}\n"
        f"Opened by, as they say: {facts.get('opened_by') or '-'}\nWhy, as they say: {facts['used_for']}\n\n"
        "If this was not expected, open the console at its usual address, go to Emergency access and end it at once.\n"
        "Seal a new password afterwards. This message has no links and asks for no password.\n"
    )
    return written


DELIVERERS: dict[str, outbox.Deliver] = {KIND: deliver}
