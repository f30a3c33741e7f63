"""Proof that a connected application works, and what went wrong when it did not."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_failures()
    _add_checks()


def downgrade() -> None:
    for table in ("integration_sight", "integration_step", "integration_check"):
        op.drop_table(table)
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


def _add_checks() -> None:
    op.create_table(
        "integration_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("open_client_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(64), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("outdated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("test_person_id", sa.Uuid(), nullable=True),
        sa.Column("ticket_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("ticket_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticket_acr", sa.String(64), nullable=True),
        sa.Column("probe", sa.JSON(), nullable=True),
        sa.Column("sights", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_integration_check_client_id_client")),
        sa.ForeignKeyConstraint(["open_client_id"], ["client.id"], name=op.f("fk_integration_check_open_client_id_client")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_integration_check_person_id_person")),
        sa.ForeignKeyConstraint(["test_person_id"], ["person.id"], name=op.f("fk_integration_check_test_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_check")),
        sa.UniqueConstraint("open_client_id", name=op.f("uq_integration_check_open_client_id")),
        sa.UniqueConstraint("ticket_digest", name=op.f("uq_integration_check_ticket_digest")),
    )
    op.create_index("ix_integration_check_client_id_made_at", "integration_check", ["client_id", "made_at"])
    op.create_table(
        "integration_step",
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(24), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("word", sa.String(48), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["integration_check.id"], name=op.f("fk_integration_step_check_id_integration_check")),
        sa.PrimaryKeyConstraint("check_id", "name", name=op.f("pk_integration_step")),
    )
    op.create_table(
        "integration_sight",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["check_id"], ["integration_check.id"], name=op.f("fk_integration_sight_check_id_integration_check")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_integration_sight_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_sight")),
    )
    op.create_index("ix_integration_sight_check_id", "integration_sight", ["check_id"])
