"""What signing in and the protocol still lacked: proofings, and rounds of the browsers that a person has signed in with."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("browser_round", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "proofing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("recorded_by", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(64), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_proofing_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofing")),
    )
    op.create_index(op.f("ix_proofing_person_id"), "proofing", ["person_id"])
    op.create_table(
        "mirror_reading",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_mirror_reading")),
    )
    op.create_table(
        "client_logo",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=True),
        sa.Column("flaw", sa.Text(), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_logo_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_logo")),
    )


def downgrade() -> None:
    op.drop_table("client_logo")
    op.drop_table("mirror_reading")
    op.drop_table("proofing")
    with op.batch_alter_table("person") as person:
        person.drop_column("browser_round")
