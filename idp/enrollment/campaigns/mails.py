"""A mail of the tracker to one person: addressed, dated and numbered the same at every attempt, handed to the mail server."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from sqlalchemy import bindparam, select

from idp import smtp
from idp.database import reader, table_of
from idp.outbox import DeliveryFailed, Message, Undeliverable
from idp.people.models import Person, PersonState
from idp.settings import current_settings

_p = table_of(Person)
_addressee = select(_p.c.name, _p.c.mail, _p.c.state).where(_p.c.id == bindparam("of_person"))


def compose(message: Message, subject: str) -> tuple[EmailMessage, str]:
    """An empty mail to the message's person, and their name. Raises Undeliverable."""
    row = reader().execute(_addressee, {"of_person": message.person_id}).first()
    if row is None or not row.mail:
        raise Undeliverable("the person has no mail address")
    if row.state != PersonState.ACTIVE:
        raise Undeliverable("the person's access was withdrawn meanwhile")
    name = "".join(sign for sign in row.name if sign.isprintable())
    sender, mail = Address(current_settings().organization_name, addr_spec=current_settings().mail_from or ""), EmailMessage()
    try:
        mail["To"], mail["From"] = Address(name, addr_spec=row.mail), sender
    except (ValueError, IndexError, MessageError):
        raise Undeliverable("the person's mail address cannot be written to") from None
    mail["Subject"], mail["Date"] = subject, format_datetime(message.created_at)
    mail["Message-ID"], mail["Auto-Submitted"] = f"<{message.id.hex}@{sender.domain}>", "auto-generated"
    return mail, name


def send(mail: EmailMessage) -> None:
    """Hand it over. Raises DeliveryFailed or Undeliverable."""
    if not smtp.is_configured():
        raise Undeliverable("there is no mail server any more")
    try:
        smtp.send(mail)
    except smtp.MailRefused as refused:
        raise Undeliverable(str(refused)) from None
    except smtp.MailFailed as failed:
        raise DeliveryFailed(str(failed)) from None
