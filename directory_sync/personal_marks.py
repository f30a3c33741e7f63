"""Keyed digests of personal identification numbers: they tell the desk that two entries are one person's, and nobody what the number
is. The number itself is never kept, shown or logged; the key is made once for the installation, sealed, and never replaced."""

import hashlib
import hmac
import os
import re
from collections.abc import Iterable
from typing import cast

from flask import current_app
from sqlalchemy import Connection, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from directory_sync.known import CHUNK
from directory_sync.newcomers import chunks
from directory_sync.staff_record import StaffRecord
from idp import clock
from idp.database import db, in_transaction, reader, table_of
from idp.oidc.models import InstallationSecret
from idp.people.career_models import PersonalMark
from idp.people.models import Person
from idp.sealing import current_keys

NAME, KEY_BYTES, REMEMBERED = "personal_marks", 32, "hopnhat.personal_mark_key"
CONTEXT = f"installation_secret.sealed_value:{NAME}"
_NUMBER = re.compile(rb"[0-9]{12}")
_s, _m, _p = table_of(InstallationSecret), table_of(PersonalMark), table_of(Person)
_find = select(_s.c.sealed_value).where(_s.c.name == bindparam("wanted"))
_keep = {"sqlite": sqlite.insert(_s).on_conflict_do_nothing(), "postgresql": postgresql.insert(_s).on_conflict_do_nothing()}


def mark_of(number: bytes) -> bytes | None:
    """The mark of a number of twelve digits, blanks aside; None for anything else. Its first use writes: not inside a transaction."""
    digits = b"".join(number.split())
    return hmac.digest(_key(), digits, hashlib.sha256) if _NUMBER.fullmatch(digits) else None


def _key() -> bytes:
    key = cast("bytes | None", current_app.extensions.get(REMEMBERED))
    if key is None:
        if reader().execute(_find, {"wanted": NAME}).first() is None:
            row = {"name": NAME, "sealed_value": current_keys().seal(os.urandom(KEY_BYTES), CONTEXT), "created_at": clock.now()}
            in_transaction(lambda connection: connection.execute(_keep[db.engine.dialect.name], row))
        key = current_keys().open(reader().execute(_find, {"wanted": NAME}).scalar_one(), CONTEXT)
        current_app.extensions[REMEMBERED] = key
    return key


def keep_marks(connection: Connection, source: str, records: Iterable[StaffRecord]) -> None:
    """Remember the marks that came with these entries. May be done again."""
    marks = {record.source_key: record.personal_mark for record in records if record.personal_mark}
    for keys in chunks(marks, CHUNK):
        people = connection.execute(select(_p.c.id, _p.c.source_key).where(_p.c.source == source, _p.c.source_key.in_(keys))).all()
        connection.execute(delete(_m).where(_m.c.person_id.in_([row.id for row in people])))
        if people:
            connection.execute(insert(_m), [{"person_id": row.id, "mark": marks[row.source_key]} for row in people])
