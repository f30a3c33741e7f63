"""Reads an LDAP directory whole: ldap3 connects and binds, our own codec reads, and an answer that is not whole is no answer.

ldap3 takes ten times as long over 50,000 people and ends a search that was cut off as quietly as one that was not; so after the
bind its socket is ours.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ldap3 import NONE, SIMPLE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException

from directory_sync.source.reading import ReadIncomplete
from idp.opaque_tokens import Secret
from idp.settings import LOOPBACK_HOSTS, Settings
from idp.wire import ber, messages
from idp.wire.ber import Malformed
from idp.wire.messages import Control, Result

PAGE_ENTRIES = 1000
LONGEST_MESSAGE_BYTES = 16 * 2**20
LONGEST_SILENCE_SECONDS = 30
CHUNK_BYTES = 2**18
FIRST_MESSAGE_ID = 1000  # beyond what ldap3 has used for the bind
REASONS = {4: "size_limit", 3: "time_limit", 11: "size_limit", 10: "referral", 32: "base_not_found", 50: "not_allowed"}


@dataclass(frozen=True)
class Access:
    """Where the directory is and as whom it is read; times in seconds."""

    urls: tuple[str, ...]
    bind_dn: str
    bind_password: Secret
    base_dn: str
    ca_file: Path | None
    connect_seconds: int
    read_seconds: int


def access_from(settings: Settings) -> Access:
    """The access that the settings give. Raises ReadIncomplete when no directory is set."""
    if not (settings.ldap_url and settings.ldap_bind_dn and settings.ldap_bind_password and settings.ldap_base_dn):
        raise ReadIncomplete("no_directory")
    return Access(
        settings.ldap_urls,
        settings.ldap_bind_dn,
        Secret(settings.ldap_bind_password.get_secret_value()),
        settings.ldap_base_dn,
        settings.ldap_ca_file,
        settings.ldap_connect_seconds,
        settings.ldap_sync_seconds,
    )


class Answer(NamedTuple):
    """One message of an answer: its operation's tag, what it carries, and its controls."""

    tag: int
    content: bytes
    controls: list[Control]


