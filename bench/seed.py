"""Fills a database of ours for the benchmark: people, one client, sessions; prints client and cookies as JSON."""

import json
import uuid
from typing import Any

import click
from sqlalchemy import Connection, insert

from clients.metadata import ClientMetadata
from clients.registration import register
from idp import clock, schema
from idp.app import create_app
from idp.database import in_transaction, new_id
from idp.people.models import Level, Person, Unit
from idp.people.names import search_key, sort_key, username_key
from idp.sessions import browser_sessions

OTHER_PEOPLE = 2000


def _unit_row() -> dict[str, Any]:
    key, name = new_id(), "UBND xã Lũng Cú"
    return {
        "id": key, "source": "bench", "source_key": str(key), "name": name, "search_key": search_key(name), "level": Level.COMMUNE.value,
        "valid_from": clock.now().date(),
    }  # fmt: skip


def _person_row(number: int, unit_id: uuid.UUID, entries: dict[str, str]) -> dict[str, Any]:
    key, now, username, name = new_id(), clock.now(), f"vmsinh{number}", "Vàng Mí Sính"
    mail = f"{username}@hagiang.gov.vn"
    return {
        "id": key, "subject": uuid.uuid4().hex, "source": "bench", "source_key": entries.get(username, str(key)), "directory_dn": f"uid={username}",
        "username": username, "username_key": username_key(username), "mail": mail, "mail_key": username_key(mail), "name": name,
        "family_name": "Vàng", "middle_name": "Mí", "given_name": "Sính", "title": "Công chức Văn phòng – Thống kê", "unit_id": unit_id,
        "sort_key": sort_key(name), "search_key": search_key(name), "notice_acknowledged_at": now, "created_at": now, "updated_at": now,
    }  # fmt: skip


def _fill(connection: Connection, redirect_uri: str, sessions: int, entries: dict[str, str]) -> dict[str, Any]:
    unit = _unit_row()
    connection.execute(insert(Unit), unit)
    people = [_person_row(number, unit["id"], entries) for number in range(sessions + OTHER_PEOPLE)]
    connection.execute(insert(Person), people)
    client = register(
        connection,
        ClientMetadata(
            "Đo tốc độ",
            (redirect_uri,),
            scope="openid profile email offline_access",
            client_id="bench",
            grant_types=("authorization_code", "refresh_token", "client_credentials"),
        ),
        actor="system:bench",
    )
    cookies = []
    for person in people[:sessions]:
        value, _ = browser_sessions.start(
            connection, person_id=person["id"], acr="urn:hopnhat:aal1", amr=("pwd",), shared_pc=False, administrator=False
        )  # fmt: skip
        cookies.append(f"{browser_sessions.cookie_name()}={value}")
    return {"client": {"id": client.client_id, "secret": str(client.client_secret), "redirect_uri": redirect_uri}, "cookies": cookies}


@click.command()
@click.option("--redirect-uri", required=True, help="Redirect URI of the client.")
@click.option("--sessions", default=64, show_default=True, help="How many people are signed in.")
@click.option("--entries", default="{}", help="JSON: usernames to the entryUUIDs that a directory knows them by.")
def main(redirect_uri: str, sessions: int, entries: str) -> None:
    """Fill the database that the HOPNHAT_* variables name."""
    with create_app().app_context():
        schema.upgrade()
        click.echo(json.dumps(in_transaction(lambda connection: _fill(connection, redirect_uri, sessions, json.loads(entries)))))


if __name__ == "__main__":
    main()
