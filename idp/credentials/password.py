"""The password factor: the staff directory is asked by an LDAP bind; no password is ever kept here.

The name to bind with comes from the directory's own entry, found by its permanent id; nothing that a person typed gets into
it. That search comes first, for right and wrong passwords alike: an entry renamed since the last sync is still its person's, and
an entry that took over somebody's old name is not.
"""

import queue
import socket
import ssl
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import structlog
from flask import current_app
from flask_babel import gettext as _
from ldap3 import ANONYMOUS, NONE, SIMPLE, SUBTREE, SYNC, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException
from ldap3.utils.conv import escape_filter_chars

from idp.credentials.bind_answers import PASSWORD_POLICY, SUCCESS, Answer, understand
from idp.credentials.breaker import Breaker
from idp.errors import Unavailable
from idp.settings import LOOPBACK_HOSTS, Settings, current_settings

LONGEST_PASSWORD = 1024
MOST_AT_ONCE = 16
KEPT_SECONDS = 60  # a connection idle for longer may have been dropped by a firewall without a word
_log = structlog.get_logger()
_first_use = threading.Lock()


class WrongPassword(Exception):
    """The directory does not accept this password for this person, whoever that is. `reason` is for the audit trail only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PasswordRightButRefused(Exception):
    """The password was right, but the directory wants it changed or has closed the account: `answer` says which."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer))
        self.answer = answer


class DirectoryUnavailable(Unavailable):
    """The password could not be checked; that counts against nobody."""

    reason = "directory_unavailable"


@dataclass(frozen=True)
class DirectoryEntry:
    """A person's entry: its permanent id (`entryUUID`), and the name it had when it was last read."""

    entry_uuid: str
    dn: str


def verify(entry: DirectoryEntry | None, password: str) -> None:
    """Ask the directory. Raises WrongPassword, PasswordRightButRefused or DirectoryUnavailable.

    Without an entry a name that cannot exist is asked for, so that unknown people cost the same time.
    """
    if not _is_worth_asking(password):
        raise WrongPassword("blank")
    answer = _ask(entry or DirectoryEntry(str(uuid.uuid4()), ""), password)
    if answer in (Answer.WRONG, Answer.LOCKED):
        raise WrongPassword(str(answer))
    if answer in (Answer.EXPIRED, Answer.MUST_CHANGE, Answer.DISABLED):
        raise PasswordRightButRefused(answer)
    if answer is not Answer.RIGHT or entry is None:
        _log.warning("directory.not_asked", answer=str(answer))
        raise DirectoryUnavailable(
            _(
                "Máy chủ danh bạ đang không trả lời nên chưa kiểm tra được mật khẩu. Chờ vài phút rồi thử lại. Lượt này không bị tính là sai."
            ),
            reason=str(answer),
        )


def _is_worth_asking(password: str) -> bool:
    # A name with an empty password binds as nobody in particular, and succeeds (RFC 4513 §5.1.2).
    is_text = not any("\ud800" <= character <= "\udfff" for character in password)
    return bool(password.strip()) and "\0" not in password and is_text and len(password) <= LONGEST_PASSWORD


def _ask(entry: DirectoryEntry, password: str) -> Answer:
    with _first_use:
        if "hopnhat.directory_lines" not in current_app.extensions:
            current_app.extensions["hopnhat.directory_lines"] = _Lines(current_settings())
    return cast("_Lines", current_app.extensions["hopnhat.directory_lines"]).ask(entry, password)


@dataclass
class _Line:
    """Two connections that belong together: the one that searches stays the service account's, since a failed bind on it would
    leave it nobody's."""

    search: Connection
    bind: Connection
    idle_since: float = 0.0

    def close(self) -> None:
        for connection in (self.search, self.bind):
            try:
                connection.strategy.close()
            except (LDAPException, OSError):
                continue


@dataclass
class _Call:
    """One sign-in at the directory, which its caller may give up waiting for."""

    line: _Line | None = None
    given_up: bool = False

    def give_up(self) -> None:
        self.given_up = True
        for connection in (self.line.search, self.line.bind) if self.line else ():
            try:
                connection.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that still listens
            except (OSError, AttributeError):
                continue


