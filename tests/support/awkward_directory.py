"""A proxy in front of a real directory that can be made to misbehave, and the certificates of one whose time is over."""

import datetime
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

WELL, DRIPPING, MUTE, MUTE_TO_BINDS, REFUSING, BUSY = "well", "dripping", "mute", "mute to binds", "refusing", "busy"
BIND, BIND_RESPONSE, SEARCH, SEARCH_DONE = 0x60, 0x61, 0x63, 0x65
BUSY_CODE = 51


class AwkwardDirectory:
    """`mood` is how it treats what comes from now on, on old connections too; `binds` counts the passwords that it was shown, `mute_after_binds`
    after how many of them it falls silent."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self.mood = WELL
        self.binds = 0
        self.mute_after_binds: int | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"ldap://127.0.0.1:{self._server.getsockname()[1]}"

    def close(self) -> None:
        """End it."""
        self._stop.set()
        self._server.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError):
                here, _ = self._server.accept()
                if self.mood == REFUSING:
                    here.close()
                    continue
                there = socket.create_connection(("127.0.0.1", self._target))
                threading.Thread(target=self._ask, args=(here, there), daemon=True).start()
                threading.Thread(target=self._answer, args=(there, here), daemon=True).start()

    def _ask(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while request := here.recv(65536):
                operation = request[4 + request[3]] if request[1] < 0x80 else 0
                self.binds += operation == BIND
                if self.mood == MUTE or (self.mood == MUTE_TO_BINDS and operation == BIND):
                    continue
                if self.mute_after_binds is not None and self.binds > self.mute_after_binds:
                    continue
                if self.mood == BUSY and operation in (BIND, SEARCH):
                    result = bytes((0x0A, 1, BUSY_CODE, 4, 0, 4, 0))
                    body = bytes((BIND_RESPONSE if operation == BIND else SEARCH_DONE, len(result))) + result
                    here.sendall(bytes((0x30, len(body) + 2 + request[3])) + request[2 : 4 + request[3]] + body)
                    continue
                there.sendall(request)
        with suppress(OSError):
            there.shutdown(socket.SHUT_RDWR)

    def _answer(self, there: socket.socket, here: socket.socket) -> None:
        with suppress(OSError):
            while answer := there.recv(65536):
                if self.mood != DRIPPING:
                    here.sendall(answer)
                    continue
                for position in range(len(answer)):
                    time.sleep(0.2)
                    here.sendall(answer[position : position + 1])


@contextmanager
def awkward_directory(port: int) -> Iterator[AwkwardDirectory]:
    """A proxy in front of the server at this port."""
    proxy = AwkwardDirectory(port)
    yield proxy
    proxy.close()


def expired_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of yesterday for localhost with its key, in one file, and its CA's."""
    now = datetime.datetime.now(datetime.UTC)
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin, end = now - datetime.timedelta(days=30), now - datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, end)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both, ca = folder / "expired.pem", folder / "expired-ca.pem"
    both.write_bytes(private + pem)
    ca.write_bytes(pem)
    return both, ca
