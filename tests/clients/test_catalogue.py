"""Rules of the catalogue of systems."""

from typing import Any

import pytest
from flask import Flask

from clients import catalogue, registration
from clients.catalogue import InvalidSystem, Standing, System
from clients.metadata import ClientMetadata
from idp import clock
from idp.audit import Event
from idp.database import in_transaction, reader
from idp.errors import NotFound, Refusal
from tests.support.trail import events

WHO = "cli:test"


def _add(code: str = "mot-cua", **given: Any) -> None:
    wanted = System(code=code, name=given.pop("name", "Một cửa điện tử"), **given)
    in_transaction(lambda connection: catalogue.add_system(connection, wanted, actor=WHO))


def _change(code: str = "mot-cua", /, **changes: Any) -> System:
    return in_transaction(lambda connection: catalogue.change_system(connection, code, actor=WHO, **changes))


def _register(client_id: str = "mot-cua") -> registration.Registered:
    wanted = ClientMetadata("Một cửa", ("https://rp.test/cb",), client_id=client_id)
    return in_transaction(lambda connection: registration.register(connection, wanted, actor=WHO))


def _standing(code: str = "mot-cua") -> str:
    return str(catalogue.require_system(reader(), code).standing)


def _do(deed: Any, code: str = "mot-cua") -> None:
    in_transaction(lambda connection: deed(connection, code, actor=WHO, reason="đã xem tận nơi"))


def test_a_system_counts_as_integrated_only_when_connected_and_shown_to_work(app: Flask) -> None:
    _add()
    assert _standing() == Standing.NOT_CONNECTED
    client = _register()
    _change(client_id="mot-cua")
    assert _standing() == Standing.CONNECTED
    in_transaction(lambda connection: catalogue.note_proof(connection, client.key, passed=True))
    assert _standing() == Standing.INTEGRATED
    assert catalogue.coverage(reader()) == catalogue.Coverage(1, 1)
    in_transaction(lambda connection: catalogue.note_proof(connection, client.key, passed=False))
    assert _standing() == Standing.CONNECTED


def test_an_administrator_may_vouch_with_a_reason_and_take_it_back(app: Flask) -> None:
    _add()
    with pytest.raises(Refusal):
        _do(catalogue.state_integrated)
    _register()
    _change(client_id="mot-cua")
    _do(catalogue.state_integrated)
    row = catalogue.require_system(reader(), "mot-cua")
    assert (row.standing, row.stated_by, row.stated_reason) == (Standing.INTEGRATED, WHO, "đã xem tận nơi")
    _do(catalogue.withdraw_statement)
    assert _standing() == Standing.CONNECTED
    assert [row.event for row in events(Event.SYSTEM_VOUCHED_FOR, Event.SYSTEM_NOT_VOUCHED_FOR)] == [
        Event.SYSTEM_VOUCHED_FOR,
        Event.SYSTEM_NOT_VOUCHED_FOR,
    ]


def test_a_disabled_application_integrates_nothing(app: Flask) -> None:
    _register()
    _add(client_id="mot-cua")
    _do(catalogue.state_integrated)
    in_transaction(lambda connection: registration.disable(connection, "mot-cua", actor=WHO, reason="thử"))
    assert _standing() == Standing.NOT_CONNECTED


def test_another_application_must_be_shown_to_work_anew(app: Flask) -> None:
    _register()
    _register("khac")
    _add(client_id="mot-cua")
    _do(catalogue.state_integrated)
    _change(client_id="khac")
    assert _standing() == Standing.CONNECTED


def test_a_system_out_of_use_leaves_the_denominator_and_may_come_back(app: Flask) -> None:
    _add()
    _add("khac", name="Thư điện tử")
    _add("ngoai", name="Ngoài chỉ tiêu", in_scope=False)
    assert catalogue.coverage(reader()).in_scope == 2
    _do(catalogue.retire_system)
    assert _standing() == Standing.RETIRED
    assert [row.code for row in catalogue.in_scope_systems(reader())] == ["khac"]
    _do(catalogue.reopen_system)
    assert catalogue.coverage(reader()).in_scope == 2


def test_an_application_is_one_system_only_and_a_code_one_name_only(app: Flask) -> None:
    _register()
    _add(client_id="mot-cua")
    with pytest.raises(InvalidSystem) as taken:
        _add("khac", client_id="mot-cua")
    assert taken.value.field == "client_id"
    with pytest.raises(InvalidSystem) as again:
        _add()
    assert again.value.field == "code"
    _add("khac")
    with pytest.raises(InvalidSystem):
        _change("khac", code="mot-cua")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "Một cửa"), ("code", "-a"), ("code", "a" * 33), ("name", ""), ("name", "a\u202eb"), ("name", "x" * 201), ("purpose", "x" * 2001),
        ("level", "xã"), ("protocol", "ftp"), ("own_passwords_left", "maybe"), ("security_level", 0), ("security_level", 6), ("accounts", -1),
        ("client_id", "unknown"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_says_which_field(app: Flask, field: str, value: Any) -> None:
    with pytest.raises(InvalidSystem) as invalid:
        _add(**{"code": "a", field: value})
    assert invalid.value.field == field


def test_a_change_is_told_with_before_and_after_and_no_change_is_not_told(app: Flask) -> None:
    _add(accounts=10)
    before = len(events())
    _change(accounts=10)
    assert len(events()) == before
    assert _change(accounts=12, planned_on=clock.now().date()).accounts == 12
    assert events()[-1].event == Event.SYSTEM_CHANGED
    with pytest.raises(NotFound):
        _change("khac", accounts=1)
