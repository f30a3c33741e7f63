"""What a person is told by mail when something happens to the ways they sign in: so that they notice what was not them.

A letter is put into the outbox with the deed that causes it. It has no link and asks for nothing: letters that ask for passwords
are how passwords are stolen. Without a mail server nothing is written; the history on the account page tells the same.
"""

import enum
import time
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from flask import has_request_context, request
from sqlalchemy import Connection, bindparam, select

from idp import clock, outbox, smtp
from idp.database import reader, table_of
from idp.outbox import DeliveryFailed, Message, OutboxMessage, Undeliverable
from idp.people.letter_words import LETTERS, body
from idp.people.models import Person
from idp.settings import current_settings

KIND = "letter"
ONCE_A = timedelta(days=1)
REST_SECONDS = 30.0  # so long nothing is handed to a mail server that did not answer
_resting = {"until": 0.0}
_p, _o = table_of(Person), table_of(OutboxMessage)
_address = select(_p.c.name, _p.c.mail).where(_p.c.id == bindparam("of_person"))
_lately = select(_o.c.payload).where(_o.c.kind == KIND, _o.c.person_id == bindparam("of_person"), _o.c.created_at > bindparam("since"))


class Letter(enum.StrEnum):
    """What a letter tells of."""

    STRANGE_BROWSER = "strange_browser"
    PASSWORD_CHANGED = "password_changed"
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    FACTORS_RESET = "factors_reset"
    CODES_ISSUED = "recovery_codes_issued"
    CODE_USED = "recovery_code_used"
    OFFICER_CODE_ISSUED = "officer_code_issued"
    IDLE = "idle"
    RESTS = "rests"
    PROOFED = "proofed"
    UNLOCKED = "unlocked"
    ROLE_GRANTED = "role_granted"
    ROLE_ENDING = "role_ending"
    ADDRESS_CHANGED = "mail_changed"


ONCE_A_DAY = (Letter.STRANGE_BROWSER, Letter.RESTS)
OF_OTHERS = (Letter.FACTORS_RESET, Letter.OFFICER_CODE_ISSUED, Letter.IDLE, Letter.RESTS, Letter.PROOFED, Letter.UNLOCKED, Letter.ROLE_GRANTED,
             Letter.ROLE_ENDING, Letter.ADDRESS_CHANGED)  # fmt: skip


def write(connection: Connection, person_id: uuid.UUID, letter: Letter) -> None:
    """Tell the person, at their official address, in the transaction of what happened."""
    if not smtp.is_configured():
        return
    facts = {"letter": letter.value, "address": _where_from(letter)}
    if letter in ONCE_A_DAY and _is_told_lately(connection, person_id, facts):
        return
    outbox.enqueue(connection, KIND, {**facts, "at": clock.now().isoformat()}, person_id=person_id)


def write_to_former_addresses(connection: Connection, former: Iterable[tuple[uuid.UUID, str]]) -> None:
    """Tell each person at the address that they had until now that it has changed: whoever changed it reads the new one."""
    if not smtp.is_configured():
        return
    at = clock.now().isoformat()
    for person_id, mail in former:
        facts = {"letter": Letter.ADDRESS_CHANGED.value, "address": None, "at": at, "to": mail}
        outbox.enqueue(connection, KIND, facts, person_id=person_id)


def _where_from(letter: Letter) -> str | None:
    # What an officer does comes from the officer's desk, which is of no interest here.
    return request.remote_addr if has_request_context() and letter not in OF_OTHERS else None


def _is_told_lately(connection: Connection, person_id: uuid.UUID, facts: dict[str, Any]) -> bool:
    told = connection.execute(_lately, {"of_person": person_id, "since": clock.now() - ONCE_A}).scalars()
    return any(facts.items() <= payload.items() for payload in told)


def deliver(message: Message) -> None:
    """Send one letter. Raises DeliveryFailed to be tried again, Undeliverable to be given up."""
    if not smtp.is_configured():
        raise Undeliverable("there is no mail server any more")
    if _resting["until"] > time.monotonic():
        raise DeliveryFailed("the mail server did not answer a moment ago")
    try:
        smtp.send(_as_mail(message))
    except smtp.MailRefused as refused:
        raise Undeliverable(str(refused)) from None
    except smtp.MailFailed as failed:
        _resting["until"] = time.monotonic() + REST_SECONDS
        raise DeliveryFailed(str(failed)) from None
    _resting["until"] = 0.0


def _as_mail(message: Message) -> EmailMessage:
    name, mail = _addressee(message.person_id, message.payload.get("to"))
    letter, at = str(message.payload["letter"]), datetime.fromisoformat(message.payload["at"])
    told, sender = LETTERS[letter], _mailbox(current_settings().organization_name, current_settings().mail_from or "")
    written = EmailMessage()
    try:
        written["To"] = _mailbox(name, mail)
        written["From"] = sender
    except (ValueError, IndexError, MessageError):
        raise Undeliverable("the person's mail address cannot be written to") from None
    written["Subject"] = f"{told.subject} / {told.english_subject}"
    written["Date"] = format_datetime(at)
    # The same for every attempt: a server that took it, and whose answer was lost, knows it again.
    written["Message-ID"] = f"<{message.id.hex}@{sender.domain}>"
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(body(told, name, at, message.payload.get("address")))
    return written


def _mailbox(name: str, mail: str) -> Address:
    return Address(name, addr_spec=mail)


def _addressee(person_id: uuid.UUID | None, former_mail: str | None) -> tuple[str, str]:
    row = reader().execute(_address, {"of_person": person_id}).first()
    mail = former_mail or (row.mail if row else None)
    if row is None or not mail:
        raise Undeliverable("the person has no mail address")
    return "".join(sign for sign in row.name if sign.isprintable()), mail


DELIVERERS: dict[str, outbox.Deliver] = {KIND: deliver}
