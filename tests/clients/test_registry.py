"""Rules of finding a client from memory."""

import pytest
from flask import Flask
from sqlalchemy import event, update

from clients import registry
from clients.models import Client
from clients.registry import find_client
from idp.database import db, in_transaction, table_of
from tests.support.relying_party import register_party

_c = table_of(Client)


@pytest.fixture
def statements(app: Flask) -> list[str]:
    """Every statement sent to the database from here on."""
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *arguments: seen.append(arguments[2]))
    return seen


def test_a_client_asked_for_again_within_a_second_costs_no_read(app: Flask, statements: list[str]) -> None:
    party = register_party()
    find_client(party.client_id)
    statements.clear()
    find_client(party.client_id)
    assert statements == []


def test_after_a_second_its_version_decides_whether_it_is_read_anew(
    app: Flask, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "FRESH_SECONDS", 0.0)
    party = register_party()
    first = find_client(party.client_id)
    statements.clear()
    assert find_client(party.client_id) is first
    assert len(statements) == 1
    elsewhere = update(_c).where(_c.c.client_id == party.client_id).values(client_name="Tên mới", version=_c.c.version + 1)
    in_transaction(lambda c: c.execute(elsewhere))  # another process
    found = find_client(party.client_id)
    assert found is not None
    assert found.client_name == "Tên mới"


def test_invented_names_fill_no_memory_and_nonsense_is_not_even_looked_up(app: Flask, statements: list[str]) -> None:
    for number in range(50):
        assert find_client(f"nobody-{number}") is None
    assert registry._memory() == {}
    statements.clear()
    for nonsense in ("", "a b", "x" * 65, "é", "\x00", "a\n", "%", "'--"):
        assert find_client(nonsense) is None
    assert statements == []
