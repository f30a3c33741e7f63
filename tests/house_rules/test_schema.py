"""The revisions and the models say the same."""

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask

from directory_sync import models as sync_models
from directory_sync.scim import models as scim_models
from directory_sync import reorganisation_models
from directory_sync.sheets import models as sheet_models
from idp.database import db


def test_the_migrated_schema_is_the_schema_of_the_models(app: Flask) -> None:
    assert sync_models.SyncRun.__tablename__ in db.metadata.tables
    assert scim_models.ScimSource.__tablename__ in db.metadata.tables
    assert sheet_models.SheetImport.__tablename__ in db.metadata.tables
    assert reorganisation_models.Reorganisation.__tablename__ in db.metadata.tables
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []
