"""Drafts of clients, several secrets, the catalogue of systems."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_catalogue()


def downgrade() -> None:
    op.drop_table("catalogue_system")


def _add_catalogue() -> None:
    op.create_table(
        "catalogue_system",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("owner_unit_id", sa.Uuid(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("security_level", sa.Integer(), nullable=True),
        sa.Column("in_scope", sa.Boolean(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("own_passwords_left", sa.String(16), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stated_by", sa.String(64), nullable=True),
        sa.Column("stated_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_catalogue_system_owner_unit_id_unit")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_catalogue_system_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_system")),
        sa.UniqueConstraint("code", name=op.f("uq_catalogue_system_code")),
        sa.UniqueConstraint("client_id", name=op.f("uq_catalogue_system_client_id")),
    )
    op.create_index(op.f("ix_catalogue_system_owner_unit_id"), "catalogue_system", ["owner_unit_id"])
