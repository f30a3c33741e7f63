"""A client's own server on loopback, as far as the provider talks to it: it takes logout tokens and answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs


@dataclass
class ListeningClient:
    """What came in, and what is answered: `answer(path)` returns a status and headers."""

    port: int = 0
    taken: list[dict[str, str]] = field(default_factory=list)
    answer: Callable[[str], tuple[int, dict[str, str]]] = lambda _path: (200, {})

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
