"""An application's own pages, as far as a browser needs them: one that holds the provider's iframe, one that is loaded at sign-out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What Session Management 1.0 §3.1 has an application do: ask the iframe, keep what it answers.
_ASKING = """<!doctype html><title>application</title><iframe id="op" src="ISSUER/check_session"></iframe><script>
var answers = [];
window.addEventListener("message", function (event) { if (event.origin === "ISSUER") answers.push(event.data); });
function ask(text) { document.getElementById("op").contentWindow.postMessage(text, "ISSUER"); }
</script>"""


def asking_page(issuer: str) -> str:
    """The page of an application that asks this provider's iframe: `ask(text)`, and `answers`."""
    return _ASKING.replace("ISSUER", issuer)


@dataclass
class ApplicationPages:
    """Where it is, what it was asked for (path and query), what its page holds, and the address where it listens."""

    port: int = 0
    host: str = "127.0.0.1"
    asked: list[str] = field(default_factory=list)
    page: str = "<!doctype html><title>application</title>"

    def url(self, path: str = "/") -> str:
        """An address of it."""
        return f"http://{self.host}:{self.port}{path}"


@contextmanager
def application_pages() -> Iterator[ApplicationPages]:
    """Serve them until the end of the block."""
    pages = ApplicationPages()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(pages.page.encode())

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pages.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
