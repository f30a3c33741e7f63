"""Rules of requests that the server makes itself: never into our own network (SSRF)."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from idp.outbound import PATIENT_SECONDS, OutboundBusy, OutboundFailed, OutboundRefused, fetch, is_public, post_form, resolve
from tests.support.installation import settings_for
from tests.support.listening_client import ListeningClient, listening_client


@pytest.fixture
def listener() -> Iterator[ListeningClient]:
    with listening_client() as client:
        yield client


@pytest.fixture
def allowing(listener: ListeningClient) -> Iterator[Flask]:
    """An application whose operator allows the listener's address."""
    application = Flask("test")
    application.extensions["hopnhat.settings"] = settings_for("sqlite://", outbound_allow=f"127.0.0.1:{listener.port},rp.test")
    with application.app_context():
        yield application


PRIVATE = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_our_own_network_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "203.113.131.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet_is(address: str) -> None:
    assert is_public(address)


URLS = [
    "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://0/",
    "http://1.1.1.1/", "ftp://1.1.1.1/", "file:///etc/passwd", "gopher://127.0.0.1:11211/", "https:///x",
]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_our_own_network_and_anything_but_https_is_refused_before_connecting(allowing: Flask, url: str) -> None:
    with pytest.raises(OutboundRefused):
        post_form(url, {"a": "1"})


def test_the_operator_allows_a_host_on_a_port(allowing: Flask, listener: ListeningClient) -> None:
    assert post_form(listener.url("/x?y=1"), {"a": "1 2"}) == 200
    assert listener.taken == [{"path": "/x?y=1", "host": f"127.0.0.1:{listener.port}", "a": "1 2"}]
    with pytest.raises(OutboundRefused):
        post_form(f"http://127.0.0.1:{listener.port + 1}/", {})


def test_what_was_checked_is_what_is_connected_to(allowing: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that points to the Internet when asked first and to us a moment later (DNS rebinding) is asked once."""
    asked: list[str] = []

    def answer(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1" if len(asked) == 1 else "127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert resolve("https://rebinding.test/").address == "1.1.1.1"
    asked.append("later")
    with pytest.raises(OutboundRefused):
        resolve("https://rebinding.test/")


def test_a_name_with_one_private_address_among_public_ones_is_refused(allowing: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("1.1.1.1", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(OutboundRefused):
        resolve("https://both.test/")


def test_a_redirect_is_not_followed_and_a_flood_is_cut_off(allowing: Flask, listener: ListeningClient) -> None:
    listener.answer = lambda _path: (307, {"Location": listener.url("/elsewhere")})
    assert post_form(listener.url(), {}) == 307
    assert len(listener.taken) == 1


def test_nobody_there_is_a_failure_that_may_pass(allowing: Flask) -> None:
    with pytest.raises(OutboundFailed):
        post_form("https://no-such-host.invalid/", {})


def test_one_thread_at_a_time_waits_for_another_server_and_the_rest_do_not_wait_for_a_slow_one(
    allowing: Flask, listener: ListeningClient
) -> None:
    """Whoever registers addresses that answer slowly holds up one thread of a process, whatever the addresses are for."""
    go = listener.gates["/slow"] = threading.Event()
    listener.documents |= {"/slow": {"keys": []}, "/quick": {"keys": []}}

    def wait_for_it() -> int:
        with allowing.app_context():
            return fetch(listener.url("/slow")).status

    with ThreadPoolExecutor(1) as threads:
        held = threads.submit(wait_for_it)
        begun = time.monotonic()
        while not listener.read:
            assert time.monotonic() < begun + 5
        for _ in range(3):
            with pytest.raises(OutboundBusy):
                fetch(listener.url("/quick"))
        assert time.monotonic() - begun < PATIENT_SECONDS + 0.5
        go.set()
        assert held.result() == 200
    assert fetch(listener.url("/quick")).status == 200
