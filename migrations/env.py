"""Runs the revisions on the application's own database."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from idp.database import UtcDateTime, db


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Write our own types as what they are to the database: a revision must not depend on code that may change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _check_references(connection: Connection, switch: str) -> None:
    """SQLite alters a table by copying it and dropping the old one, which it refuses while other tables refer to it."""
    if connection.dialect.name == "sqlite":
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.cursor().execute(f"PRAGMA foreign_keys={switch}")  # no effect inside a transaction


def run() -> None:
    """Run inside an application context; SQLite alters tables by copying them (batch mode)."""
    with db.engine.connect() as connection:
        _check_references(connection, "off")
        context.configure(
            connection=connection, target_metadata=db.metadata, render_as_batch=True, compare_type=True, render_item=render_item
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        _check_references(connection, "on")


run()
