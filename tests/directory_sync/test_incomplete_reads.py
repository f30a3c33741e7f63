"""Rules of reads that failed or came back partial: nothing changes, and the run says why."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from directory_sync import ledger
from directory_sync.models import RunState
from directory_sync.reasons import explain
from idp.database import reader
from tests.support import trail
from tests.support.services import free_port
from tests.support.slapd import LIMIT, LIMITED_DN
from tests.support.staff_directory import DEPARTMENT, StaffDirectory, everybody, person, sync

Install = Callable[..., Any]


@pytest.fixture
def synced(install: Install, directory: StaffDirectory) -> dict[str, Any]:
    """Everybody after a first whole run."""
    install()
    directory.add_person("mot", "Lê Văn Một")
    directory.add_person("hai", "Lê Văn Hai")
    sync()
    return everybody()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"ldap_bind_dn": LIMITED_DN}, "size_limit"),
        ({"ldap_bind_password": "wrong"}, "account_refused"),
        ({"ldap_base_dn": "ou=Không có,dc=hagiang,dc=gov,dc=vn"}, "base_not_found"),
        ({"ldap_base_dn": "dc=nowhere"}, "base_not_found"),
    ],
)
def test_a_read_that_is_refused_or_cut_off_changes_nothing_and_says_why(
    install: Install, synced: dict[str, Any], directory: StaffDirectory, settings: dict[str, str], reason: str
) -> None:
    assert len(synced) > LIMIT
    directory.add_person("moi", "Lê Văn Mới")
    install(**settings)
    report = sync()
    assert (report.state, (report.reason or "").split(" ")[0]) == (RunState.FAILED, reason)
    assert everybody() == synced
    assert ledger.require_run(reader(), report.number).reason == report.reason
    assert explain(report.reason)


def test_a_directory_that_cannot_be_reached_changes_nothing(install: Install, synced: dict[str, Any]) -> None:
    install(ldap_url=f"ldap://127.0.0.1:{free_port()}")
    assert (sync().reason, everybody()) == ("unreachable", synced)


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(
    install: Install, directory: StaffDirectory, synced: dict[str, Any], tmp_path: Path
) -> None:
    install(ldap_url=directory.server.tls_url, ldap_ca_file=directory.server.ca_file)
    assert sync().state == RunState.UNCHANGED
    (tmp_path / "other").mkdir()
    from_another = tmp_path / "other" / "ca.pem"
    from_another.write_bytes(Path("/etc/ssl/certs/ca-certificates.crt").read_bytes())
    install(ldap_url=directory.server.tls_url, ldap_ca_file=from_another)
    assert (sync().reason, everybody()) == ("unreachable", synced)


def test_an_empty_directory_suspends_nobody(install: Install, directory: StaffDirectory, synced: dict[str, Any]) -> None:
    for one in synced.values():
        directory.remove(one.directory_dn)
    assert (sync().reason, everybody()) == ("no_people", synced)


def test_a_failure_is_told_in_the_audit_trail_once_and_again_when_it_is_another(install: Install, synced: dict[str, Any]) -> None:
    install(ldap_bind_password="wrong")
    sync()
    sync()
    assert len(trail.events("sync_run.failed")) == 1
    install(ldap_base_dn="dc=nowhere")
    sync()
    assert [event.detail["reason"].split(" ")[0] for event in trail.events("sync_run.failed")] == ["account_refused", "base_not_found"]


def _cut_after(upstream: int, most: int) -> int:
    """A proxy in front of the directory that passes `most` bytes of its answers and then hangs up; return its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        left = most
        with listener, listener.accept()[0] as client, socket.create_connection(("127.0.0.1", upstream)) as server:
            forward = threading.Thread(target=_pump, args=(client, server), daemon=True)
            forward.start()
            while left > 0 and (data := server.recv(min(left, 4096))):
                client.sendall(data)
                left -= len(data)
            client.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(4096):
            target.sendall(data)
    except OSError:
        return


@pytest.mark.parametrize("most", [20, 300, 700, 1100, 1500, 2000])
def test_a_connection_that_breaks_at_any_point_changes_nothing(
    install: Install, synced: dict[str, Any], directory: StaffDirectory, most: int
) -> None:
    directory.remove(f"uid=mot,{DEPARTMENT}")
    port = _cut_after(int(directory.server.url.rpartition(":")[2]), most)
    install(ldap_url=f"ldap://127.0.0.1:{port}")
    assert (sync().state, everybody()) == (RunState.FAILED, synced)


def test_the_run_after_a_failed_one_goes_on_as_if_nothing_had_been(
    install: Install, synced: dict[str, Any], directory: StaffDirectory
) -> None:
    directory.remove(f"uid=mot,{DEPARTMENT}")
    install(ldap_bind_dn=LIMITED_DN)
    assert sync().state == RunState.FAILED
    install()
    assert sync().found["suspended"] == 1
    assert person("mot").state == "suspended"
