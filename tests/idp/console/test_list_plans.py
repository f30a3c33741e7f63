"""Rules of what a list may cost: each way of narrowing it is answered by an index, in the order in which it is shown."""

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from itertools import combinations
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Select, select, text

from idp import audit, clock
from idp.console import open_sessions, trail
from idp.database import in_transaction, insert_rows, new_ids, reader, table_of
from idp.enrollment.rungs import IN_POST, standing
from idp.people import narrowing, roster
from idp.people.models import Person, Unit
from idp.web.paging import EFFORT, Page, Stretch, read_page
from tests.support.people import add_person, add_unit, person_row
from tests.support.plans import watched_questions, whole_readings
from tests.support.signed_in import add_official, sign_in

_p, _u = table_of(Person), table_of(Unit)
LARGE = {"person", "browser_session", "audit_event", "authorization"}
Read = Callable[..., Page]


def _everywhere(read: Read) -> Iterator[Page]:
    """The first page, the next and the one before that."""
    first = read()
    yield first
    if first.after:
        second = read(after=first.after)
        yield second
        if second.before:
            yield read(before=second.before)


def _faults(reads: Iterator[Read]) -> list[str]:
    with watched_questions() as asked:
        pages = [page for read in reads for page in _everywhere(read)]
    assert any(page.rows for page in pages)
    assert any(page.before for page in pages)
    return whole_readings(list(dict(asked).items()), LARGE)


def _sortings(query: Select[Any], stretches: Iterable[Stretch]) -> list[str]:
    """What is sorted although it may be much."""
    with watched_questions() as asked:
        for stretch in stretches:
            if not stretch.small:
                read_page(reader(), query, [stretch], effort=10)
    return whole_readings(list(dict(asked).items()), LARGE, sorts=False)


def _ways(choices: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Nothing asked, each choice alone, and each pair of choices of two kinds."""
    yield {}
    single = [{name: value} for name, values in choices.items() for value in values]
    yield from single
    yield from (one | other for one, other in combinations(single, 2) if one.keys() != other.keys())


def _many_people() -> uuid.UUID:
    """More than one page may look at, in the units below one."""
    top = add_unit()
    below = [add_unit(f"UBND xã {number}", parent_id=top) for number in range(40)]
    row = person_row("lthuong", "Lù Thị Hương")
    fresh = ("id", "subject", "source_key", "username", "username_key", "mail", "mail_key", "state", "unit_id")
    same = {name: value for name, value in row.items() if name not in fresh} | {"directory_locked": False, "browser_round": 0}
    rows = [
        (
            key,
            key.hex,
            key.hex,
            f"h{number}",
            f"h{number}",
            f"h{number}@x",
            f"h{number}@x",
            ("active", "suspended")[number % 30 == 0],
            below[number % 40],
        )
        for number, key in enumerate(new_ids(EFFORT + 100))
    ]
    in_transaction(lambda connection: insert_rows(connection, table_of(Person), fresh, rows, **same))
    return top


def _statistics(app: Flask) -> None:
    with app.app_context():
        in_transaction(lambda connection: connection.execute(text("ANALYZE")))


def _people_ways(large: uuid.UUID, small: uuid.UUID) -> Iterator[dict[str, Any]]:
    choices = {
        "text": ["huong", "lu thi huong", "h99@x"], "state": ["suspended", "active"], "level": ["commune"], "unit_id": [large, small],
        "within": [[large]], "conditions": [[IN_POST, standing() == "B1"]],
    }  # fmt: skip
    return _ways(choices)


def test_people_are_found_by_an_index_however_the_list_is_narrowed(app: Flask) -> None:
    large, small = _many_people(), add_unit("UBND xã Du Già")
    add_person("ut", "Uông Văn Út", unit_id=small)
    in_transaction(lambda connection: connection.execute(text("ANALYZE")))
    assert _faults(partial(roster.search_people, reader(), roster.Filters(**way)) for way in _people_ways(large, small)) == []
    ways = [narrowing.stretches_of(reader(), roster.Filters(**way)) for way in _people_ways(large, small)]
    query = select(*roster.LINE).select_from(_p.outerjoin(_u, _u.c.id == _p.c.unit_id))
    assert _sortings(query, (stretch for way in ways for stretch in way)) == []


def test_open_sessions_are_found_by_an_index_however_the_list_is_narrowed(app: Flask) -> None:
    large, small = _many_people(), add_unit("UBND xã Du Già")
    person_id = add_official(unit_id=large)
    for whose in (person_id, person_id, add_official(unit_id=small)):
        sign_in(app, whose)
    in_transaction(lambda connection: connection.execute(text("ANALYZE")))
    choices = {
        "person_id": [person_id], "unit_id": [large, small], "within": [[large]], "address": ["127.0.0.1"], "client_id": [uuid.uuid4()],
        "shared_pc": [True],
    }  # fmt: skip
    assert _faults(partial(open_sessions.find_sessions, reader(), open_sessions.Filters(**way), most=1) for way in _ways(choices)) == []
    ways = [open_sessions.stretch_of(reader(), open_sessions.Filters(**way)) for way in _ways(choices)]
    assert _sortings(open_sessions.LINES, ways) == []


def test_events_are_found_by_an_index_however_the_trail_is_narrowed(app: Flask) -> None:
    person_id, client_id, now = add_person(), uuid.uuid4(), clock.now()

    def write(connection: Connection) -> None:
        for _number in range(3):
            audit.record(connection, audit.Event.SESSION_STARTED, actor="cli:test", person_id=person_id, client_id=client_id)

    in_transaction(write)
    in_transaction(lambda connection: connection.execute(text("ANALYZE")))
    choices = {
        "since": [now - timedelta(days=1)], "until": [now + timedelta(days=1)], "event": ["session.started"], "actor": ["cli:test"],
        "person_id": [person_id], "client_id": [client_id], "request_id": ["7F3K-29QD"], "address": ["10.0.0.1"],
    }  # fmt: skip
    assert _faults(partial(trail.find_events, reader(), trail.Filters(**way), most=1) for way in _ways(choices)) == []
    ways = [trail.stretch_of(reader(), trail.Filters(**way)) for way in _ways(choices)]
    assert _sortings(select(table_of(audit.AuditEvent)), filter(None, ways)) == []
