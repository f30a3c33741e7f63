"""Rules of signing in with a hardware token, and of the commands of its stock."""

import json
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from idp import audit, clock
from idp.credentials import factors, hardware_tokens
from idp.database import in_transaction, reader, table_of
from idp.login.token_cli import token
from idp.sessions.assurance import AAL2
from tests.idp.credentials.test_hardware_tokens import in_stock, shown
from tests.support.bind_directory import BindDirectory
from tests.support.people import add_person
from tests.support.sign_in import Visitor, code_on, enrolled_phone, official

_e = table_of(audit.AuditEvent)


def test_a_newcomer_with_a_token_enrols_it_by_serial_number_and_code(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    person_id, seed = official(directory), in_stock()
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    assert "/sign-in/enroll/token" in visitor.text
    visitor.opens(f"/sign-in/enroll/token?flow={visitor.flow}")
    visitor.sends(serial="999", code=shown(seed))
    assert "Số sê-ri hoặc mã không đúng" in visitor.text
    assert 'value="999"' in visitor.text
    visitor.sends(serial=seed.serial, code=shown(seed))
    assert visitor.path == "/sign-in/recovery-codes"
    session = visitor.session()
    assert session is not None
    assert (session.acr, session.amr) == (AAL2, "pwd otp mfa")
    assert factors.held_by(reader(), person_id).token


def test_serial_numbers_and_codes_cannot_be_tried_without_end(app: Flask, directory: BindDirectory, visitor: Visitor) -> None:
    """TOT-003"""
    official(directory)
    in_stock()
    visitor.asks(minimum_acr=AAL2)
    visitor.types_password()
    visitor.opens(f"/sign-in/enroll/token?flow={visitor.flow}")
    statuses = [visitor.sends(serial="2600123", code="000000").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]


def test_phone_and_token_are_asked_for_on_one_page(app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock) -> None:
    person_id, seed = official(directory), in_stock(digits=8)
    secret = enrolled_phone(person_id)
    in_transaction(lambda c: hardware_tokens.assign(c, seed.serial, person_id))
    for code in (shown(seed), code_on(secret)):
        visitor = Visitor(app)
        visitor.asks(minimum_acr=AAL2)
        visitor.types_password()
        assert "thiết bị tạo mã" in visitor.text
        visitor.sends(code=code)
        session = visitor.session()
        assert session is not None
        assert session.acr == AAL2


def test_a_token_taken_off_the_account_page_goes_back_into_stock(
    app: Flask, directory: BindDirectory, visitor: Visitor, time: clock.ManualClock
) -> None:
    person_id, seed = official(directory), in_stock()
    secret = enrolled_phone(person_id)
    visitor.asks(return_to="/account/factors/add/token", payload={}, minimum_acr=AAL2)
    visitor.types_password()
    visitor.sends(code=code_on(secret))
    visitor.opens("/account/factors/add/token")
    assert visitor.sends(serial=seed.serial, code="000000").status_code == 400
    visitor.sends(serial=seed.serial, code=shown(seed))
    [row] = hardware_tokens.find_of(reader(), person_id)
    visitor.opens(f"/account/factors/{row.id}/remove")
    visitor.sends()
    assert hardware_tokens.find_of(reader(), person_id) == []
    assert hardware_tokens.are_in_stock(reader())


def test_the_stock_is_kept_by_command_and_every_change_is_put_down(app: Flask, tmp_path: Path) -> None:
    person_id, runner, file = add_person(), app.test_cli_runner(), tmp_path / "seeds.csv"
    file.write_text("serial,secret,digits,period\nA-1,3132333435363738393031323334353637383930,6,30\n")
    told = [
        runner.invoke(token, arguments).output
        for arguments in (
            ["import", str(file)], ["import", str(file)], ["assign", "a1", "vmsinh"], ["assign", "a1", "vmsinh"],
            ["release", "A1"], ["release", "A1"], ["revoke", "A1"], ["revoke", "A1"],
        )
    ]  # fmt: skip
    assert told[0] == "1 tokens imported, 0 known already.\n"
    assert told[1] == "0 tokens imported, 1 known already.\n"
    assert ["Error" in line for line in told[2:]] == [False, True, False, True, False, True]
    [line] = json.loads(runner.invoke(token, ["list", "--json"]).output)
    assert (line["serial"], line["state"], line["person"]) == ("A1", "revoked", None)
    events = reader().execute(select(_e.c.event, _e.c.person_id, _e.c.detail).order_by(_e.c.id)).all()
    assert [(row.event.split(".")[1], row.person_id) for row in events] == [
        ("imported", None), ("imported", None), ("assigned", person_id), ("released", person_id), ("revoked", None),
    ]  # fmt: skip
    assert "313233" not in str(events)


def test_a_mistaken_file_imports_nothing(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "seeds.csv"
    file.write_text("1,3132333435363738393031323334353637383930\n2,short\n")
    result = app.test_cli_runner().invoke(token, ["import", str(file)])
    assert result.exit_code == 1
    assert "line 2" in result.output
    assert hardware_tokens.find_all(reader()) == []
