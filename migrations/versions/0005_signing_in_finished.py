"""What signing in and the protocol still lacked: proofings, rounds of the browsers that a person has signed in with, and refresh tokens
as one row a chain. Those of before stay where they are, and go on working."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_refresh_chains()
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
    for column in (
        sa.Column("directory_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("password_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_left", sa.Integer(), nullable=True),
        sa.Column("password_end_told", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("browser_session", column)


def _add_refresh_chains() -> None:
    op.add_column("authorization", sa.Column("refresh_sequence", sa.Integer(), nullable=True))
    op.add_column("authorization", sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("authorization", sa.Column("refresh_ends_at", sa.DateTime(timezone=True), nullable=True))
    last = 'SELECT max(issued_at) FROM refresh_token WHERE refresh_token.authorization_id = "authorization".id'
    op.execute(f'UPDATE "authorization" SET refreshed_at = ({last}) WHERE id IN (SELECT authorization_id FROM refresh_token)')  # noqa: S608 - nothing here comes from outside


def downgrade() -> None:
    with op.batch_alter_table("authorization") as authorization:
        authorization.drop_column("refresh_ends_at")
        authorization.drop_column("refreshed_at")
        authorization.drop_column("refresh_sequence")
    with op.batch_alter_table("browser_session") as browser_session:
        for column in ("password_end_told", "grace_left", "password_ends_at", "directory_asked_at"):
            browser_session.drop_column(column)
    op.drop_table("client_logo")
    op.drop_table("mirror_reading")
    op.drop_table("proofing")
    with op.batch_alter_table("person") as person:
        person.drop_column("browser_round")
