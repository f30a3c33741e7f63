"""Rules of the commands on people and roles."""

import json
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from idp.console.cli import restore, role_group, suspend
from idp.errors import NotFound
from idp.people.cli import people
from idp.roles.permissions import permissions_of
from idp.web.viewer import Permission
from tests.support.people import add_person, add_unit
from tests.support.signed_in import sign_in


def _run(app: Flask, command: Any, *words: str) -> Result:
    return app.test_cli_runner().invoke(command, list(words))


def test_a_role_is_given_listed_and_taken_by_name(app: Flask) -> None:
    person_id = add_person("vmsinh")
    assert _run(app, role_group, "grant", "VMSinh", "auditor").exit_code == 0
    assert Permission.SEE_AUDIT in permissions_of(person_id)
    (listed,) = json.loads(_run(app, role_group, "list", "--json").output)
    assert (listed["username"], listed["role"], listed["unit"]) == ("vmsinh", "auditor", None)
    assert listed["granted_by"].startswith("cli:")
    assert "already" in _run(app, role_group, "grant", "vmsinh", "auditor").output
    assert _run(app, role_group, "revoke", "vmsinh", "auditor").exit_code == 0
    assert permissions_of(person_id) == frozenset()
    assert _run(app, role_group, "revoke", "vmsinh", "auditor").exit_code == 1


def test_a_role_for_a_unit_is_named_by_the_unit_s_code(app: Flask) -> None:
    person_id, unit_id = add_person("vmsinh"), add_unit(code="H22.7")
    _run(app, role_group, "grant", "vmsinh", "hr_officer", "--unit", "H22.7")
    (listed,) = json.loads(_run(app, role_group, "list", "--json").output)
    assert listed["unit_id"] == str(unit_id)
    assert Permission.SEE_SYNC in permissions_of(person_id)
    assert Permission.RUN_SYNC not in permissions_of(person_id)
    with pytest.raises(NotFound):
        raise _run(app, role_group, "grant", "vmsinh", "hr_officer", "--unit", "none").exception or AssertionError


def test_new_duties_begin_with_a_new_sign_in(app: Flask) -> None:
    person_id = add_person("vmsinh")
    browser = sign_in(app, person_id)
    assert browser.get("/console").status_code == 403
    _run(app, role_group, "grant", "vmsinh", "leader")
    assert browser.get("/console").status_code == 303


def test_a_role_that_does_not_exist_is_a_wrong_use_of_the_command(app: Flask) -> None:
    add_person("vmsinh")
    assert _run(app, role_group, "grant", "vmsinh", "emperor").exit_code == 2


def test_people_are_found_shown_suspended_and_restored_by_name(app: Flask) -> None:
    add_person("dtdung", "Đặng Thị Dung", unit_id=add_unit("UBND xã Lũng Cú"))
    (found,) = json.loads(_run(app, people, "find", "dang thi", "--json").output)
    assert (found["name"], found["unit_name"]) == ("Đặng Thị Dung", "UBND xã Lũng Cú")
    assert _run(app, suspend, "dtdung", "--reason", "Nghỉ hưu").exit_code == 0
    assert "already" in _run(app, suspend, "dtdung", "--reason", "Nghỉ hưu").output
    shown = json.loads(_run(app, people, "show", "dtdung", "--json").output)
    assert (shown["state"], shown["state_reason"], shown["unit_path"]) == ("suspended", "Nghỉ hưu", ["UBND xã Lũng Cú"])
    assert _run(app, restore, "dtdung", "--reason", "Quyết định bị thu hồi").exit_code == 0
    assert json.loads(_run(app, people, "show", "dtdung", "--json").output)["state"] == "active"


def test_no_deed_without_a_reason(app: Flask) -> None:
    add_person("vmsinh")
    assert _run(app, suspend, "vmsinh").exit_code == 2
