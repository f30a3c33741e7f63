"""Rules of reading what changed, against a real OpenLDAP: by content synchronization where it is offered, else by timestamps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ldap3
import pytest
from flask import Flask
from ldap3.core.exceptions import LDAPBindError
from sqlalchemy import select, update

from directory_sync.desk_models import CaseKind, DeskCase
from directory_sync.ledger import find_cookie
from directory_sync.models import RunState, SourceCookie
from directory_sync.run import RunReport
from directory_sync.source.delta import directory_delta
from directory_sync.source.ldap_full import SOURCE
from directory_sync.source.way import DELETIONS_UNTOLD, UNITS_CHANGED
from idp.app import create_app
from idp.database import in_transaction, reader, table_of
from idp.people.models import PersonState
from tests.support.installation import close, settings_for
from tests.support.slapd import slapd
from tests.support.staff_directory import COMMUNE, DEPARTMENT, DISTRICT, TOP, StaffDirectory, everybody, ldap_settings, person, sync

_d = table_of(DeskCase)


@pytest.fixture(scope="module", params=["syncrepl", "timestamps"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """A directory that offers one of the two ways, and which."""
    with slapd(tmp_path_factory.mktemp("slapd"), remembers=1000 if request.param == "syncrepl" else None) as started:
        found = StaffDirectory(started)
        for dn, code in ((TOP, "02"), (DEPARTMENT, "S01"), (DISTRICT, "026"), (COMMUNE, "00715")):
            found.add_unit(dn, code)
        yield request.param, found


@pytest.fixture
def app(server: tuple[str, StaffDirectory], database_url: str) -> Iterator[Flask]:
    application = create_app(settings_for(database_url, **ldap_settings(server[1].server)))
    with application.app_context():
        yield application
    close(application)


@pytest.fixture
def directory(server: tuple[str, StaffDirectory], app: Flask) -> Iterator[StaffDirectory]:
    """Three people, read once."""
    found = server[1]
    people = [found.add_person("an.nv", "Nguyễn Văn An"), found.add_person("mai.vt", "Vàng Thị Mai")]
    people.append(found.add_person("pao.ga", "Giàng A Páo", COMMUNE))
    assert sync().state == RunState.APPLIED
    yield found
    for key in everybody():
        found.admin.search(DISTRICT.partition(",")[2], f"(entryUUID={key})")
        for entry in list(found.admin.entries):
            found.remove(entry.entry_dn)


def delta() -> tuple[RunReport, set[str]]:
    """What a delta made of it, and why it wants a whole read."""
    wishes: set[str] = set()
    return sync(source=directory_delta(wishes)), wishes


def tells_deletions(server: tuple[str, StaffDirectory]) -> bool:
    return server[0] == "syncrepl"


def test_nothing_changed_is_nothing_read(directory: StaffDirectory, server: tuple[str, StaffDirectory]) -> None:
    report, wishes = delta()
    assert report.state == RunState.UNCHANGED
    assert report.found["people_read"] == (0 if tells_deletions(server) else 3)  # those of the last minute are read once more
    assert wishes == (set() if tells_deletions(server) else {DELETIONS_UNTOLD})


def test_who_comes_changes_and_moves_is_as_after_a_whole_read(directory: StaffDirectory, server: tuple[str, StaffDirectory]) -> None:
    directory.change(f"uid=an.nv,{DEPARTMENT}", title="Trưởng phòng")
    directory.move(f"uid=mai.vt,{DEPARTMENT}", COMMUNE)
    directory.add_person("new", "Lý Thị Mới")
    report, _ = delta()
    assert (report.state, report.found["people_read"] <= 3 or not tells_deletions(server)) == (RunState.APPLIED, True)
    assert {name: report.found[name] for name in ("joined", "changed", "moved", "suspended")} == {
        "joined": 1, "changed": 1, "moved": 1, "suspended": 0,
    }  # fmt: skip
    assert person("an.nv").title == "Trưởng phòng"
    assert sync().state == RunState.UNCHANGED
    assert delta()[0].state == RunState.UNCHANGED


def test_somebody_locked_by_wrong_passwords_is_out_with_the_next_delta(directory: StaffDirectory) -> None:
    """The lock is an operational attribute that the server's own policy writes."""
    for _ in range(5):
        with pytest.raises(LDAPBindError):
            ldap3.Connection(directory.server.url, f"uid=an.nv,{DEPARTMENT}", "wrong", auto_bind=True)
    assert delta()[0].found["suspended"] == 1
    assert (person("an.nv").state, person("an.nv").state_reason) == (PersonState.SUSPENDED, "locked_in_directory")
    directory.change(f"uid=an.nv,{DEPARTMENT}", pwdAccountLockedTime=None)
    assert delta()[0].found["returned"] == 1


