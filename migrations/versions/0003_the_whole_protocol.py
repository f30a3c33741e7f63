"""Authorizations without a person, tokens bound to keys and resources, identifiers that count once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OF_A_PERSON = (("person_id", sa.Uuid()), ("acr", sa.String(64)), ("amr", sa.String(128)), ("auth_time", sa.DateTime(timezone=True)))


def upgrade() -> None:
    with op.batch_alter_table("authorization") as batch_op:
        for name, kind in OF_A_PERSON:
            batch_op.alter_column(name, existing_type=kind, nullable=True)
        batch_op.add_column(sa.Column("confirmation", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("resource", sa.JSON(), nullable=True))
    op.create_table(
        "spent_identifier",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spent_identifier")),
    )
    op.create_index(op.f("ix_spent_identifier_expires_at"), "spent_identifier", ["expires_at"])
    op.create_table(
        "pushed_request",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_pushed_request_client_id_client")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_pushed_request")),
    )
    op.create_index(op.f("ix_pushed_request_expires_at"), "pushed_request", ["expires_at"])
    op.create_table(
        "consent",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_consent_client_id_client")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_consent_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "client_id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("client") as batch_op:
        batch_op.add_column(sa.Column("registration_digest", sa.LargeBinary(32), nullable=True))
    with op.batch_alter_table("client_secret") as batch_op:
        batch_op.add_column(sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_table(
        "initial_access_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_initial_access_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_initial_access_token_digest")),
    )
    op.create_table(
        "resource",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("access_token_format", sa.String(16), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_resource_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource")),
        sa.UniqueConstraint("identifier", name=op.f("uq_resource_identifier")),
    )
    op.create_table(
        "installation_secret",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("sealed_value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation_secret")),
    )
    op.create_table(
        "device_authorization",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("user_code_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("authorization_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("resource", sa.JSON(), nullable=True),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pause_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("acr", sa.String(64), nullable=True),
        sa.Column("amr", sa.String(128), nullable=True),
        sa.Column("auth_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("denied_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_device_authorization_client_id_client")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_device_authorization_person_id_person")),
        sa.ForeignKeyConstraint(["session_id"], ["browser_session.id"], name=op.f("fk_device_authorization_session_id_browser_session")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_device_authorization")),
        sa.UniqueConstraint("user_code_digest", name=op.f("uq_device_authorization_user_code_digest")),
    )
    op.create_index(op.f("ix_device_authorization_expires_at"), "device_authorization", ["expires_at"])


def downgrade() -> None:
    op.drop_table("device_authorization")
    op.drop_table("installation_secret")
    op.drop_table("resource")
    op.drop_table("initial_access_token")
    with op.batch_alter_table("client_secret") as batch_op:
        batch_op.drop_column("sealed")
    with op.batch_alter_table("client") as batch_op:
        batch_op.drop_column("registration_digest")
    op.drop_table("consent")
    op.drop_table("pushed_request")
    op.drop_table("spent_identifier")
    # What the older schema cannot hold is forgotten: its tokens die with it.
    op.execute(sa.text('DELETE FROM "authorization" WHERE person_id IS NULL'))
    with op.batch_alter_table("authorization") as batch_op:
        batch_op.drop_column("resource")
        batch_op.drop_column("confirmation")
        for name, kind in reversed(OF_A_PERSON):
            batch_op.alter_column(name, existing_type=kind, nullable=False)
