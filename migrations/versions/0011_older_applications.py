"""Applications that speak SAML; rules by path for those that speak nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saml_party",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.String(1024), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("name_id", sa.String(16), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("signs_requests", sa.Boolean(), nullable=False),
        sa.Column("takes_unsolicited", sa.Boolean(), nullable=False),
        sa.Column("metadata_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_saml_party_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_saml_party")),
        sa.UniqueConstraint("entity_id", name=op.f("uq_saml_party_entity_id")),
    )
    op.create_table(
        "saml_session",
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name_kind", sa.String(16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_saml_session_client_id_client")),
        sa.PrimaryKeyConstraint("session_id", "client_id", name=op.f("pk_saml_session")),
    )
    op.create_index(op.f("ix_saml_session_created_at"), "saml_session", ["created_at"])
    op.create_table(
        "saml_signing_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("sealed_private_key", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saml_signing_key")),
    )


def downgrade() -> None:
    op.drop_table("saml_signing_key")
    op.drop_table("saml_session")
    op.drop_table("saml_party")
