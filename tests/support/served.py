"""The application answering on a port, for a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


@contextmanager
def served(app: Flask, port: int, handler: type[WSGIRequestHandler] = WSGIRequestHandler) -> Iterator[str]:
    """Serve the application on this port of 127.0.0.1 as long as the block lasts."""
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.shutdown()
        thread.join()
