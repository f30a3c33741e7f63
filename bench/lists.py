"""`python -m bench.lists`: what a page of people, sessions and events costs over a million people, on both databases.

Fills the tables past the application (a day's work otherwise), asks each page through it as an auditor's browser does, and says the
processor milliseconds of the application and of the database together: forward, far inside, and by each filter.
"""

import random
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import psycopg
from flask import Flask
from sqlalchemy import insert, literal, select, text

from bench import processor_time
from bench.sync import STORES, _database
from idp import audit, clock, schema
from idp.app import create_app
from idp.database import db, id_floor, in_transaction, new_id, table_of
from idp.people.models import Person, Unit
from idp.people.names import search_key, sort_key
from idp.roles.models import Role
from idp.sealing import new_key
from idp.sessions.models import BrowserSession
from idp.settings import read_settings
from tests.support.signed_in import add_official, sign_in

UNITS, OPEN_SHARE, DAYS, REPEATS = 2000, 0.05, 360, 12
FAMILY = [
    "Nguyễn",
    "Nguyễn",
    "Nguyễn",
    "Trần",
    "Trần",
    "Lê",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Vàng",
    "Giàng",
    "Sùng",
    "Lù",
    "Mã",
    "Ma",
    "Thào",
    "Lý",
    "Nông",
    "Ông",
    "Hầu",
    "Cư",
    "Vi",
    "Phàn",
    "Tẩn",
]
MIDDLE = [
    "Thị",
    "Văn",
    "Mí",
    "A",
    "Đức",
    "Minh",
    "Thu",
    "Ngọc",
    "Quốc",
    "Hồng",
    "Thanh",
    "Xuân",
    "Kim",
    "Bích",
    "Hữu",
    "Công",
    "Đình",
    "Trọng",
    "Thúy",
    "Hải",
]
GIVEN = [
    "An",
    "Ân",
    "Anh",
    "Ánh",
    "Bảo",
    "Bình",
    "Cường",
    "Chi",
    "Dung",
    "Dũng",
    "Dương",
    "Duy",
    "Đạt",
    "Đức",
    "Giang",
    "Hà",
    "Hả",
    "Hải",
    "Hạnh",
    "Hằng",
    "Hiền",
    "Hiếu",
    "Hoa",
    "Hòa",
    "Hoàng",
    "Hồng",
    "Hùng",
    "Huy",
    "Hương",
    "Khánh",
    "Khoa",
    "Lan",
    "Liên",
    "Linh",
    "Loan",
    "Long",
    "Mai",
    "Máy",
    "Minh",
    "My",
    "Nam",
    "Nga",
    "Ngân",
    "Ngọc",
    "Nhung",
    "Páo",
    "Phong",
    "Phúc",
    "Phương",
    "Quang",
    "Quân",
    "Sính",
    "Sơn",
    "Tâm",
    "Tân",
    "Thảo",
    "Thắng",
    "Thủy",
    "Thúy",
    "Tiến",
    "Toàn",
    "Trang",
    "Trung",
    "Tú",
    "Tuấn",
    "Tùng",
    "Uyên",
    "Ửng",
    "Út",
    "Vân",
    "Việt",
    "Vinh",
    "Xuân",
    "Yến",
    "Ơn",
]
EVENTS = (
    ["session.started"] * 40 + ["password.verified"] * 35 + ["authorization.granted"] * 60 + ["session.ended"] * 30 + ["totp.enrolled"] * 2
)
_e = table_of(audit.AuditEvent)
RARE = "signing_key.created"
Rows = Iterator[Sequence[Any]]


def _people(number: int, unit_ids: Sequence[uuid.UUID]) -> Rows:
    draw, now, keys = random.Random(1), clock.now(), {}
    for count in range(number):
        name = f"{draw.choice(FAMILY)} {draw.choice(MIDDLE)} {draw.choice(MIDDLE)} {draw.choice(GIVEN)}"
        if name not in keys:
            keys[name] = sort_key(name)
        username, code = f"nguoi{count}", f"HG{count:08d}"
        state = "suspended" if count % 50 == 0 else "active"
        yield (
            new_id(), f"s{count}", "bench", str(count), f"uid={username}", username, username, f"{username}@tinh.gov.vn", f"{username}@tinh.gov.vn",
            code, "cong_chuc", name, keys[name], search_key(name, username, code, f"{username}@tinh.gov.vn"), "Chuyên viên",
            unit_ids[draw.randrange(len(unit_ids))], state, False, 0, now, now,
        )  # fmt: skip


