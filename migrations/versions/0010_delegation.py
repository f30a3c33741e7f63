"""Roles that reach over clients, the emergency account, saved filters, machine clients at the API."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_api()


def downgrade() -> None:
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