class Directory:
    """An open, bound connection to one server, and the instant by which everything must have been read."""

    def __init__(self, connected: socket.socket, base_dn: str, deadline: float, *, bind_dn: str = "", url: str = "") -> None:
        self._socket, self._deadline = connected, deadline
        self._next_id = FIRST_MESSAGE_ID
        self._rest = b""
        self.base_dn, self.bind_dn, self.url = base_dn, bind_dn, url

    def pages(self, wanted: bytes, attributes: tuple[str, ...], *controls: Control) -> Iterator[list[bytes]]:
        """Everything below the base that passes the filter, page by page: of each entry its DN and attributes, still encoded.

        Raises ReadIncomplete for any end but success, during or after the last page.
        """
        cookie = b""
        request = messages.search(self.base_dn, messages.SUBTREE, wanted, attributes)
        while True:
            self._next_id += 1
            self._send(messages.message(self._next_id, request, messages.paging(PAGE_ENTRIES, cookie, critical=True), *controls))
            page, cookie = self._read_page(self._next_id)
            yield page
            if not cookie:
                return

    def answers(self, request: bytes, *controls: Control) -> Iterator[Answer]:
        """Whatever the server answers to a search, message by message; the last one is its result, of any code. Raises ReadIncomplete."""
        self._next_id += 1
        self._send(messages.message(self._next_id, request, *controls))
        try:
            for tag, data, start, stop, end in self._messages(self._next_id):
                yield Answer(tag, data[start:stop], messages.read_controls(data, stop, end))
        except Malformed:
            raise ReadIncomplete("malformed_answer") from None

    def read_entry(self, dn: str, attributes: tuple[str, ...], *controls: Control) -> dict[str, list[bytes]]:
        """The attributes of one entry, by their names in lower case; none when it is not there or may not be read. `dn` empty: what
        the server says of itself (RFC 4512 §5.1). Raises ReadIncomplete."""
        found: dict[str, list[bytes]] = {}
        for answer in self.answers(messages.search(dn, messages.BASE, messages.present("objectClass"), attributes), *controls):
            if answer.tag == messages.SEARCH_ENTRY:
                found = read_entry(answer.content)[1]
        return found

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(self._patience())
            self._socket.sendall(data)
        except OSError:
            raise ReadIncomplete("connection_lost") from None

    def _patience(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise ReadIncomplete("too_slow")
        return min(left, LONGEST_SILENCE_SECONDS)

    def _receive(self) -> bytes:
        try:
            self._socket.settimeout(self._patience())
            chunk = self._socket.recv(CHUNK_BYTES)
        except TimeoutError:
            raise ReadIncomplete("too_slow") from None
        except OSError:
            raise ReadIncomplete("connection_lost") from None
        if not chunk:
            raise ReadIncomplete("connection_lost")
        return chunk

    def _messages(self, message_id: int) -> Iterator[tuple[int, bytes, int, int, int]]:
        """Each message of an answer up to its result: tag, the bytes it is in, where its content starts and stops, and where it ends."""
        data, position, tag = self._rest, 0, 0
        while tag != messages.SEARCH_DONE:
            end = ber.frame_end(data, position, LONGEST_MESSAGE_BYTES)
            if end is None or end > len(data):
                data, position = data[position:] + self._receive(), 0
                continue
            found_id, tag, start, stop = messages.read_envelope(data, position, end)
            if found_id != message_id:
                raise ReadIncomplete("unexpected_answer")
            if tag == messages.SEARCH_DONE:
                self._rest = data[end:]
            yield tag, data, start, stop, end
            position = end

    def _read_page(self, message_id: int) -> tuple[list[bytes], bytes]:
        entries: list[bytes] = []
        try:
            for tag, data, start, stop, end in self._messages(message_id):
                if tag == messages.SEARCH_ENTRY:
                    entries.append(data[start:stop])
                elif tag == messages.SEARCH_DONE:
                    return entries, _cookie_of(data, start, stop, end)
                else:
                    raise ReadIncomplete("referral" if tag == messages.SEARCH_REFERENCE else "unexpected_answer")
        except Malformed:
            raise ReadIncomplete("malformed_answer") from None
        raise ReadIncomplete("unexpected_answer")

    def close(self) -> None:
        """Say goodbye, whether or not the other side still listens."""
        try:
            self._socket.settimeout(1)
            self._socket.sendall(messages.message(self._next_id + 1, ber.element(messages.UNBIND_REQUEST)))
        except OSError:
            pass
        self._socket.close()


def read_entry(entry: bytes) -> tuple[str, dict[str, list[bytes]]]:
    """DN and attributes of an entry as it came, names in lower case. Raises Malformed."""
    dn, position = messages.read_entry_name(entry, 0, len(entry))
    return dn, messages.read_attributes(entry, position, len(entry))


def require_success(result: Result) -> None:
    """Raises ReadIncomplete when the server ended its answer with anything else."""
    if result.code:
        raise ReadIncomplete(REASONS.get(result.code, "refused"), f"code={result.code}")


def _cookie_of(data: bytes, start: int, stop: int, end: int) -> bytes:
    require_success(messages.read_result(data, start, stop))
    for control in messages.read_controls(data, stop, end):
        if control.oid == messages.PAGED_RESULTS:
            return messages.read_paging(control.value)[1]
    return b""


@contextmanager
def connected(access: Access) -> Iterator[Directory]:
    """The directory, connected and bound as the service account: the first of its servers that can be reached. Raises ReadIncomplete."""
    deadline = time.monotonic() + access.read_seconds
    for url in access.urls[:-1]:
        try:
            directory = _connect(access, url, deadline)
        except ReadIncomplete:
            continue
        break
    else:
        directory = _connect(access, access.urls[-1], deadline)
    try:
        yield directory
    finally:
        directory.close()


def _connect(access: Access, url: str, deadline: float) -> Directory:
    connection = Connection(
        _server(access, url), access.bind_dn, access.bind_password, authentication=SIMPLE, auto_referrals=False,
        receive_timeout=access.connect_seconds, raise_exceptions=False,
    )  # fmt: skip
    try:
        bound = connection.bind()
        code = connection.result["result"]
        if not bound:
            connection.unbind()
    except (LDAPException, OSError):
        raise ReadIncomplete("unreachable") from None
    if not bound:
        raise ReadIncomplete("account_refused" if code == 49 else "refused", f"code={code}")
    connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Directory(connection.socket, access.base_dn, deadline, bind_dn=access.bind_dn, url=url)


def _server(access: Access, url: str) -> Server:
    parts = urlsplit(url)
    tls = None
    if parts.scheme == "ldaps":
        unverified = parts.hostname in LOOPBACK_HOSTS and access.ca_file is None
        tls = Tls(
            validate=ssl.CERT_NONE if unverified else ssl.CERT_REQUIRED,
            ca_certs_file=str(access.ca_file) if access.ca_file else None,
            version=ssl.PROTOCOL_TLS_CLIENT,
        )
    port = parts.port or (636 if tls else 389)
    return Server(parts.hostname, port=port, use_ssl=bool(tls), tls=tls, get_info=NONE, connect_timeout=access.connect_seconds)
