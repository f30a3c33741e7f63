"""Drafts of clients, several secrets, the catalogue of systems."""

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_catalogue()
    _add_entry_rules()
    _add_drafts()
    _add_care_of_secrets()
    _add_roles_in_clients()


def downgrade() -> None:
    with op.batch_alter_table("client_secret") as batch:
        batch.drop_column("warned_days")
        batch.drop_column("last_used_from")
    op.drop_table("client_role_rule")
    op.drop_table("client_draft")
    op.drop_table("client_card")
    op.drop_table("client_entry_rule")
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


def _add_entry_rules() -> None:
    """Every application that is there goes on letting everybody in."""
    rules = op.create_table(
        "client_entry_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("staff_category", sa.String(16), nullable=True),
        sa.Column("role", sa.String(32), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.String(64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_entry_rule_client_id_client")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_client_entry_rule_unit_id_unit")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_client_entry_rule_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_entry_rule")),
    )
    op.create_index("ix_client_entry_rule_client_id_removed_at", "client_entry_rule", ["client_id", "removed_at"])
    op.create_index(op.f("ix_client_entry_rule_unit_id"), "client_entry_rule", ["unit_id"])
    op.create_index(op.f("ix_client_entry_rule_person_id"), "client_entry_rule", ["person_id"])
    clients = sa.table("client", sa.column("id", sa.Uuid()))
    now = datetime.now(UTC)
    known = op.get_bind().execute(sa.select(clients.c.id)).scalars().all()
    if known:
        usual = {"kind": "everybody", "added_by": "system:upgrade", "added_at": now}
        op.bulk_insert(rules, [{"id": uuid.uuid4(), "client_id": client, **usual} for client in known])


def _add_drafts() -> None:
    op.create_table(
        "client_card",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("owner_unit_id", sa.Uuid(), nullable=True),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("registered_by", sa.String(64), nullable=False),
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_card_client_id_client")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["unit.id"], name=op.f("fk_client_card_owner_unit_id_unit")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client_card")),
    )
    op.create_index(op.f("ix_client_card_owner_unit_id"), "client_card", ["owner_unit_id"])
    op.create_table(
        "client_draft",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(64), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("word", sa.Text(), nullable=True),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("secret_taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_draft_client_id_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_draft")),
    )
    op.create_index(op.f("ix_client_draft_state"), "client_draft", ["state"])


def _add_care_of_secrets() -> None:
    with op.batch_alter_table("client_secret") as batch:
        batch.add_column(sa.Column("last_used_from", sa.String(64), nullable=True))
        batch.add_column(sa.Column("warned_days", sa.Integer(), nullable=True))


def _add_roles_in_clients() -> None:
    op.create_table(
        "client_role_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("staff_category", sa.String(16), nullable=True),
        sa.Column("title", sa.String(200), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.String(64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_client_role_rule_client_id_client")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_client_role_rule_unit_id_unit")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_client_role_rule_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_role_rule")),
    )
    op.create_index("ix_client_role_rule_client_id_removed_at", "client_role_rule", ["client_id", "removed_at"])
    op.create_index(op.f("ix_client_role_rule_unit_id"), "client_role_rule", ["unit_id"])
    op.create_index(op.f("ix_client_role_rule_person_id"), "client_role_rule", ["person_id"])
