"""A real SMTP server that keeps what it is given, or refuses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.support.services import free_port

ACCOUNT, WORD = b"hopnhat", b"thu/moi ngay"


class MailServer:
    """What came in. `answer`: what it says to a recipient instead of taking the message."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answer = ""
        self.port = 0

    @property
    def url(self) -> str:
        """As the settings name it."""
        return f"smtp://hopnhat:thu%2Fmoi%20ngay@127.0.0.1:{self.port}"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """A recipient is named."""
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """A message comes in."""
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


def _is_known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
    return AuthResult(success=isinstance(given, LoginPassword) and (given.login, given.password) == (ACCOUNT, WORD))


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server on a free port of this machine."""
    server = MailServer()
    server.port = free_port()
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port, authenticator=_is_known, auth_required=True, auth_require_tls=False
    )  # fmt: skip
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
