"""The demo's directory: a small LDAP v3 server on loopback, so that a first look needs nothing installed but Python."""

import argparse
import socketserver
import threading
from pathlib import Path
from typing import Any

from directory_sync.demo import province
from directory_sync.demo.conversation import Conversation
from directory_sync.demo.entries import Tree
from directory_sync.demo.journal import open_tree
from idp.settings import LOOPBACK_HOSTS
from idp.wire import ber
from idp.wire.ber import Malformed

LONGEST_REQUEST_BYTES = 4 * 2**20
IDLE_SECONDS = 3600
CHUNK_BYTES = 65536


class DirectoryServer(socketserver.ThreadingTCPServer):
    """Answers LDAP for one tree; a thread a connection. Loopback only: it offers no TLS."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, tree: Tree, writers: frozenset[str], readers: frozenset[str], port: int = 0, host: str = "127.0.0.1") -> None:
        if host not in LOOPBACK_HOSTS:
            raise ValueError("the demo's directory listens on loopback only")
        self.tree, self.writers, self.readers = tree, writers, readers
        super().__init__((host, port), _Connection)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"ldap://{self.server_address[0]!s}:{self.server_address[1]}"

    def start(self) -> threading.Thread:
        """Serve in a thread of its own until `shutdown`."""
        thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="demo-directory", daemon=True)
        thread.start()
        return thread


class _Connection(socketserver.BaseRequestHandler):
    server: DirectoryServer
    request: Any

    def handle(self) -> None:
        self.request.settimeout(IDLE_SECONDS)
        conversation = Conversation(self.server.tree, self.server.writers, self.server.readers)
        data = b""
        try:
            while True:
                end = ber.frame_end(data, 0, LONGEST_REQUEST_BYTES)
                if end is not None and end <= len(data):
                    self.request.sendall(b"".join(conversation.answer(data[:end])))
                    data = data[end:]
                    continue
                chunk = self.request.recv(CHUNK_BYTES)
                if not chunk:
                    return
                data += chunk
        except (Malformed, EOFError, OSError):
            return  # who does not speak LDAP, or has said goodbye, is not answered


def open_province(file: Path, staff: int, port: int = 0) -> DirectoryServer:
    """The directory of the invented province with `staff` people, kept in `file`; call `start` to serve."""
    tree = open_tree(file, province.BASE_DN, {"staff": staff, "version": province.VERSION}, lambda new: province.fill(new, staff))
    return DirectoryServer(tree, frozenset({province.ADMIN_DN}), frozenset({province.SYNC_DN}), port)


def main() -> None:
    """Serve the invented province until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=Path("instance/directory.jsonl"), help="where the directory is kept")
    parser.add_argument("--staff", type=int, default=province.STAFF, help="how many people")
    parser.add_argument("--port", type=int, default=3890, help="TCP port on 127.0.0.1")
    given = parser.parse_args()
    with open_province(given.file, given.staff, given.port) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
