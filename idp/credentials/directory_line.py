"""One connection to a directory server, spoken to as bytes: every wait ends at an instant given by the caller, whatever the server
does, and nothing of a password stays behind."""

import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from idp.opaque_tokens import Secret
from idp.settings import LOOPBACK_HOSTS
from idp.wire import ber, messages
from idp.wire.ber import Malformed
from idp.wire.messages import Control, Result

BIND_REQUEST, BIND_RESPONSE = 0x60, 0x61
MODIFY_REQUEST, MODIFY_RESPONSE = 0x66, 0x67
EXTENDED_REQUEST = 0x77
SIMPLE_PASSWORD = 0x80
PASSWORD_POLICY = b"1.3.6.1.4.1.42.2.27.8.5.1"  # draft-behera-ldap-password-policy
PASSWORD_MODIFY = "1.3.6.1.4.1.4203.1.11.1"  # RFC 3062
DELETE_VALUES, ADD_VALUES = 1, 0  # of a modification, RFC 4511 §4.6
LONGEST_ANSWER_BYTES = 2**20
CHUNK_BYTES = 2**16
Entry = tuple[str, dict[str, list[bytes]]]


class LineBroken(Exception):
    """The server went away, fell silent, or said what is no LDAP. `unanswered`: it may have done what it was asked for."""

    def __init__(self, trouble: str, *, unanswered: bool = False) -> None:
        super().__init__(trouble)
        self.unanswered = unanswered


@dataclass(frozen=True)
class Reply:
    """How an operation ended, with the entries found and the value of the password policy's control."""

    result: Result
    entries: tuple[Entry, ...] = ()
    policy: bytes = b""


class Line:
    """An open connection. `idle_since` is for whoever keeps it (seconds, monotonic)."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._last_id = 0
        self.idle_since = 0.0

    def bind(self, dn: str, password: Secret, deadline: float) -> Reply:
        """Ask whether this password is that name's (RFC 4513 §5.1.3); the password policy answers too. Raises LineBroken."""
        operation = ber.element(BIND_REQUEST, ber.integer(3), ber.octets(dn), ber.octets(password, SIMPLE_PASSWORD))
        return self._ask(operation, BIND_RESPONSE, deadline, Control(PASSWORD_POLICY, False, b""))

    def search(self, base: str, scope: int, wanted: bytes, attributes: tuple[str, ...], deadline: float) -> Reply:
        """The entries that pass the filter. References to other servers are not followed. Raises LineBroken."""
        return self._ask(messages.search(base, scope, wanted, attributes), messages.SEARCH_DONE, deadline)

    def modify_password(self, dn: str, old: Secret, new: Secret, deadline: float) -> Reply:
        """Change a password (RFC 3062). Raises LineBroken."""
        value = ber.element(ber.SEQUENCE, ber.octets(dn, 0x80), ber.octets(old, 0x81), ber.octets(new, 0x82))
        operation = ber.element(EXTENDED_REQUEST, ber.octets(PASSWORD_MODIFY, 0x80), ber.octets(value, 0x81))
        return self._ask(operation, messages.EXTENDED_RESPONSE, deadline, Control(PASSWORD_POLICY, False, b""))

    def replace_unicode_password(self, dn: str, old: Secret, new: Secret, deadline: float) -> Reply:
        """Change a password as Active Directory wants it: the old value goes, the new one comes (MS-ADTS §3.1.1.3.1.5). Raises LineBroken."""
        changes = ((DELETE_VALUES, old), (ADD_VALUES, new))
        operation = ber.element(
            MODIFY_REQUEST,
            ber.octets(dn),
            ber.element(
                ber.SEQUENCE,
                *(
                    ber.element(
                        ber.SEQUENCE,
                        ber.integer(deed, ber.ENUMERATED),
                        ber.element(
                            ber.SEQUENCE, ber.octets("unicodePwd"), ber.element(ber.SET, ber.octets(f'"{value}"'.encode("utf-16-le")))
                        ),
                    )
                    for deed, value in changes
                ),
            ),
        )
        return self._ask(operation, MODIFY_RESPONSE, deadline)

    def close(self) -> None:
        """Hang up, without waiting for anybody."""
        try:
            self._socket.settimeout(0)
            self._socket.sendall(messages.message(self._last_id + 1, ber.element(messages.UNBIND_REQUEST)))
        except (OSError, ValueError):
            pass
        self._socket.close()

    def _ask(self, operation: bytes, answer_tag: int, deadline: float, *controls: Control) -> Reply:
        self._last_id += 1
        try:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(messages.message(self._last_id, operation, *controls))
            return self._read_reply(answer_tag, deadline)
        except TimeoutError:
            raise LineBroken("silent", unanswered=True) from None
        except Malformed:
            raise LineBroken("malformed", unanswered=True) from None
        except OSError as trouble:
            raise LineBroken(type(trouble).__name__) from None

    def _read_reply(self, answer_tag: int, deadline: float) -> Reply:
        entries: list[Entry] = []
        data, position, read = b"", 0, 0
        while True:
            end = ber.frame_end(data, position, LONGEST_ANSWER_BYTES)
            if end is None or end > len(data):
                chunk = self._receive(deadline)
                read += len(chunk)
                if read > LONGEST_ANSWER_BYTES:
                    raise Malformed("an answer that is too long")
                data, position = data[position:] + chunk, 0
                continue
            message_id, tag, start, stop = messages.read_envelope(data, position, end)
            if message_id != self._last_id:
                raise LineBroken("disconnected")  # notice of disconnection (RFC 4511 §4.4.1), or a confused server
            if tag == answer_tag:
                return Reply(messages.read_result(data, start, stop), tuple(entries), _policy_of(data, stop, end))
            if tag == messages.SEARCH_ENTRY:
                name, after = messages.read_entry_name(data, start, stop)
                entries.append((name, messages.read_attributes(data[:stop], after, stop)))
            elif tag != messages.SEARCH_REFERENCE:
                raise Malformed("an answer to something else")
            position = end

    def _receive(self, deadline: float) -> bytes:
        self._socket.settimeout(_left(deadline))
        chunk = self._socket.recv(CHUNK_BYTES)
        if not chunk:
            raise ConnectionResetError
        return chunk


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _policy_of(data: bytes, start: int, end: int) -> bytes:
    return next((control.value for control in messages.read_controls(data, start, end) if control.oid == PASSWORD_POLICY), b"")


def tls_context(ca_file: Path | None, host: str) -> ssl.SSLContext:
    """How a server's certificate is verified: against the CA and the name, except on loopback without a CA."""
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if host in LOOPBACK_HOSTS and ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def open_line(url: str, context: ssl.SSLContext | None, connect_deadline: float) -> Line:
    """A new connection; encrypted from its first byte with a TLS context. Raises LineBroken."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    connected = None
    try:
        connected = socket.create_connection((host, parts.port or (389 if context is None else 636)), _left(connect_deadline))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            connected.settimeout(_left(connect_deadline))  # for the whole handshake
            connected = context.wrap_socket(connected, server_hostname=host)
    except OSError as trouble:  # ssl.SSLError and its certificate errors are such
        if connected is not None:
            connected.close()
        raise LineBroken(type(trouble).__name__) from None
    return Line(connected)
