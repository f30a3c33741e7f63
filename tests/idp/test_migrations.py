"""An installation that is in use comes to the newest schema with everything it holds."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from flask import Flask
from sqlalchemy import TableClause, column, insert, select, table

from clients.models import Client
from idp import schema
from idp.app import create_app
from idp.database import Record, db, table_of
from idp.emergency.models import EmergencyAccount
from idp.oidc.models import Authorization, OldRefreshToken
from idp.people.models import Person
from tests.support.installation import settings_for
from tests.support.people import person_row

LONG_AGO = datetime(2026, 1, 2, tzinfo=UTC)


def test_what_issue_two_kept_survives_the_way_to_the_newest_schema_and_back(tmp_path: Path) -> None:
    app: Flask = create_app(settings_for(f"sqlite:///{tmp_path}/kept.sqlite"))
    with app.app_context():
        command.upgrade(schema.alembic_config(), "0002")
        authorization = _keep_an_authorization()
        schema.upgrade()
        with db.engine.connect() as connection:
            kept = connection.execute(select(table_of(OldRefreshToken).c.authorization_id)).scalar_one()
            of = table_of(Authorization)
            found = connection.execute(select(of.c.scope, of.c.refresh_sequence, of.c.refreshed_at).where(of.c.id == kept)).one()
        assert (kept, *found) == (authorization, "openid", None, LONG_AGO)
        assert schema.is_append_only()
        command.downgrade(schema.alembic_config(), "0002")
        schema.upgrade()
        with db.engine.connect() as connection:
            assert connection.execute(select(table_of(OldRefreshToken).c.authorization_id)).scalar_one() == authorization


def test_no_single_envelope_opens_what_two_did_on_the_way_back(tmp_path: Path) -> None:
    app: Flask = create_app(settings_for(f"sqlite:///{tmp_path}/kept.sqlite"))
    row = {"created_at": LONG_AGO, "created_by": "t", "sealed_at": LONG_AGO, "sealed_by": "t", "hash": "h"}
    of = table_of(EmergencyAccount)
    with app.app_context():
        schema.upgrade()
        with db.engine.begin() as connection:
            connection.execute(insert(of), [{**row, "name": "two", "second_hash": "h"}, {**row, "name": "one", "second_hash": None}])
        command.downgrade(schema.alembic_config(), "0012")
        schema.upgrade()
        with db.engine.connect() as connection:
            kept = {row.name: row.spent_at for row in connection.execute(select(of.c.name, of.c.spent_at))}
        assert kept == {"two": LONG_AGO, "one": None}


def _keep_an_authorization() -> uuid.UUID:
    official, client, authorization = person_row(state="active", directory_locked=False), uuid.uuid4(), uuid.uuid4()
    rows = (
        (Client, {
            "id": client, "client_id": "c", "client_name": "c", "token_endpoint_auth_method": "none", "redirect_uris": [],
            "post_logout_redirect_uris": [], "scope": "openid", "minimum_acr": "a", "created_at": LONG_AGO, "updated_at": LONG_AGO,
        }),
        (Authorization, {
            "id": authorization, "client_id": client, "person_id": official["id"], "scope": "openid", "acr": "a", "amr": "pwd",
            "auth_time": LONG_AGO, "created_at": LONG_AGO,
        }),
        (OldRefreshToken, {
            "digest": b"d" * 32, "authorization_id": authorization, "issued_at": LONG_AGO, "idle_expires_at": LONG_AGO, "expires_at": LONG_AGO,
        }),
    )  # fmt: skip
    with db.engine.begin() as connection:
        connection.execute(insert(_as_it_was(Person, official)), official)
        for record, row in rows:
            connection.execute(insert(table_of(record)), row)
    return authorization


def _as_it_was(record: type[Record], row: dict[str, object]) -> TableClause:
    """The table with these columns only: those that it has got since are unknown to the schema of then."""
    return table(record.__tablename__, *(column(name, table_of(record).c[name].type) for name in row))
