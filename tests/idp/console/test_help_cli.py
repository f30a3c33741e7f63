"""Rules of the commands that help somebody in."""

import pytest
from click import Command
from flask import Flask
from sqlalchemy import select

from idp import audit
from idp.console.help_cli import activation_code, reset_factors, temporary_code
from idp.credentials import factors, officer_codes
from idp.database import reader, table_of
from tests.support.people import add_person
from tests.support.sign_in import enrolled_phone

_e = table_of(audit.AuditEvent)


@pytest.mark.parametrize(("command", "kind"), [(temporary_code, "temporary"), (activation_code, "activation")])
def test_a_code_is_printed_once_and_put_down_without_itself(app: Flask, command: Command, kind: str) -> None:
    person_id = add_person("vmsinh")
    result = app.test_cli_runner().invoke(command, ["vmsinh", "--reason", "Mất điện thoại"])
    code = result.output.split(": ")[1].strip()
    officer_codes.match(reader(), person_id, kind, code)
    row = reader().execute(select(_e)).one()
    assert (row.event, row.person_id, row.detail) == (f"{kind}_code.issued", person_id, {"reason": "Mất điện thoại"})


def test_factors_are_reset(app: Flask) -> None:
    person_id = add_person("vmsinh")
    enrolled_phone(person_id)
    assert app.test_cli_runner().invoke(reset_factors, ["vmsinh", "--reason", "Mất điện thoại"]).exit_code == 0
    assert factors.held_by(reader(), person_id) == factors.Held()


@pytest.mark.parametrize("command", [temporary_code, activation_code, reset_factors])
def test_nobody_is_helped_without_a_reason_or_by_an_unknown_name(app: Flask, command: Command) -> None:
    add_person("vmsinh")
    for arguments in (["vmsinh"], ["nobody", "--reason", "x"]):
        assert app.test_cli_runner().invoke(command, arguments).exit_code != 0
