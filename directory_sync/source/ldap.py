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
from urllib.parse import urlsplit

from ldap3 import NONE, SIMPLE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException

from idp.opaque_tokens import Secret
from idp.settings import LOOPBACK_HOSTS, Settings
from idp.wire import ber, messages
from idp.wire.ber import Malformed
from idp.wire.messages import Result

PAGE_ENTRIES = 1000
LONGEST_MESSAGE_BYTES = 16 * 2**20
LONGEST_SILENCE_SECONDS = 30
CHUNK_BYTES = 2**18
FIRST_MESSAGE_ID = 1000  # beyond what ldap3 has used for the bind
REASONS = {4: "size_limit", 3: "time_limit", 11: "size_limit", 10: "referral", 32: "base_not_found", 50: "not_allowed"}


class ReadIncomplete(Exception):
    """The directory could not be read, or not whole; nothing may be concluded from what came. `reason` is a stable word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason, self.detail = reason, detail


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


class Directory:
    """An open, bound connection, and the instant by which everything must have been read."""

    def __init__(self, connected: socket.socket, base_dn: str, deadline: float) -> None:
        self._socket, self._deadline = connected, deadline
        self._next_id = FIRST_MESSAGE_ID
        self._rest = b""
        self.base_dn = base_dn

    def pages(self, wanted: bytes, attributes: tuple[str, ...]) -> Iterator[list[bytes]]:
        """Everything below the base that passes the filter, page by page: of each entry its DN and attributes, still encoded.

        Raises ReadIncomplete for any end but success, during or after the last page.
        """
        cookie = b""
        request = messages.search(self.base_dn, messages.SUBTREE, wanted, attributes)
        while True:
            self._next_id += 1
            self._send(messages.message(self._next_id, request, messages.paging(PAGE_ENTRIES, cookie, critical=True)))
            page, cookie = self._read_page(self._next_id)
            yield page
            if not cookie:
                return

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

    def _read_page(self, message_id: int) -> tuple[list[bytes], bytes]:
        entries: list[bytes] = []
        data, position = self._rest, 0
        try:
            while True:
                end = ber.frame_end(data, position, LONGEST_MESSAGE_BYTES)
                if end is None or end > len(data):
                    data, position = data[position:] + self._receive(), 0
                    continue
                found_id, tag, start, stop = messages.read_envelope(data, position, end)
                if tag == messages.SEARCH_ENTRY and found_id == message_id:
                    entries.append(data[start:stop])
                elif tag == messages.SEARCH_DONE and found_id == message_id:
                    self._rest = data[end:]
                    return entries, _cookie_of(data, start, stop, end)
                else:
                    raise ReadIncomplete("referral" if tag == messages.SEARCH_REFERENCE else "unexpected_answer")
                position = end
        except Malformed:
            raise ReadIncomplete("malformed_answer") from None

    def close(self) -> None:
        """Say goodbye, whether or not the other side still listens."""
        try:
            self._socket.settimeout(1)
            self._socket.sendall(messages.message(self._next_id + 1, ber.element(messages.UNBIND_REQUEST)))
        except OSError:
            pass
        self._socket.close()


def _cookie_of(data: bytes, start: int, stop: int, end: int) -> bytes:
    result: Result = messages.read_result(data, start, stop)
    if result.code:
        raise ReadIncomplete(REASONS.get(result.code, "refused"), f"code={result.code}")
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
    return Directory(connection.socket, access.base_dn, deadline)


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
