"""Passkeys and security keys; hardware tokens; codes from an officer, and what two officers do together;
trusted browsers, and enrolling put off; the ledger of leavings."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("signs_in_alone", sa.Boolean(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("transports", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_passkey_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_person_id"), "passkey", ["person_id"])
    op.create_table(
        "hardware_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial", sa.String(64), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("algorithm", sa.String(8), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("period_seconds", sa.Integer(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("drift", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_hardware_token_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hardware_token")),
        sa.UniqueConstraint("serial", name=op.f("uq_hardware_token_serial")),
    )
    op.create_index(op.f("ix_hardware_token_person_id"), "hardware_token", ["person_id"])
    op.create_table(
        "officer_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("issued_by", sa.String(64), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_officer_code_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_officer_code")),
    )
    op.create_index(op.f("ix_officer_code_person_id"), "officer_code", ["person_id"])
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
    op.create_table(
        "trusted_browser",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_trusted_browser_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusted_browser")),
        sa.UniqueConstraint("digest", name=op.f("uq_trusted_browser_digest")),
    )
    op.create_index(op.f("ix_trusted_browser_person_id"), "trusted_browser", ["person_id"])
    op.create_index(op.f("ix_trusted_browser_expires_at"), "trusted_browser", ["expires_at"])
    op.create_table(
        "enrolment_delay",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_enrolment_delay_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_enrolment_delay")),
    )
    op.create_table(
        "leaving",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_leaving_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaving")),
    )
    op.create_index(op.f("ix_leaving_person_id"), "leaving", ["person_id"])
    op.create_index(op.f("ix_leaving_withdrawn_at"), "leaving", ["withdrawn_at"])
    op.create_table(
        "leaving_client",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("leaving_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["leaving_id"], ["leaving.id"], name=op.f("fk_leaving_client_leaving_id_leaving")),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_leaving_client_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaving_client")),
    )
    op.create_index(op.f("ix_leaving_client_leaving_id"), "leaving_client", ["leaving_id"])


def downgrade() -> None:
    op.drop_table("leaving_client")
    op.drop_table("leaving")
    op.drop_table("enrolment_delay")
    op.drop_table("trusted_browser")
    op.drop_table("first_word")
    op.drop_table("officer_code")
    op.drop_table("hardware_token")
    op.drop_table("passkey")
