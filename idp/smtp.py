"""One message handed to the province's mail server (RFC 5321); encrypted, unless the server is on this machine."""

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from idp.settings import LOOPBACK_HOSTS, current_settings

LONGEST_WAIT_SECONDS = 10
PORTS = {"smtp": 587, "smtps": 465}


class MailRefused(Exception):
    """The server will never take this message."""


class MailFailed(Exception):
    """The server did not take the message now."""


def is_configured() -> bool:
    """Whether there is a mail server to hand anything to."""
    return current_settings().smtp_url is not None


def advice() -> str:
    """For `hopnhat doctor`: what to do, or nothing."""
    return (
        ""
        if is_configured()
        else "No mail server: reminders, warnings of secrets that end and mailed reports are not sent; set HOPNHAT_SMTP_URL."
    )


def send(message: EmailMessage) -> None:
    """Hand the message over. Raises MailRefused or MailFailed; the text holds no address and no password."""
    try:
        with _connect() as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as refused:
        code = next(iter(refused.recipients.values()))[0]
        raise (MailRefused if code >= 500 else MailFailed)(f"the address was refused ({code})") from None
    except smtplib.SMTPResponseException as refused:
        is_final = refused.smtp_code >= 500 and not isinstance(refused, smtplib.SMTPAuthenticationError)
        raise (MailRefused if is_final else MailFailed)(f"the mail server answered {refused.smtp_code}") from None
    except (OSError, smtplib.SMTPException, ssl.SSLError) as trouble:
        raise MailFailed(f"the mail server did not take it ({type(trouble).__name__})") from None


def _connect() -> smtplib.SMTP:
    settings = current_settings()
    assert settings.smtp_url is not None
    parts = urlsplit(settings.smtp_url.get_secret_value())
    host, port, context = parts.hostname or "", parts.port or PORTS[parts.scheme], _trust()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=LONGEST_WAIT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=LONGEST_WAIT_SECONDS)
        if host not in LOOPBACK_HOSTS:
            server.starttls(context=context)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _trust() -> ssl.SSLContext:
    context, file = ssl.create_default_context(), current_settings().outbound_ca_file
    if file is not None:
        context.load_verify_locations(file)
    return context