PEOPLE_COLUMNS = (
    "id", "subject", "source", "source_key", "directory_dn", "username", "username_key", "mail", "mail_key", "staff_code", "staff_category",
    "name", "sort_key", "search_key", "title", "unit_id", "state", "directory_locked", "browser_round", "created_at", "updated_at",
)  # fmt: skip
SESSION_COLUMNS = (
    "id", "digest", "person_id", "acr", "amr", "required_acr", "auth_time", "shared_pc", "address", "user_agent", "created_at", "last_seen_at",
    "idle_seconds", "password_end_told", "expires_at", "ended_at",
)  # fmt: skip
EVENT_COLUMNS = ("id", "at", "event", "actor", "person_id", "client_id", "address", "request_id", "detail")


def _id_of(at: datetime, draw: random.Random) -> uuid.UUID:
    return uuid.UUID(int=id_floor(at).int | draw.getrandbits(62))


def _sessions(number: int, people: Sequence[uuid.UUID]) -> Rows:
    draw, now = random.Random(2), clock.now()
    for count in range(number):
        is_open = count >= number * (1 - OPEN_SHARE)
        at = now - (timedelta(hours=11) if is_open else timedelta(days=DAYS)) * (1 - count / number)
        yield (
            _id_of(at, draw), draw.randbytes(32), people[draw.randrange(len(people))], "urn:hopnhat:aal1", "pwd", "urn:hopnhat:aal1", at, False,
            f"10.{count % 40}.3.{count % 250}", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/109.0", at, at, 3600, False, at + timedelta(hours=12),
            None if is_open else at + timedelta(hours=8),
        )  # fmt: skip


def _events(number: int, people: Sequence[uuid.UUID]) -> Rows:
    draw, now = random.Random(3), clock.now()
    for count in range(number):
        at = now - timedelta(days=DAYS) * (1 - count / number)
        event = RARE if count % 1_000_000 == 7 else EVENTS[count % len(EVENTS)]
        person = people[draw.randrange(len(people))]
        actor = "system:sync" if count % 20 == 0 else f"person:{person}"
        yield (
            _id_of(at, draw), at, event, actor, person, None, f"10.{count % 40}.3.{count % 250}", f"{count:08X}"[:4] + "-" + f"{count:08X}"[4:],
            '{"acr": "urn:hopnhat:aal1"}',
        )  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


def _pour(url: str, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            marks = ", ".join("?" * len(columns))
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",
                (tuple(map(_plain, row)) for row in rows),
            )
        connection.close()
        return
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with psycopg.connect(url.replace("+psycopg", "")) as server, server.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _fill(app: Flask, url: str, people: int, sessions: int, events: int) -> uuid.UUID:
    indexed = [table_of(record) for record in (Person, BrowserSession, audit.AuditEvent)]
    with db.engine.begin() as connection:
        for table in indexed:
            for index in table.indexes:
                index.drop(connection)
    unit_ids = [new_id() for _number in range(UNITS)]
    parents = [None, *(unit_ids[0] for _number in range(200)), *(unit_ids[1 + number % 200] for number in range(UNITS - 201))]
    units = [
        {"id": key, "source": "bench", "source_key": str(key), "code": None, "name": f"Đơn vị {number}", "search_key": f"don vi {number}",
         "level": "commune" if number % 3 else "province", "parent_id": parent, "valid_from": clock.now().date()}
        for number, (key, parent) in enumerate(zip(unit_ids, parents, strict=True))
    ]  # fmt: skip
    in_transaction(lambda connection: connection.execute(insert(Unit), units))
    made = list(_people(people, unit_ids))
    _pour(url, "person", PEOPLE_COLUMNS, made)
    keys = [row[0] for row in made]
    _pour(url, "browser_session", SESSION_COLUMNS, _sessions(sessions, keys))
    _pour(url, "audit_event", EVENT_COLUMNS, _events(events, keys))
    with db.engine.begin() as connection:
        for table in indexed:
            for index in sorted(table.indexes, key=lambda one: str(one.name)):
                index.create(connection)
        connection.execute(text("ANALYZE"))
        newest = select(literal(1), _e.c.id, literal(bytes(32))).order_by(_e.c.id.desc()).limit(1)
        connection.execute(insert(audit.AuditLink).from_select(["position", "event_id", "hash"], newest))  # as if all before were linked
    if url.startswith("postgresql"):
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    assert app
    return unit_ids[7]