@dataclass
class _Lines:
    """The kept connections to the directory and the breaker in front of them; one per process."""

    settings: Settings
    breaker: Breaker = field(default_factory=Breaker)

    def __post_init__(self) -> None:
        self._kept: queue.LifoQueue[_Line] = queue.LifoQueue(MOST_AT_ONCE)
        self._workers = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="directory")

    def ask(self, entry: DirectoryEntry, password: str) -> Answer:
        """The directory's answer, within the time for one sign-in whatever the directory does: every wait of ldap3 is per
        packet, so the work is done aside and given up when its time is over."""
        if not self.settings.ldap_url or not self.breaker.admits():
            return Answer.NO_ANSWER
        call = _Call()
        work = self._workers.submit(self._answer, call, entry, password)
        try:
            answer = work.result(self.settings.ldap_sign_in_seconds)
        except TimeoutError:
            call.give_up()
            work.cancel()
            answer = Answer.NO_ANSWER
        self.breaker.note(answered=answer is not Answer.NO_ANSWER)
        return answer

    def _answer(self, call: _Call, entry: DirectoryEntry, password: str) -> Answer:
        try:
            line = self._take_kept()
            try:
                return self._talk(call, line or self._open(call), entry, password)
            except (LDAPException, OSError):
                # A kept connection may have died unnoticed; a new one that fails is the directory's failure.
                if line is None or call.given_up:
                    raise
                line.close()
                return self._talk(call, self._open(call), entry, password)
        except Exception as trouble:  # noqa: BLE001 - besides its own errors ldap3 raises whatever a malformed answer leads it to
            _log.warning("directory.failed", trouble=type(trouble).__name__)
            return Answer.NO_ANSWER

    def _talk(self, call: _Call, line: _Line, entry: DirectoryEntry, password: str) -> Answer:
        call.line = line
        dn = self._find_dn(line.search, entry)
        answer = _bind(line.bind, dn, password)
        if not call.given_up and not self._kept.full():
            line.idle_since = time.monotonic()
            self._kept.put_nowait(line)
        return answer

    def _find_dn(self, search: Connection, entry: DirectoryEntry) -> str:
        """The name that the entry has now. One that nobody has when the entry is gone."""
        found = search.search(
            self.settings.ldap_base_dn,
            f"(entryUUID={escape_filter_chars(entry.entry_uuid)})",
            SUBTREE,
            attributes=["1.1"],
            size_limit=2,
            time_limit=self.settings.ldap_sign_in_seconds,
        )
        names = [str(answer["dn"]) for answer in search.response or () if answer["type"] == "searchResEntry"]
        if found and len(names) == 1:
            return names[0]
        if search.result["result"] == SUCCESS:
            return f"cn={uuid.uuid4()},{self.settings.ldap_base_dn}"
        _log.warning("directory.search_refused", code=search.result["result"])
        return entry.dn or f"cn={uuid.uuid4()},{self.settings.ldap_base_dn}"

    def _take_kept(self) -> _Line | None:
        while True:
            try:
                line = self._kept.get_nowait()
            except queue.Empty:
                return None
            if time.monotonic() - line.idle_since < KEPT_SECONDS:
                return line
            line.close()

    def _open(self, call: _Call) -> _Line:
        line = call.line = _Line(_connect(self.settings), _connect(self.settings))
        secret = self.settings.ldap_bind_password
        assert self.settings.ldap_bind_dn
        assert secret
        if _bind(line.search, self.settings.ldap_bind_dn, secret.get_secret_value()) is not Answer.RIGHT:
            _log.error("directory.service_account_refused")  # the search says so again; people still get in by the name last read
        return line


def _connect(settings: Settings) -> Connection:
    """An open connection: certificate verified (except on loopback without a CA), no referrals, every wait bounded."""
    host = urlsplit(settings.ldap_url or "").hostname
    unverified = host in LOOPBACK_HOSTS and settings.ldap_ca_file is None
    tls = Tls(
        validate=ssl.CERT_NONE if unverified else ssl.CERT_REQUIRED,
        ca_certs_file=str(settings.ldap_ca_file) if settings.ldap_ca_file else None,
        sni=host,
    )
    server = Server(settings.ldap_url, tls=tls, get_info=NONE, connect_timeout=settings.ldap_connect_seconds)
    connection = Connection(
        server,
        authentication=ANONYMOUS,
        client_strategy=SYNC,
        auto_referrals=False,
        check_names=False,
        receive_timeout=settings.ldap_sign_in_seconds,
    )
    connection.open(read_server_info=False)
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else every bind over TLS waits 40 ms for an ACK
    return connection


def _bind(connection: Connection, dn: str, password: str) -> Answer:
    connection.rebind(dn, password, SIMPLE, read_server_info=False, controls=[(PASSWORD_POLICY, False, None)])
    result = connection.result
    connection.user = connection.password = connection.request = None  # ldap3 would keep them as long as the connection
    return understand(result)
