"""Proof that a connected application works, and what went wrong when it did not."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_failures()


def downgrade() -> None:
    op.drop_table("failed_request")


def _add_failures() -> None:
    op.create_table(
        "failed_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("error", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("named", sa.String(64), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("withheld", sa.JSON(), nullable=False),
        sa.Column("registered", sa.JSON(), nullable=False),
        sa.Column("address", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_failed_request_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_request")),
    )
    op.create_index(op.f("ix_failed_request_code"), "failed_request", ["code"])
    op.create_index("ix_failed_request_client_id_happened_at", "failed_request", ["client_id", "happened_at"])
