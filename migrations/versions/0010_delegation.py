"""Roles that reach over clients, the emergency account, saved filters, machine clients at the API."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _grants()
    _add_proposals()
    _add_emergency()
    _add_api()
    _add_lists()


def downgrade() -> None:
    _drop_lists()
    _drop_emergency()
    _drop_proposals()
    _drop_days_of_grants()
    _drop_api()


def _add_api() -> None:
    """Roles of machine clients, and answers to messages that may come twice."""
    op.create_table(
        "api_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_api_grant_client_id_client")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_api_grant_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_grant")),
    )
    op.create_index(op.f("ix_api_grant_client_id"), "api_grant", ["client_id"])
    op.create_table(
        "api_message",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_api_message_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", "key", name=op.f("pk_api_message")),
    )
    op.create_index(op.f("ix_api_message_created_at"), "api_message", ["created_at"])


def _drop_api() -> None:
    op.drop_table("api_message")
    op.drop_table("api_grant")


GRANT_COLUMNS = ("approved_by", "reason", "valid_from", "valid_until", "begun_at", "warned_at")


def _grants() -> None:
    """Grants have days and reasons. Those that are there go on as they were."""
    for column in (
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("role_grant", column)
    op.execute("UPDATE role_grant SET begun_at = granted_at")


def _drop_days_of_grants() -> None:
    # Before these columns every grant that was not ended counted: one for days to come, or past, must not count by going back.
    op.execute("UPDATE role_grant SET revoked_at = granted_at WHERE revoked_at IS NULL AND (begun_at IS NULL OR valid_until IS NOT NULL)")
    with op.batch_alter_table("role_grant") as table:
        for name in reversed(GRANT_COLUMNS):
            table.drop_column(name)


def _add_proposals() -> None:
    """One table of deeds that wait for a second person, in place of the one for helping officers, whose words are worth an hour."""
    op.drop_table("first_word")
    op.create_table(
        "proposal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(48), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposed_by", sa.String(64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("word", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    for column in ("kind", "subject", "state"):
        op.create_index(op.f(f"ix_proposal_{column}"), "proposal", [column])


def _drop_proposals() -> None:
    op.drop_table("proposal")
    op.create_table(
        "first_word",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("deed", sa.String(32), nullable=False),
        sa.Column("officer_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_first_word_person_id_person")),
        sa.ForeignKeyConstraint(["officer_id"], ["person.id"], name=op.f("fk_first_word_officer_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_first_word")),
    )
    op.create_index(op.f("ix_first_word_person_id"), "first_word", ["person_id"])


def _add_emergency() -> None:
    """The accounts in sealed envelopes, and each use of one."""
    op.create_table(
        "emergency_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_by", sa.String(64), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_account")),
        sa.UniqueConstraint("name", name=op.f("uq_emergency_account_name")),
    )
    op.create_table(
        "emergency_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("used_for", sa.Text(), nullable=False),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_reason", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["emergency_account.id"], name=op.f("fk_emergency_session_account_id_emergency_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_session")),
        sa.UniqueConstraint("digest", name=op.f("uq_emergency_session_digest")),
    )
    op.create_index(op.f("ix_emergency_session_account_id"), "emergency_session", ["account_id"])
    op.create_index(op.f("ix_emergency_session_expires_at"), "emergency_session", ["expires_at"])


def _drop_emergency() -> None:
    op.drop_table("emergency_session")
    op.drop_table("emergency_account")


EVENT_INDEXES = ("event", "actor", "person_id", "client_id", "address", "request_id")
ALWAYS_THERE = ("event", "actor")


def _partly(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _add_lists() -> None:
    """What the lists of people, sessions and events are narrowed and continued by, and filters kept under a name."""
    for name in ("event", "person_id", "client_id", "request_id"):
        op.drop_index(f"ix_audit_event_{name}", "audit_event")
    for name in EVENT_INDEXES:
        partly = {} if name in ALWAYS_THERE else _partly(f"{name} IS NOT NULL")
        op.create_index(f"ix_audit_event_{name}_id", "audit_event", [name, "id"], **partly)
    op.drop_index("ix_browser_session_expires_at", "browser_session")
    is_open = _partly("ended_at IS NULL")
    op.create_index("ix_browser_session_open_id", "browser_session", ["id"], **is_open)
    op.create_index("ix_browser_session_open_person_id", "browser_session", ["person_id"], **is_open)
    op.create_index("ix_browser_session_open_address_id", "browser_session", ["address", "id"], **is_open)
    op.create_index("ix_browser_session_open_expires_at", "browser_session", ["expires_at"], **is_open)
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE person ALTER COLUMN search_key TYPE text COLLATE "C"')
    op.execute("UPDATE person SET search_key = substr(search_key, 1, 600) WHERE length(search_key) > 600")
    op.drop_index("ix_person_sort_key", "person")
    op.create_index("ix_person_sort_key_id", "person", ["sort_key", "id"])
    op.create_index("ix_person_out_sort_key_id", "person", ["sort_key", "id"], **_partly("state != 'active'"))
    op.create_index("ix_person_search_key", "person", ["search_key"])
    op.create_table(
        "saved_filter",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("list", sa.String(16), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_saved_filter_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_filter")),
    )
    op.create_index("uq_saved_filter_person_id_list_name", "saved_filter", ["person_id", "list", "name"], unique=True)


def _drop_lists() -> None:
    op.drop_table("saved_filter")
    for name in ("search_key", "out_sort_key_id", "sort_key_id"):
        op.drop_index(f"ix_person_{name}", "person")
    op.create_index("ix_person_sort_key", "person", ["sort_key"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute('ALTER TABLE person ALTER COLUMN search_key TYPE text COLLATE "default"')
    for name in ("expires_at", "address_id", "person_id", "id"):
        op.drop_index(f"ix_browser_session_open_{name}", "browser_session")
    op.create_index("ix_browser_session_expires_at", "browser_session", ["expires_at"])
    for name in EVENT_INDEXES:
        op.drop_index(f"ix_audit_event_{name}_id", "audit_event")
    for name in ("event", "person_id", "client_id", "request_id"):
        op.create_index(f"ix_audit_event_{name}", "audit_event", [name])
