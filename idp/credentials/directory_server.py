"""One directory server: kept connections for searching and for binding, apart from each other, and a breaker in front of it."""

import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import structlog

from idp.credentials.bind_answers import SUCCESS, Answer, Change, Said, understand, understand_change
from idp.credentials.breaker import Breaker
from idp.credentials.directory_line import Line, LineBroken, Reply, open_line, tls_context
from idp.opaque_tokens import Secret
from idp.settings import Settings
from idp.wire import messages

KEPT_SECONDS = 60  # a connection idle for longer may have been dropped by a firewall without a word
MOST_KEPT = 16  # of each kind
SLOW_SECONDS = 1.0
MOST_SLOW = 2
OPENLDAP, ACTIVE_DIRECTORY = "openldap", "active_directory"
_ACTIVE_DIRECTORY_CAPABILITY = b"1.2.840.113556.1.4.800"  # LDAP_CAP_ACTIVE_DIRECTORY_OID
_log = structlog.get_logger()
T = TypeVar("T")


@dataclass(frozen=True)
class DirectoryEntry:
    """A person's entry: its permanent id (`entryUUID` or `objectGUID`, as a UUID is written), and its name when it was last read."""

    source_key: str
    dn: str


class Unanswered(Exception):
    """This server did not answer. `may_ask_another`: it has not been shown a password that it may have counted."""

    def __init__(self, trouble: str, *, may_ask_another: bool) -> None:
        super().__init__(trouble)
        self.may_ask_another = may_ask_another


