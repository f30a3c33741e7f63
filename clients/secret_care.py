"""Several secrets of one client side by side: one more, one ended at once, and those told of whose end is near."""

import uuid
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, and_, bindparam, or_, select, update

from clients.client_secrets import add_secret
from clients.metadata import SECRET_METHODS
from clients.models import Client, ClientSecret
from clients.registry import forget
from idp import audit, clock, outbox, smtp
from idp.database import in_transaction, table_of
from idp.errors import NotFound, Refusal
from idp.jobs import Job
from idp.opaque_tokens import Secret
from idp.outbox import DeliveryFailed, Message, Undeliverable
from idp.settings import current_settings
from idp.web.formats import format_time

KIND = "client_letter"
MOST_SECRETS = 10
LONGEST_LIFE = timedelta(days=3 * 366)
WARN_DAYS = (30, 7, 1)
HOUR = 3600
_c, _s = table_of(Client), table_of(ClientSecret)
_client = select(_c.c.id, _c.c.token_endpoint_auth_method).where(_c.c.client_id == bindparam("wanted")).with_for_update()
_change = update(_c).where(_c.c.id == bindparam("key")).values(version=_c.c.version + 1)
_is_good = or_(_s.c.expires_at.is_(None), _s.c.expires_at > bindparam("now"))
_good = select(_s.c.id).where(_s.c.client_id == bindparam("client"), _is_good)
_ending = (
    select(_s.c.id, _s.c.hint, _s.c.expires_at, _s.c.last_used_at, _s.c.client_id, _c.c.client_name, _c.c.client_id.label("public"), _c.c.settings)
    .join(_c, _c.c.id == _s.c.client_id)
    .where(_s.c.expires_at > bindparam("now"), _s.c.expires_at <= bindparam("until"), _c.c.disabled_at.is_(None))
    .order_by(_s.c.expires_at, _s.c.id)
)  # fmt: skip


def add_beside(connection: Connection, client_id: str, *, actor: str, reason: str, expires_at: datetime | None = None) -> Secret:
    """One more secret; those that are there go on as they are. Raises Refusal, NotFound."""
    row = _require(connection, client_id)
    if row.token_endpoint_auth_method not in SECRET_METHODS:
        raise Refusal(_("Ứng dụng này không dùng khóa bí mật."), reason="client_without_secret")
    now = clock.now()
    if expires_at is not None and not now < expires_at <= now + LONGEST_LIFE:
        raise Refusal(_("Ngày hết hạn từ ngày mai đến ba năm sau."), reason="bad_expiry")
    if len(connection.execute(_good, {"client": row.id, "now": now}).all()) >= MOST_SECRETS:
        raise Refusal(_("Ứng dụng đã có quá nhiều khóa. Thu hồi bớt khóa cũ trước."), reason="too_many_secrets")
    secret = add_secret(connection, row.id, row.token_endpoint_auth_method, expires_at=expires_at)
    _changed(connection, client_id, row.id, actor=actor, reason=reason, added_until=expires_at.isoformat() if expires_at else None)
    return secret


def revoke_secret(connection: Connection, client_id: str, secret_id: uuid.UUID, *, actor: str, reason: str) -> bool:
    """End one secret at once. Return whether this call did it."""
    row = _require(connection, client_id)
    ended = update(_s).where(_s.c.id == secret_id, _s.c.client_id == row.id, or_(_s.c.expires_at.is_(None), _s.c.expires_at > clock.now()))
    found = connection.execute(ended.values(expires_at=clock.now()).returning(_s.c.hint)).first()
    if found is None:
        return False
    _changed(connection, client_id, row.id, actor=actor, reason=reason, revoked_hint=found.hint)
    return True


def ending_soon(connection: Connection) -> list[Any]:
    """Secrets that end within the longest warning, the soonest first."""
    now = clock.now()
    return list(connection.execute(_ending, {"now": now, "until": now + timedelta(days=WARN_DAYS[0])}))


def warn() -> int:
    """Write to the contacts of each client of which a secret ends in 30, 7 or 1 days: once for each of these days, whoever runs at
    the same time. Return how many secrets."""
    if not smtp.is_configured():
        return 0
    return in_transaction(_warn)


def jobs() -> list[Job]:
    """What the worker does for secrets."""
    return [Job("client_secrets_ending", HOUR, warn, lease_seconds=300)]


def _warn(connection: Connection) -> int:
    told, now = 0, clock.now()
    for row in ending_soon(connection):
        days = min(limit for limit in WARN_DAYS if row.expires_at - now <= timedelta(days=limit))
        mark = update(_s).where(and_(_s.c.id == row.id, or_(_s.c.warned_days.is_(None), _s.c.warned_days > days)))
        if connection.execute(mark.values(warned_days=days).returning(_s.c.id)).first() is None:
            continue
        told += 1
        facts = {"name": row.client_name, "client_id": row.public, "hint": row.hint, "ends": row.expires_at.isoformat()}
        for contact in row.settings.get("contacts", ()):
            if "@" in contact:
                outbox.enqueue(connection, KIND, {**facts, "to": contact}, client_id=row.client_id)
    return told


def deliver(message: Message) -> None:
    """Send one letter to a contact. Raises DeliveryFailed to be tried again, Undeliverable to be given up."""
    if not smtp.is_configured():
        raise Undeliverable("there is no mail server any more")
    try:
        smtp.send(_as_mail(message))
    except smtp.MailRefused as refused:
        raise Undeliverable(str(refused)) from None
    except smtp.MailFailed as failed:
        raise DeliveryFailed(str(failed)) from None


def _as_mail(message: Message) -> EmailMessage:
    facts, settings = message.payload, current_settings()
    written, ends = EmailMessage(), format_time(datetime.fromisoformat(facts["ends"]))
    name = "".join(sign for sign in facts["name"] if sign.isprintable())
    try:
        written["To"] = Address(addr_spec=facts["to"])
        written["From"] = Address(settings.organization_name, addr_spec=settings.mail_from or "")
        written["Subject"] = f"Khóa bí mật của {name} sắp hết hạn / A client secret is about to expire"
    except (ValueError, IndexError, MessageError):
        raise Undeliverable("the contact's mail address cannot be written to") from None
    written["Message-ID"] = f"<{message.id.hex}@{(settings.mail_from or '@').partition('@')[2]}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(
        f"Khóa bí mật (đuôi …{facts['hint']}) của ứng dụng “{name}” ({facts['client_id']}) hết hạn lúc {ends}.\n"
        "Tạo khóa mới ở trang quản trị, đưa vào cấu hình ứng dụng, rồi thu hồi khóa cũ. Thư này không cần trả lời.\n\n"
        f"The secret ending …{facts['hint']} of the application expires at {ends}. Make a new one at the console before that.\n"
    )
    return written


def _changed(connection: Connection, client_id: str, key: uuid.UUID, *, actor: str, reason: str, **told: Any) -> None:
    connection.execute(_change, {"key": key, "updated_at": clock.now()})
    audit.record(connection, audit.Event.CLIENT_SECRET_ROTATED, actor=actor, client_id=key, reason=reason, **told)
    forget(client_id)


def _require(connection: Connection, client_id: str) -> Any:
    row = connection.execute(_client, {"wanted": client_id}).first()
    if row is None:
        raise NotFound(_("Không có ứng dụng này."), reason="client_unknown")
    return row


DELIVERERS: dict[str, outbox.Deliver] = {KIND: deliver}
