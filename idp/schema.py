"""Bringing the database to the schema of this version, by Alembic's revisions."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from idp.database import db

APPEND_ONLY = (
    "audit_event", "audit_link", "snapshot", "snapshot_count",
    "closing", "closing_signature", "rung_difference", "rung_interval", "snapshot_line", "snapshot_system", "snapshot_total",
)  # fmt: skip
_TRIGGERS = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgname LIKE '%append_only'",
}
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def alembic_config() -> Config:
    """Alembic's configuration: where the revisions are, and nothing else."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade() -> None:
    """Bring the database to the newest revision. Inside an application context."""
    command.upgrade(alembic_config(), "head")


def is_append_only() -> bool:
    """Whether the triggers stand that refuse to change the audit trail, the snapshots and what the tracker has closed."""
    each = 2 if db.engine.dialect.name == "sqlite" else 1  # SQLite needs one for UPDATE and one for DELETE
    with db.engine.connect() as connection:
        standing: int = connection.execute(text(_TRIGGERS[connection.dialect.name])).scalar_one()
    return standing == len(APPEND_ONLY) * each


def is_current() -> bool:
    """Whether the database is at the newest revision."""
    with db.engine.connect() as connection:
        return (
            MigrationContext.configure(connection).get_current_revision()
            == ScriptDirectory.from_config(alembic_config()).get_current_head()
        )