@dataclass
class DirectoryServer:
    """One server, for one process."""

    url: str
    settings: Settings
    breaker: Breaker = field(default_factory=Breaker)

    def __post_init__(self) -> None:
        self._searching: list[Line] = []
        self._binding: list[Line] = []
        self.kind: str = self.settings.ldap_kind
        self._context: ssl.SSLContext | None = None
        self._waiting: dict[int, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def attempt(self) -> Iterator[bool]:
        """Whether this server may be asked now; whatever comes of it is noted. While two have waited for a second already nobody
        else does: there are threads left for everything that needs no directory."""
        now, me = time.monotonic(), threading.get_ident()
        with self._lock:
            if sum(now - since > SLOW_SECONDS for since in self._waiting.values()) >= MOST_SLOW or not self.breaker.admits():
                admitted = False
            else:
                admitted = True
                self._waiting[me] = now
        if not admitted:
            yield False
            return
        answered = True
        try:
            yield True
        except Unanswered as trouble:
            answered = False
            _log.warning("directory.failed", server=urlsplit(self.url).hostname, trouble=str(trouble))
            raise
        finally:
            with self._lock:
                self._waiting.pop(me, None)
            self.breaker.note(answered=answered)

    def bind(self, entry: DirectoryEntry, password: Secret, deadline: float) -> Said:
        """Ask for a password, on a connection that nobody else uses meanwhile. Raises Unanswered."""
        dn = self.find_dn(entry, deadline)
        said = self._with_line(self._binding, self._open, lambda line: _bound(line, dn, password, deadline), deadline, shows_password=True)
        if said.answer is Answer.NO_ANSWER:
            raise Unanswered("busy", may_ask_another=True)
        return said

    def change_password(self, entry: DirectoryEntry, old: Secret, new: Secret, deadline: float) -> Change:
        """Change a password; the directory checks the old one itself, and its own rules. Raises Unanswered."""
        dn = self.find_dn(entry, deadline)
        if self.kind == ACTIVE_DIRECTORY:
            if not self.url.startswith("ldaps://"):
                return Change.NOT_ALLOWED  # as a domain controller would say, after it had seen both passwords
            # As the service account: who must change the password cannot bind. Knowing the old one is what it takes.
            return self._with_line(
                self._searching, self._open_for_searching,
                lambda line: _change_answer(line.replace_unicode_password(dn, old, new, deadline)), deadline, shows_password=True,
            )  # fmt: skip
        line = self._open_or_give_up(deadline, self._open)  # a bind that must change leaves a connection good for nothing else
        try:
            if line.bind(dn, old, deadline).result.code != SUCCESS:
                return Change.OLD_WRONG
            return _change_answer(line.modify_password(dn, old, new, deadline))
        except LineBroken as broken:
            raise Unanswered(str(broken), may_ask_another=False) from None
        finally:
            line.close()

    def find_dn(self, entry: DirectoryEntry, deadline: float) -> str:
        """The name that the entry has now. One that nobody has when the entry is gone. Raises Unanswered."""
        base = self.settings.ldap_base_dn or ""
        nobody = f"cn={uuid.uuid4()},{base}"
        reply = self._with_line(
            self._searching, self._open_for_searching,
            lambda line: line.search(base, messages.SUBTREE, self._names(entry.source_key), ("1.1",), deadline), deadline,
        )  # fmt: skip
        names = [name for name, _ in reply.entries]
        if reply.result.code == SUCCESS:
            return names[0] if len(names) == 1 else nobody
        _log.warning("directory.search_refused", code=reply.result.code)
        return entry.dn or nobody

    def _names(self, source_key: str) -> bytes:
        if self.kind == ACTIVE_DIRECTORY:
            try:
                return messages.equals("objectGUID", uuid.UUID(source_key).bytes_le)
            except ValueError:
                pass
        return messages.equals("entryUUID", source_key)

    def _with_line(
        self,
        kept: list[Line],
        open_one: Callable[[float], Line],
        ask: Callable[[Line], T],
        deadline: float,
        *,
        shows_password: bool = False,
    ) -> T:
        line = _take(kept)
        if line is not None:
            try:
                return self._keep(kept, line, ask(line))
            except LineBroken as broken:
                line.close()
                if broken.unanswered:
                    raise Unanswered(str(broken), may_ask_another=not shows_password) from None
                # It may have died unnoticed since; a new one that fails is the server's failure.
        line = self._open_or_give_up(deadline, open_one)
        try:
            return self._keep(kept, line, ask(line))
        except LineBroken as broken:
            line.close()
            raise Unanswered(str(broken), may_ask_another=not shows_password) from None

    def _keep(self, kept: list[Line], line: Line, answer: T) -> T:
        line.idle_since = time.monotonic()
        if len(kept) < MOST_KEPT:
            kept.append(line)
        else:
            line.close()
        return answer

    def _open_or_give_up(self, deadline: float, open_one: Callable[[float], Line]) -> Line:
        try:
            return open_one(deadline)
        except LineBroken as broken:
            raise Unanswered(str(broken), may_ask_another=True) from None

    def _open(self, deadline: float) -> Line:
        parts = urlsplit(self.url)
        if self._context is None and parts.scheme != "ldap":  # 15 ms: every certificate that the system trusts is read
            self._context = tls_context(self.settings.ldap_ca_file, parts.hostname or "")
        return open_line(self.url, self._context, min(deadline, time.monotonic() + self.settings.ldap_connect_seconds))

    def _open_for_searching(self, deadline: float) -> Line:
        """A connection that stays the service account's: a failed bind on it would leave it nobody's."""
        line = self._open(deadline)
        secret = self.settings.ldap_bind_password
        assert self.settings.ldap_bind_dn
        assert secret
        try:
            if self.kind == "auto":
                self.kind = _kind_of(line, deadline)
            reply = line.bind(self.settings.ldap_bind_dn, Secret(secret.get_secret_value()), deadline)
        except LineBroken:
            line.close()
            raise
        answer = understand(reply.result, reply.policy).answer
        if answer is Answer.NO_ANSWER:
            line.close()
            raise LineBroken("busy")
        if answer is not Answer.RIGHT:
            _log.error("directory.service_account_refused")  # the search says so again; people still get in by the name last read
        return line


def _bound(line: Line, dn: str, password: Secret, deadline: float) -> Said:
    reply = line.bind(dn, password, deadline)
    return understand(reply.result, reply.policy)


def _change_answer(reply: Reply) -> Change:
    return understand_change(reply.result, reply.policy)


def _kind_of(line: Line, deadline: float) -> str:
    """What a server says of itself in its root entry (RFC 4512 §5.1)."""
    reply = line.search("", messages.BASE, messages.present("objectClass"), ("supportedCapabilities",), deadline)
    told = [value for _, attributes in reply.entries for value in attributes.get("supportedcapabilities", ())]
    return ACTIVE_DIRECTORY if _ACTIVE_DIRECTORY_CAPABILITY in told else OPENLDAP


def _take(kept: list[Line]) -> Line | None:
    while kept:
        try:
            line = kept.pop()
        except IndexError:
            return None
        if time.monotonic() - line.idle_since < KEPT_SECONDS:
            return line
        line.close()
    return None
