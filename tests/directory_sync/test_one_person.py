"""Rules of bringing one person to where the directory has them, now."""

import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from ldap3.core.exceptions import LDAPNoSuchObjectResult
from sqlalchemy import select

from directory_sync import ledger
from directory_sync.person_cli import sync_one_person
from directory_sync.source.ldap_full import SOURCE
from idp import audit
from idp.audit import AuditEvent
from idp.database import in_transaction, reader, table_of
from idp.roles.models import Role
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.services import free_port
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.slapd import slapd
from tests.support.staff_directory import COMMUNE, DEPARTMENT, DISTRICT, TOP, StaffDirectory, ldap_settings, person, sync, unit
from wsgi import build

_e = table_of(AuditEvent)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffDirectory]:
    with slapd(tmp_path_factory.mktemp("slapd")) as started:
        found = StaffDirectory(started)
        for dn, code in ((TOP, "02"), (DEPARTMENT, "S01"), (DISTRICT, "026"), (COMMUNE, "00715")):
            found.add_unit(dn, code)
        yield found


@pytest.fixture
def app(server: StaffDirectory, database_url: str) -> Iterator[Flask]:
    """Two people read once; one test's changes to them are over before the next."""
    people = [server.add_person("an.nv", "Nguyễn Văn An"), server.add_person("mai.vt", "Vàng Thị Mai", COMMUNE)]
    application = build(settings_for(database_url, **ldap_settings(server.server)))
    with application.app_context():
        sync()
        yield application
    close(application)
    for dn in people:
        with suppress(LDAPNoSuchObjectResult):
            server.remove(dn)


def synced(app: Flask, name: str, *options: str) -> Any:
    result = FlaskCliRunner(app).invoke(sync_one_person, [name, "--json", *options])
    return json.loads(result.output) if result.exit_code == 0 else result


def test_what_the_directory_says_of_this_person_is_applied_and_of_nobody_else(app: Flask, server: StaffDirectory) -> None:
    for dn in (f"uid=an.nv,{DEPARTMENT}", f"uid=mai.vt,{COMMUNE}"):
        server.change(dn, title="Trưởng phòng")
    told = synced(app, "an.nv")
    assert (told["state"], told["changed"], told["people_read"]) == ("applied", 1, 1)
    assert (person("an.nv").title, person("mai.vt").title) == ("Trưởng phòng", "Chuyên viên")
    assert synced(app, "an.nv")["state"] == "unchanged"


def test_who_has_no_entry_any_more_is_out_at_once_and_it_is_audited(app: Flask, server: StaffDirectory) -> None:
    server.remove(f"uid=an.nv,{DEPARTMENT}")
    assert synced(app, "an.nv")["person_state"] == "suspended"
    told = reader().execute(select(_e.c.actor, _e.c.person_id).where(_e.c.event == audit.Event.PERSON_SYNCED.value)).one()
    assert told.actor.startswith("cli:")
    assert told.person_id == person("an.nv").id


def test_the_next_delta_goes_on_from_where_it_was(app: Flask, server: StaffDirectory) -> None:
    before = ledger.find_cookie(reader(), SOURCE)
    server.change(f"uid=an.nv,{DEPARTMENT}", title="Trưởng phòng")
    synced(app, "an.nv")
    assert ledger.find_cookie(reader(), SOURCE) == before


def test_a_silent_directory_and_a_person_of_another_source_are_told_apart_and_change_nothing(app: Flask, database_url: str) -> None:
    elsewhere = add_person("khac.nguon", source="scim:x")
    assert "không đến từ danh bạ" in str(synced(app, str(elsewhere)).exception.message)
    other = build(settings_for(database_url, **(ldap_settings_of_nobody())))
    with other.app_context():
        assert synced(other, "an.nv").exception.reason == "unreachable"
        assert person("an.nv").state == "active"
    close(other)


def ldap_settings_of_nobody() -> dict[str, str]:
    access = {"ldap_bind_dn": "cn=x,dc=vn", "ldap_bind_password": "x", "ldap_base_dn": "dc=vn"}
    return {"ldap_url": f"ldap://127.0.0.1:{free_port()}", **access}


def test_a_run_under_way_is_waited_for(app: Flask) -> None:
    in_transaction(lambda connection: ledger.begin(connection, "cli:other", SOURCE))
    assert synced(app, "an.nv").exception.reason == "already_running"


def test_the_button_is_for_whoever_decides_on_people_of_that_unit(app: Flask, server: StaffDirectory) -> None:
    server.change(f"uid=an.nv,{DEPARTMENT}", title="Trưởng phòng")
    mine, other = person("an.nv").id, person("mai.vt").id
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=unit("Sở Nội vụ").id)
    page = words_of(officer.get(f"/console/people/{mine}"))
    assert f"/console/people/{mine}/sync" in page
    answer = send_form(officer, f"/console/people/{mine}/sync", {}, page=f"/console/people/{mine}")
    assert answer.status_code == 303
    assert "Trưởng phòng</ins>" in words_of(officer.get(answer.location))
    assert send_form(officer, f"/console/people/{other}/sync", {}, page=f"/console/people/{mine}").status_code == 404
    assert officer.get(f"/console/people/{other}/sync/1").status_code == 404
    assert f"/console/people/{mine}/sync" not in words_of(browser_of(app, Role.AUDITOR).get(f"/console/people/{mine}"))
    administrator = browser_of(app, Role.IT_ADMIN)
    assert send_form(administrator, f"/console/people/{other}/sync", {}, page=f"/console/people/{other}").status_code == 303


def test_whoever_moves_out_of_an_officer_s_units_is_not_shown_to_them_any_more(app: Flask, server: StaffDirectory) -> None:
    mine = person("an.nv").id
    officer = browser_of(app, Role.HR_OFFICER, unit_of_role=unit("Sở Nội vụ").id)
    page = officer.get(f"/console/people/{mine}")
    moved = server.move(f"uid=an.nv,{DEPARTMENT}", COMMUNE)
    answer = send_form(officer, f"/console/people/{mine}/sync", {}, page=f"/console/people/{mine}")
    assert (page.status_code, answer.location) == (200, "/console/people")
    assert officer.get(f"/console/people/{mine}").status_code == 404
    server.move(moved, DEPARTMENT)


def test_nobody_unknown_is_synced(app: Flask) -> None:
    assert synced(app, str(uuid.uuid4())).exit_code == 1
