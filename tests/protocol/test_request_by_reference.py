"""Rules of request_uri: OpenID Connect Core §6.2, RFC 9101 §5.2."""

import base64
import hashlib
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.app import create_app
from idp.database import forget_connections
from tests.protocol.test_request_object import INVALID
from tests.protocol.test_request_object_encrypted import to_us
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.keyed_party import KeyedParty, register_keyed, unsigned


class Shelf:
    """A web server of the client's, with one thing at each path."""

    def __init__(self) -> None:
        self.things: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.holds: threading.Event | None = None
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shelf.asked.append(self.path)
                if shelf.holds is not None:
                    shelf.holds.wait(10)
                status, body = shelf.things.get(self.path, (404, b""))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", body.decode())
                self.send_header("Content-Type", "application/oauth-authz-req+jwt")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


@pytest.fixture
def party(app: Flask) -> KeyedParty:
    """A client with a key and no profile."""
    return register_keyed()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def app(database_url: str, shelf: Shelf) -> Iterator[Flask]:
    """A provider whose operator lets it fetch from the shelf."""
    application = create_app(settings_for(database_url, outbound_allow=frozenset({f"127.0.0.1:{shelf.server.server_port}"})))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def by_reference(browser: FlaskClient, party: KeyedParty, request_uri: str) -> Any:
    return browser.get("/authorize", query_string={**party.request(state=None), "request_uri": request_uri})


def test_an_object_is_fetched_from_a_registered_address(browser: FlaskClient, shelf: Shelf, session_id: uuid.UUID) -> None:
    """oidcc-request-uri-signed-rs256; oidcc-request-uri-unsigned: the fragment is not compared with what is registered."""
    for given in ({"request_object_signing_alg": "RS256"}, {"request_object_signing_alg": "none"}):
        party = register_keyed("RS256", request_uris=(f"{shelf.url}/object#before",), **given)
        inside = unsigned(party.request()) if given["request_object_signing_alg"] == "none" else party.request_object()
        shelf.things["/object"] = (200, inside.encode())
        for address in (f"{shelf.url}/object#before", f"{shelf.url}/object#after", f"{shelf.url}/object"):
            told = party.answer(by_reference(browser, party, address))
            assert told["state"] == "s-1"
            assert "code" in told
    assert len(shelf.asked) == 6


def test_an_object_at_a_registered_address_may_be_encrypted_to_us(browser: FlaskClient, shelf: Shelf, session_id: uuid.UUID) -> None:
    """RFC 9101 §6.1, §5.2: whoever can write to that address and is not the client has no signature."""
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    shelf.things["/object"] = (200, to_us(browser, party.request_object(), "ECDH-ES").encode())
    assert "code" in party.answer(by_reference(browser, party, f"{shelf.url}/object"))
    shelf.things["/object"] = (200, to_us(browser, unsigned(party.request())).encode())
    assert party.answer(by_reference(browser, party, f"{shelf.url}/object"))["error"] == "invalid_request_object"


def test_an_address_that_holds_the_digest_of_its_content_is_fetched_once(browser: FlaskClient, shelf: Shelf, session_id: uuid.UUID) -> None:
    """Core §6.2."""
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    text = party.request_object().encode()
    shelf.things["/object"] = (200, text)
    fragment = base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
    for _ in range(3):
        assert "code" in party.answer(by_reference(browser, party, f"{shelf.url}/object#{fragment}"))
    assert shelf.asked == ["/object"]


def test_no_other_address_is_fetched(browser: FlaskClient, shelf: Shelf) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    for address in (f"{shelf.url}/object?x", f"{shelf.url}/", "http://169.254.169.254/latest", "file:///etc/passwd", "urn:x", "//[", "\\"):
        assert party.answer(by_reference(browser, party, address))["error"] == "invalid_request_uri"
    assert shelf.asked == []


def test_a_slow_address_holds_up_one_thread_only(app: Flask, shelf: Shelf) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/slow",))
    go = threading.Event()
    shelf.holds = go

    def open_it(_number: int) -> str:
        with app.app_context():
            told = party.answer(by_reference(app.test_client(), party, f"{shelf.url}/slow"))["error"]
            forget_connections()
            return told

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(open_it, number) for number in range(8)]
        done, _waiting = wait(asked, timeout=5, return_when="FIRST_COMPLETED")
        while len(done) < 7:
            done, _waiting = wait(asked, timeout=0.1)
        go.set()
    assert len(shelf.asked) == 1


def test_an_address_that_does_not_serve_rests_a_moment(browser: FlaskClient, shelf: Shelf) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    shelf.things |= {"/object": (302, b"/elsewhere"), "/elsewhere": (200, party.request_object().encode())}
    for fragment in ("", "#1", "#2", "", "#1"):
        assert party.answer(by_reference(browser, party, f"{shelf.url}/object{fragment}"))["error"] == "invalid_request_uri"
    assert shelf.asked == ["/object"]


@pytest.mark.parametrize("body", [b"s" * 20000, "é".encode(), b"", b"not a JWT"])
def test_what_is_found_there_is_read_as_strictly(browser: FlaskClient, shelf: Shelf, body: bytes) -> None:
    party = register_keyed(request_uris=(f"{shelf.url}/object",))
    shelf.things["/object"] = (200, body)
    assert party.answer(by_reference(browser, party, f"{shelf.url}/object"))["error"] in ("invalid_request_uri", INVALID)
