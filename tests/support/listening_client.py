"""A client's own server on loopback, as far as the provider talks to it: it takes logout tokens and answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class ListeningClient:
    """What came in, and what is answered: `answer(path)` returns a status and headers; `documents` are what it publishes by path,
    `read` the paths that were asked for, `gates` those that are answered later only."""

    port: int = 0
    taken: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[str], tuple[int, dict[str, str]]] = lambda _path: (200, {})
    documents: dict[str, object] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    gates: dict[str, threading.Event] = field(default_factory=dict)

    def url(self, path: str = "/backchannel-logout") -> str:
        """An address of it."""
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def listening_client() -> Iterator[ListeningClient]:
    """A client that listens until the end of the block."""
    client = ListeningClient()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            told = {name: values[0] for name, values in parse_qs(body).items()}
            client.taken.append({"path": self.path, "host": self.headers["Host"], **told})
            status, headers = client.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def do_GET(self) -> None:
            client.read.append(self.path)
            if self.path in client.gates:
                client.gates[self.path].wait(10)
            document = client.documents.get(self.path)
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(404 if document is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    client.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield client
    finally:
        server.shutdown()
        server.server_close()
