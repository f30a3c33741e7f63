"""Invented people and units, put straight into the database."""

import uuid
from typing import Any

from sqlalchemy import Connection, insert

from idp import clock
from idp.database import in_transaction, new_id
from idp.people.models import Level, Person, Unit
from idp.people.names import search_key, sort_key, username_key


def add_unit(name: str = "UBND xã Lũng Cú", **given: Any) -> uuid.UUID:
    """A unit; return its id."""
    unit_id = new_id()
    row = {
        "id": unit_id,
        "source": "test",
        "source_key": str(unit_id),
        "code": None,
        "name": name,
        "search_key": search_key(name),
        "level": Level.COMMUNE.value,
        "valid_from": clock.now().date(),
        **given,
    }
    in_transaction(lambda connection: connection.execute(insert(Unit), row))
    return unit_id


def person_row(username: str | None = "vmsinh", name: str = "Vàng Mí Sính", **given: Any) -> dict[str, Any]:
    """The row of an active person; keyword arguments win."""
    person_id, now = new_id(), clock.now()
    mail = f"{username}@hagiang.gov.vn" if username else None
    return {
        "id": person_id,
        "subject": uuid.uuid4().hex,
        "source": "test",
        "source_key": str(person_id),
        "directory_dn": f"uid={username},ou=people,dc=hagiang,dc=test",
        "username": username,
        "username_key": username_key(username) if username else None,
        "mail": mail,
        "mail_key": username_key(mail) if mail else None,
        "name": name,
        "sort_key": sort_key(name),
        "search_key": search_key(name),
        "created_at": now,
        "updated_at": now,
        **given,
    }


def add_person(username: str | None = "vmsinh", name: str = "Vàng Mí Sính", **given: Any) -> uuid.UUID:
    """An active person; return the id. Keyword arguments win over what is invented."""
    row = person_row(username, name, **given)

    def insert_row(connection: Connection) -> None:
        connection.execute(insert(Person), row)

    in_transaction(insert_row)
    found: uuid.UUID = row["id"]
    return found
