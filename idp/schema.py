"""Bringing the database to the schema of this version, by Alembic's revisions."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from idp.database import db

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> Config:
    """Alembic's configuration: where the revisions are, and nothing else."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade() -> None:
    """Bring the database to the newest revision. Inside an application context."""
    command.upgrade(alembic_config(), "head")


def is_current() -> bool:
    """Whether the database is at the newest revision."""
    with db.engine.connect() as connection:
        return (
            MigrationContext.configure(connection).get_current_revision()
            == ScriptDirectory.from_config(alembic_config()).get_current_head()
        )
