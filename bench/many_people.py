"""Any number of invented officials for measurements, made by the database itself: two millions in a minute, the same at each run.

Three in five have signed in and enrolled; of these, four in five have entered each of the systems.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Uuid, insert, text

from clients import catalogue, registration
from clients.catalogue import System
from clients.metadata import ClientMetadata
from idp import clock
from idp.database import UtcDateTime, in_transaction, insert_rows, new_ids, table_of
from idp.people.models import Unit
from idp.people.names import search_key, sort_key

UNITS, SYSTEMS, BATCH, DAYS = 1000, 5, 100_000, 61
NAME = "Vàng Mí Sính"
_u = table_of(Unit)
_made = MetaData()
_numbers = Table("bench_number", _made, Column("i", BigInteger, primary_key=True, autoincrement=False), Column("id", Uuid))
_days = Table("bench_day", _made, Column("d", Integer, primary_key=True), Column("at", UtcDateTime))
_units = Table("bench_unit", _made, Column("u", Integer, primary_key=True), Column("id", Uuid))
_systems = Table("bench_system", _made, Column("s", Integer, primary_key=True), Column("id", Uuid))
# Large odd numbers scatter what counting puts in order.
_HAS_SIGNED_IN = "(n.i * 48271) % 100 < 60"
_SCATTERED_DAY = f"(n.i * 69621) % {DAYS}"
_INTO_PERSON = f"""
INSERT INTO person (id, subject, source, source_key, directory_dn, username, username_key, staff_category, name, sort_key, search_key,
    unit_id, state, directory_locked, first_signed_in_at, notice_acknowledged_at, last_two_factor_at, created_at, updated_at)
SELECT n.id, 's' || n.i, 'bench', 'k' || n.i, 'x', 'p' || n.i, 'p' || n.i,
    CASE n.i % 3 WHEN 0 THEN 'can_bo' WHEN 1 THEN 'cong_chuc' ELSE 'vien_chuc' END, :name, :sort_key, :search_key,
    u.id, 'active', :no, d.at, d.at, d.at, first.at, first.at
FROM bench_number n JOIN bench_unit u ON u.u = (n.i * 16807) % {UNITS} JOIN bench_day first ON first.d = 0
LEFT JOIN bench_day d ON {_HAS_SIGNED_IN} AND d.d = {_SCATTERED_DAY}
"""
_OF_ENROLLED = f"FROM bench_number n JOIN bench_day first ON first.d = 0 WHERE {_HAS_SIGNED_IN}"
_OTHERS = (
    f"INSERT INTO proofing (id, person_id, kind, recorded_by, reason, recorded_at) SELECT n.id, n.id, 'in_person', 'x', 'x', first.at {_OF_ENROLLED}",
    f"""INSERT INTO totp_credential (id, person_id, name, sealed_secret, last_step, created_at, confirmed_at)
    SELECT n.id, n.id, 'x', :secret, 0, first.at, first.at {_OF_ENROLLED}""",
    f"INSERT INTO recovery_code (id, person_id, hash, created_at, confirmed_at) SELECT n.id, n.id, 'x', first.at, first.at {_OF_ENROLLED}",
    f"""INSERT INTO system_entry (person_id, client_id, first_at, last_at) SELECT n.id, s.id, first.at, first.at
    FROM bench_number n JOIN bench_day first ON first.d = 0 JOIN bench_system s ON (n.i * 40692 + s.s * 7919) % 100 < 80
    WHERE {_HAS_SIGNED_IN}""",
)  # fmt: skip


def fill(people: int) -> None:
    """Make the units, the systems and so many people."""
    units, clients = in_transaction(_add_units), in_transaction(_add_systems)
    in_transaction(lambda connection: _add_numbers(connection, people, units, clients))
    named = {"name": NAME, "sort_key": sort_key(NAME), "search_key": search_key(NAME), "no": False}
    in_transaction(lambda connection: connection.execute(text(_INTO_PERSON), named))
    for statement in _OTHERS:
        values = {"secret": b"x"} if ":secret" in statement else {}
        in_transaction(lambda connection, statement=statement, values=values: connection.execute(text(statement), values))  # type: ignore[misc]
    in_transaction(_made.drop_all)


def _add_units(connection: Connection) -> list[Any]:
    ids, now = new_ids(UNITS), clock.now()
    rows = [
        {
            "id": key, "source": "bench", "source_key": str(number), "code": f"H{number}", "name": f"Đơn vị {number}", "search_key": "x",
            "level": "province" if number < 30 else "commune", "parent_id": ids[(number - 1) // 10] if number else None,
            "valid_from": now.date(),
        }
        for number, key in enumerate(ids)
    ]  # fmt: skip
    connection.execute(insert(_u), rows)
    return ids


def _add_systems(connection: Connection) -> list[Any]:
    found = []
    for number in range(SYSTEMS):
        code = f"he-thong-{number}"
        made = registration.register(connection, ClientMetadata(code, (f"https://{code}.test/cb",), client_id=code), actor="cli:bench")
        catalogue.add_system(connection, System(code, code, client_id=code), actor="cli:bench")
        catalogue.state_integrated(connection, code, actor="cli:bench", reason="bench")
        found.append(made.key)
    return found


def _add_numbers(connection: Connection, people: int, units: list[Any], clients: list[Any]) -> None:
    _made.create_all(connection)
    for first in range(0, people, BATCH):
        many = min(BATCH, people - first)
        insert_rows(connection, _numbers, ("i", "id"), list(zip(range(first, first + many), new_ids(many), strict=True)))
    insert_rows(connection, _days, ("d", "at"), [(number, clock.now() - timedelta(days=number)) for number in range(DAYS)])
    insert_rows(connection, _units, ("u", "id"), list(enumerate(units)))
    insert_rows(connection, _systems, ("s", "id"), list(enumerate(clients)))
