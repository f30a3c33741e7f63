"""Rules of the commands that help somebody in."""

from collections.abc import Iterator

import pytest
from click import Command
from flask import Flask
from sqlalchemy import select

from idp import audit
from idp.app import create_app
from idp.console.help_cli import activation_code, proof, reset_factors, temporary_code, withdraw_proof
from idp.credentials import factors, officer_codes, proofings
from idp.database import reader, table_of
from tests.support.installation import close, settings_for
from tests.support.people import add_person
from tests.support.sign_in import enrolled_phone

_e = table_of(audit.AuditEvent)


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An installation whose officers hand out activation slips."""
    application = create_app(settings_for(database_url, activation_slips=True))
    with application.app_context():
        yield application
    close(application)


@pytest.mark.parametrize(("command", "kind"), [(temporary_code, "temporary"), (activation_code, "activation")])
def test_a_code_is_printed_once_and_put_down_without_itself(app: Flask, command: Command, kind: str) -> None:
    person_id = add_person("vmsinh")
    result = app.test_cli_runner().invoke(command, ["vmsinh", "--reason", "Mất điện thoại"])
    code = result.output.splitlines()[0].split(": ")[1]
    officer_codes.match(reader(), person_id, kind, code)
    row = reader().execute(select(_e)).one()
    assert (row.event, row.person_id, row.detail) == (f"{kind}_code.issued", person_id, {"reason": "Mất điện thoại"})


def test_factors_are_reset(app: Flask) -> None:
    person_id = add_person("vmsinh")
    enrolled_phone(person_id)
    assert app.test_cli_runner().invoke(reset_factors, ["vmsinh", "--reason", "Mất điện thoại"]).exit_code == 0
    assert factors.held_by(reader(), person_id) == factors.Held()


def test_a_slip_says_whether_it_records_a_proofing_and_is_for_whoever_has_no_factor(app: Flask) -> None:
    """Unlike at the console nobody need have seen the person."""
    person_id, runner, given = add_person("vmsinh"), app.test_cli_runner(), ["vmsinh", "--reason", "Thẻ đã kiểm tra"]
    assert "No proofing recorded" in runner.invoke(activation_code, given).output
    assert list(proofings.find_in_force(reader(), person_id)) == []
    assert "Proofing recorded: in_person" in runner.invoke(activation_code, [*given, "--proof", "in_person"]).output
    assert [one.kind for one in proofings.find_in_force(reader(), person_id)] == ["in_person"]
    enrolled_phone(person_id)
    assert runner.invoke(activation_code, given).exit_code != 0


def test_no_slip_is_printed_where_nobody_is_asked_for_one(database_url: str) -> None:
    without = create_app(settings_for(database_url))
    with without.app_context():
        add_person("vmsinh")
        result = without.test_cli_runner().invoke(activation_code, ["vmsinh", "--reason", "x"])
        assert "HOPNHAT_ACTIVATION_SLIPS" in result.output
        assert result.exit_code != 0
    close(without)


def test_a_proofing_is_recorded_and_taken_back(app: Flask) -> None:
    person_id, runner = add_person("vmsinh"), app.test_cli_runner()
    assert runner.invoke(proof, ["vmsinh", "--kind", "vneid_2", "--reason", "Danh sách của Công an tỉnh"]).exit_code == 0
    [one] = proofings.find_in_force(reader(), person_id)
    assert (one.kind, one.reason) == ("vneid_2", "Danh sách của Công an tỉnh")
    assert "1 proofings withdrawn" in runner.invoke(withdraw_proof, ["vmsinh", "--reason", "Nhầm người"]).output
    assert list(proofings.find_in_force(reader(), person_id)) == []
    assert runner.invoke(proof, ["vmsinh", "--kind", "telephone", "--reason", "x"]).exit_code != 0


@pytest.mark.parametrize("command", [temporary_code, activation_code, reset_factors, proof, withdraw_proof])
def test_nobody_is_helped_without_a_reason_or_by_an_unknown_name(app: Flask, command: Command) -> None:
    add_person("vmsinh")
    for arguments in (["vmsinh"], ["nobody", "--reason", "x"]):
        assert app.test_cli_runner().invoke(command, arguments).exit_code != 0
