"""Rules of the password factor, against a real slapd and against servers that misbehave."""

import socket
import threading
import time as real_time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from idp import clock
from idp.app import create_app
from idp.credentials import password
from idp.credentials.bind_answers import Answer
from idp.credentials.directory_server import DirectoryEntry
from idp.credentials.password import DirectoryUnavailable, PasswordRightButRefused, WrongPassword, verify
from tests.support.bind_directory import BASE, PASSWORD, PEOPLE, BindDirectory
from tests.support.installation import settings_for

RIGHT = PASSWORD


def entry(directory: BindDirectory, uid: str) -> DirectoryEntry:
    return DirectoryEntry(directory.entry_uuids[uid], f"uid={uid},{PEOPLE}")


@contextmanager
def pointed_at(settings: dict[str, Any]) -> Iterator[Flask]:
    app = create_app(settings_for("sqlite://", **settings))
    with app.test_request_context("/"):
        yield app


@contextmanager
def misbehaving(treat: Callable[[socket.socket], None]) -> Iterator[dict[str, Any]]:
    """A server that does something to each connection; yields settings that point at it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                threading.Thread(target=treat, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=serve)
        thread.start()
        access = {"ldap_bind_dn": "cn=reader", "ldap_bind_password": "secret", "ldap_base_dn": BASE}
        yield {"ldap_url": f"ldap://127.0.0.1:{server.getsockname()[1]}", **access}
        stop.set()
        thread.join()


def test_the_right_password_is_accepted_again_and_again(directory: BindDirectory) -> None:
    with pointed_at(directory.settings()):
        for _ in range(3):
            verify(entry(directory, "vmsinh"), RIGHT)


def test_a_wrong_password_is_refused_and_the_next_right_one_is_not(directory: BindDirectory) -> None:
    with pointed_at(directory.settings()):
        with pytest.raises(WrongPassword):
            verify(entry(directory, "lvan"), RIGHT + "x")
        verify(entry(directory, "lvan"), RIGHT)


@pytest.mark.parametrize("typed", ["", " ", "\t \n", "\0", f"{RIGHT}\0", "\u00a0", "x" * 1025, "\udcff"])
def test_a_password_that_is_none_is_refused_before_any_bind(typed: str) -> None:
    """LOG-001."""
    with misbehaving(lambda _: pytest.fail("somebody asked the directory")) as settings, pointed_at(settings):
        with pytest.raises(WrongPassword) as refusal:
            verify(DirectoryEntry("x", f"uid=vmsinh,{PEOPLE}"), typed)
        assert refusal.value.reason == "blank"


def test_an_unknown_person_is_asked_for_like_a_known_one(directory: BindDirectory) -> None:
    with pointed_at(directory.settings()), pytest.raises(WrongPassword):
        verify(None, RIGHT)


def test_an_entry_renamed_since_the_last_sync_is_still_its_persons(directory: BindDirectory) -> None:
    with directory.as_admin() as connection:
        connection.modify_dn(f"uid=moved,{PEOPLE}", "uid=moved.elsewhere")
    with pointed_at(directory.settings()):
        verify(entry(directory, "moved"), RIGHT)


def test_an_entry_that_took_over_somebodys_name_does_not_sign_them_in(directory: BindDirectory) -> None:
    old_name = f"uid=gone,{PEOPLE}"
    with directory.as_admin() as connection:
        connection.delete(old_name)
        connection.modify_dn(f"uid=takeover,{PEOPLE}", "uid=gone")
    with pointed_at(directory.settings()), pytest.raises(WrongPassword):
        verify(DirectoryEntry(directory.entry_uuids["gone"], old_name), RIGHT)


@pytest.mark.parametrize(("uid", "answer"), [("reset", Answer.MUST_CHANGE), ("expired", Answer.EXPIRED)])
def test_a_password_that_must_be_changed_is_told_apart(directory: BindDirectory, uid: str, answer: Answer) -> None:
    with pointed_at(directory.settings()):
        with pytest.raises(PasswordRightButRefused) as refusal:
            verify(entry(directory, uid), RIGHT)
        assert refusal.value.answer is answer
        with pytest.raises(WrongPassword):
            verify(entry(directory, uid), "wrong")


@pytest.mark.parametrize("typed", [RIGHT, "wrong"])
def test_a_locked_account_looks_like_a_wrong_password(directory: BindDirectory, typed: str) -> None:
    with pointed_at(directory.settings()), pytest.raises(WrongPassword) as refusal:
        verify(entry(directory, "locked"), typed)
    assert refusal.value.reason == "locked"


def test_one_attempt_is_one_failure_in_the_directory(directory: BindDirectory) -> None:
    with pointed_at(directory.settings()):
        for expected in (1, 2):
            with pytest.raises(WrongPassword):
                verify(entry(directory, "counted"), "wrong")
            assert directory.failures("counted") == expected


def test_people_get_in_by_the_name_last_read_when_the_service_account_is_refused(directory: BindDirectory) -> None:
    with pointed_at(directory.settings(ldap_bind_password="changed meanwhile")):
        verify(entry(directory, "vmsinh"), RIGHT)
        with pytest.raises(WrongPassword):
            verify(entry(directory, "slow"), "wrong")


def test_the_directorys_certificate_is_verified(directory: BindDirectory, tmp_path: Path) -> None:
    with pointed_at(directory.settings(ldap_url=directory.tls_url, ldap_ca_file=str(directory.ca_file))):
        verify(entry(directory, "vmsinh"), RIGHT)
    stranger = tmp_path / "other.crt"
    stranger.write_text(_another_ca())
    for url, ca_file in ((directory.tls_url, stranger), (directory.tls_url.replace("localhost", "127.0.0.1"), directory.ca_file)):
        with pointed_at(directory.settings(ldap_url=url, ldap_ca_file=str(ca_file))), pytest.raises(DirectoryUnavailable):
            verify(entry(directory, "vmsinh"), RIGHT)


def _another_ca() -> str:
    return Path("/etc/ssl/certs/ca-certificates.crt").read_text().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"


def test_a_connection_that_died_unnoticed_is_replaced(directory: BindDirectory) -> None:
    with pointed_at(directory.settings()) as app:
        verify(entry(directory, "vmsinh"), RIGHT)
        for which in ("_searching", "_binding"):
            server = app.extensions["hopnhat.directory"].servers[0]
            getattr(server, which)[0]._socket.shutdown(socket.SHUT_RDWR)
            verify(entry(directory, "vmsinh"), RIGHT)


def test_no_password_stays_with_a_kept_connection(directory: BindDirectory) -> None:
    with pointed_at(directory.settings()) as app:
        verify(entry(directory, "vmsinh"), RIGHT)
        server = app.extensions["hopnhat.directory"].servers[0]
        for line in (*server._searching, *server._binding):
            told = str(vars(line)) + str(vars(server))
            assert RIGHT not in told
            assert "reader-for-tests" not in told


def _close(connection: socket.socket) -> None:
    connection.close()


def _say_nothing(connection: socket.socket) -> None:
    connection.recv(10_000)
    real_time.sleep(5)


def _trickle(connection: socket.socket) -> None:
    connection.recv(10_000)
    try:
        connection.sendall(b"\x30\x84\x00\x00\x40\x00")
        for _ in range(50):
            real_time.sleep(0.1)
            connection.sendall(b"\x02")
    except OSError:
        return


def _talk_nonsense(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.sendall(b"\x30\x05\x02\x01\x01\x61\x80" + b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _refer_elsewhere(connection: socket.socket) -> None:
    """LOG-005: answers every request with a referral to a server that must never be asked."""
    while request := connection.recv(10_000):
        message_id = request[4] if request[1] < 0x80 else request[6]
        referral = b"ldap://evil.test/cn=x"
        body = b"\x0a\x01\x0a\x04\x00\x04\x00\xa3" + bytes([len(referral) + 2]) + b"\x04" + bytes([len(referral)]) + referral
        operation = bytes([0x61 if request[7] == 0x60 or 0x60 in request[:9] else 0x65, len(body)]) + body
        connection.sendall(b"\x30" + bytes([len(operation) + 3]) + b"\x02\x01" + bytes([message_id]) + operation)


@pytest.mark.parametrize("treat", [_close, _say_nothing, _trickle, _talk_nonsense, _refer_elsewhere])
def test_a_directory_that_does_not_answer_is_unavailable_within_the_time_limit(treat: Callable[[socket.socket], None]) -> None:
    with misbehaving(treat) as settings, pointed_at({**settings, "ldap_sign_in_seconds": 1}):
        began = real_time.monotonic()
        with pytest.raises(DirectoryUnavailable) as refusal:
            verify(DirectoryEntry("x", f"uid=vmsinh,{PEOPLE}"), "secret")
        assert real_time.monotonic() - began < 2
        assert refusal.value.status == 503


def test_nobody_waits_for_a_directory_that_failed_five_times_until_one_finds_it_back(
    directory: BindDirectory, time: clock.ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pointed_at(directory.settings()) as app:
        verify(entry(directory, "vmsinh"), RIGHT)
        server = app.extensions["hopnhat.directory"].servers[0]
        for _ in range(5):
            server.breaker.note(answered=False)
        with pytest.raises(DirectoryUnavailable):
            verify(entry(directory, "vmsinh"), RIGHT)
        time.advance(seconds=10)
        verify(entry(directory, "vmsinh"), RIGHT)
        assert server.breaker.admits()


def test_without_a_directory_nobody_gets_in() -> None:
    with pointed_at({}), pytest.raises(DirectoryUnavailable):
        password.verify(DirectoryEntry("x", "uid=x"), "secret")