def test_who_is_deleted_is_out_when_the_server_says_so_and_else_with_the_whole_read(
    directory: StaffDirectory, server: tuple[str, StaffDirectory]
) -> None:
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    report, wishes = delta()
    assert report.found["suspended"] == (1 if tells_deletions(server) else 0)
    assert (DELETIONS_UNTOLD in wishes) != tells_deletions(server)
    sync()
    assert person("an.nv").state_reason == "gone_from_directory"
    assert person("mai.vt").state == PersonState.ACTIVE


def test_somebody_in_a_unit_not_known_yet_waits_for_the_whole_read_but_a_lock_does_not(directory: StaffDirectory) -> None:
    new = f"ou=Sở Mới,{TOP}"
    directory.add_unit(new, "S09")
    directory.move(f"uid=an.nv,{DEPARTMENT}", new)
    locked = directory.move(f"uid=mai.vt,{DEPARTMENT}", new)
    directory.change(locked, pwdAccountLockedTime="000001010000Z")
    before = person("an.nv").unit_id
    report, wishes = delta()
    assert UNITS_CHANGED in wishes
    assert (person("an.nv").unit_id, person("mai.vt").state) == (before, PersonState.SUSPENDED)
    assert report.found["suspended"] == 1
    assert sync().found["moved"] >= 1
    assert person("an.nv").unit_id != before
    for username in ("an.nv", "mai.vt"):
        directory.move(f"uid={username},{new}", DEPARTMENT)
    directory.remove(new)


def test_a_number_that_two_have_comes_to_the_desk_and_goes_when_it_is_put_right(directory: StaffDirectory) -> None:
    for number, state in (("HG-mai.vt", "open"), ("HG-an.nv", "settled")):
        directory.change(f"uid=an.nv,{DEPARTMENT}", employeeNumber=number)
        report, _ = delta()
        assert ("shared_staff_code" in report.found["flaws"]) == (state == "open")
        cases = select(_d.c.state).where(_d.c.kind == CaseKind.SHARED_NUMBER.value)
        assert reader().execute(cases).scalars().all() == [state]


@pytest.mark.parametrize(
    "kept", [b"nonsense", b"syncrepl\nldap://elsewhere\nx", b"usn\n{url}\nx 1 2", b"syncrepl\n{url}\nrid=000,csn=nonsense"]
)
def test_a_cookie_of_no_use_makes_a_delta_read_everything(directory: StaffDirectory, kept: bytes) -> None:
    directory.change(f"uid=an.nv,{DEPARTMENT}", title="Trưởng phòng")
    _keep(kept.replace(b"{url}", directory.server.url.encode()))
    report, _ = delta()
    assert (report.state, report.found["changed"], report.found["suspended"]) == (RunState.APPLIED, 1, 0)
    assert delta()[0].state == RunState.UNCHANGED


def test_a_server_restored_from_a_copy_is_read_whole(directory: StaffDirectory, server: tuple[str, StaffDirectory]) -> None:
    """Its state is older than the cookie: it refuses, and nothing is concluded from that."""
    way, url, value = (find_cookie(reader(), SOURCE) or b"").split(b"\n")
    _keep(b"\n".join([way, url, value.replace(b"=20", b"=29") if tells_deletions(server) else value]))
    directory.remove(f"uid=an.nv,{DEPARTMENT}")
    report, _ = delta()
    assert report.found["suspended"] == (1 if tells_deletions(server) else 0)
    sync()


def test_what_a_stopped_delta_would_have_done_is_asked_again(directory: StaffDirectory, server: tuple[str, StaffDirectory]) -> None:
    kept = find_cookie(reader(), SOURCE)
    directory.change(f"uid=an.nv,{DEPARTMENT}", title="Trưởng phòng")
    assert delta()[0].state == RunState.APPLIED
    assert kept is not None
    _keep(kept)
    assert delta()[0].state == RunState.UNCHANGED


def _keep(cookie: bytes) -> None:
    in_transaction(lambda connection: connection.execute(update(SourceCookie).values(cookie=cookie)))


def test_a_short_memory_of_the_server_takes_nobody_out_and_asks_for_a_whole_read(tmp_path: Path, database_url: str) -> None:
    """RFC 4533 §3.3.1: it names who is there, and silence about the others is no deletion here."""
    with slapd(tmp_path / "forgetful", remembers=1) as started:
        found = StaffDirectory(started)
        for dn, code in ((TOP, "02"), (DEPARTMENT, "S01")):
            found.add_unit(dn, code)
        names = [f"p{number}" for number in range(6)]
        for name in names:
            found.add_person(name, f"Lý Thị {name}")
        application = create_app(settings_for(database_url, **ldap_settings(started)))
        with application.app_context():
            sync()
            for name in names[:4]:
                found.remove(f"uid={name},{DEPARTMENT}")
            report, wishes = delta()
            assert (report.found["suspended"], wishes) == (0, {DELETIONS_UNTOLD})
            assert sync().found["suspended"] == 4
        close(application)