PAGES = {
    "people": "/console/people", "people, suspended": "/console/people?state=suspended", "people, active": "/console/people?state=active",
    "people, one agency (10 units)": "/console/people?unit={unit}", "people, a third by level": "/console/people?level=province",
    "people, full name": "/console/people?q=vang+mi+minh+sinh", "people, family name": "/console/people?q=ong",
    "people, given name": "/console/people?q=xuan", "people, family and given": "/console/people?q=lu+huong",
    "people, staff code": "/console/people?q=HG00777777", "people, anywhere": "/console/people?q=guoi77777",
    "people, name and suspended": "/console/people?q=nguyen+thi&state=suspended", "people, rung": "/console/people?rung=B1",
    "people, rung that nobody is on": "/console/people?rung=B5",
    "sessions": "/console/sessions", "sessions, address": "/console/sessions?address=10.7.3.7",
    "sessions, one agency": "/console/sessions?unit={unit}", "sessions, shared machines (none)": "/console/sessions?shared=1",
    "audit": "/console/audit", "audit, kind": "/console/audit?event=totp.enrolled", "audit, rare kind": "/console/audit?event=signing_key.created",
    "audit, actor": "/console/audit?actor=system:sync", "audit, person": "/console/audit?person={person}", "audit, address": "/console/audit?address=10.7.3.7",
    "audit, code": "/console/audit?code=0012-D687", "audit, a month": "/console/audit?since={since}&until={until}",
    "audit, kind and actor in a month": "/console/audit?event=totp.enrolled&actor=system:sync&since={since}&until={until}",
    "audit, kind and address": "/console/audit?event=totp.enrolled&address=10.7.3.7",
}  # fmt: skip


def _measure(app: Flask, database: int | None, names: dict[str, str]) -> Iterator[tuple[str, float, float, int]]:
    officer = add_official(Role.AUDITOR)
    browser = sign_in(app, officer)

    def cost(address: str) -> tuple[float, float, str]:
        browser.get(address)
        browser.get(address)
        ours, theirs = time.process_time(), processor_time.used_seconds([database]) if database else 0.0
        for _number in range(REPEATS):
            answer = browser.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        ours = time.process_time() - ours
        theirs = (processor_time.used_seconds([database]) if database else 0.0) - theirs
        return ours * 1000 / REPEATS, theirs * 1000 / REPEATS, answer.get_data(as_text=True)

    reason = {"actor": f"person:{officer}", "person_id": uuid.UUID(names["person"]), "reason": "đo"}
    in_transaction(lambda connection: audit.record(connection, audit.Event.HISTORY_OPENED, **reason))  # type: ignore[arg-type]
    for what, path in PAGES.items():
        address = path.format(**names)
        ours, theirs, page = cost(address)
        yield what, ours, theirs, page.count("<tr><th") + page.count("<tr><td")
        if 'rel="next"' not in page or what not in ("people", "sessions", "audit"):
            continue
        for _number in range(40):
            if 'rel="next"' not in page:
                break
            address = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
            page = browser.get(address).get_data(as_text=True)
        ours, theirs, page = cost(address)
        yield f"{what}, page 41", ours, theirs, page.count("<tr><th") + page.count("<tr><td")
        back = page.split('rel="prev" href="')[1].split('"')[0].replace("&amp;", "&")
        ours, theirs, page = cost(back)
        yield f"{what}, back from there", ours, theirs, page.count("<tr><th") + page.count("<tr><td")


@click.command()
@click.option("--people", default=1_000_000, show_default=True)
@click.option("--sessions", default=1_000_000, show_default=True, help="Of them a twentieth open.")
@click.option("--events", default=5_000_000, show_default=True)
@click.option("--store", "stores", multiple=True, type=click.Choice(STORES), default=STORES, help="Only on this database.")
def main(people: int, sessions: int, events: int, stores: tuple[str, ...]) -> None:
    """One table a database: page, rows, processor milliseconds of ours and of the database."""
    for store in stores:
        with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as name:
            Path(name).chmod(0o755)  # PostgreSQL runs as somebody else
            with _database(store, Path(name)) as (url, database):
                app = create_app(
                    read_settings(issuer="http://127.0.0.1:8000", sealing_keys=new_key(), database_url=url, activation_slips=False)
                )
                with app.app_context():
                    schema.upgrade()
                    started = time.monotonic()
                    unit = _fill(app, url, people, sessions, events)
                    click.echo(f"{store}: filled in {time.monotonic() - started:.0f} s", err=True)
                    with db.engine.connect() as connection:
                        person = connection.execute(text("SELECT id FROM person WHERE username = 'nguoi77'")).scalar()
                    today = clock.now()
                    days = {
                        "since": (today - timedelta(days=90)).strftime("%d/%m/%Y"), "until": (today - timedelta(days=60)).strftime("%d/%m/%Y")
                    }  # fmt: skip
                    click.echo("| database | page | rows | ours ms | database ms |\n|---|---|---|---|---|")
                    for what, ours, theirs, rows in _measure(app, database, {"unit": str(unit), "person": str(person), **days}):
                        click.echo(f"| {store} | {what} | {rows} | {ours:.1f} | {theirs:.1f} |")


if __name__ == "__main__":
    main()
