"""The revisions and the models say the same."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask

import wsgi
from idp.database import db


def test_the_migrated_schema_is_the_schema_of_the_models(app: Flask) -> None:
    assert wsgi.main.commands  # every package is imported, and with it every record
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
