"""Several sources, plans, people's two posts, reorganisations, provisioning."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_desk_and_careers()
    _add_units_past()
    _add_reorganisations()
    _add_kinds_of_runs()


def downgrade() -> None:
    _drop_kinds_of_runs()
    for table in (
        "desk_case", "desk_rule", "review_line", "review_sheet", "review_campaign", "personal_mark", "idle_warning", "planned_change",
        "appointment",
    ):  # fmt: skip
        op.drop_table(table)
    for table in ("reorganisation_row", "reorganisation", "unit_successor", "unit_version"):
        op.drop_table(table)


def _add_units_past() -> None:
    op.create_table(
        "unit_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("recorded_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_version_unit_id_unit")),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_version_parent_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_version")),
    )
    op.create_index("ix_unit_version_unit_id_recorded_on", "unit_version", ["unit_id", "recorded_on"])
    op.create_table(
        "unit_successor",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reorganisation", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_unit_successor_unit_id_unit")),
        sa.ForeignKeyConstraint(["successor_id"], ["unit.id"], name=op.f("fk_unit_successor_successor_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_successor")),
    )
    op.create_index("ix_unit_successor_unit_id_successor_id", "unit_successor", ["unit_id", "successor_id", "effective_on"], unique=True)
    op.create_index(op.f("ix_unit_successor_successor_id"), "unit_successor", ["successor_id"])


def _add_reorganisations() -> None:
    op.create_table(
        "reorganisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("proposed_by", sa.String(64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reorganisation")),
        sa.UniqueConstraint("number", name=op.f("uq_reorganisation_number")),
    )
    op.create_index(op.f("ix_reorganisation_state"), "reorganisation", ["state"])
    op.create_table(
        "reorganisation_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reorganisation_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("old_code", sa.Text(), nullable=True),
        sa.Column("old_name", sa.Text(), nullable=True),
        sa.Column("old_unit_id", sa.Uuid(), nullable=True),
        sa.Column("new_code", sa.Text(), nullable=True),
        sa.Column("new_name", sa.Text(), nullable=True),
        sa.Column("new_unit_id", sa.Uuid(), nullable=True),
        sa.Column("roles", sa.String(16), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("run_number", sa.Integer(), nullable=True),
        sa.Column("flaw", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(
            ["reorganisation_id"], ["reorganisation.id"], name=op.f("fk_reorganisation_row_reorganisation_id_reorganisation")
        ),
        sa.ForeignKeyConstraint(["old_unit_id"], ["unit.id"], name=op.f("fk_reorganisation_row_old_unit_id_unit")),
        sa.ForeignKeyConstraint(["new_unit_id"], ["unit.id"], name=op.f("fk_reorganisation_row_new_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reorganisation_row")),
    )
    op.create_index(op.f("ix_reorganisation_row_reorganisation_id"), "reorganisation_row", ["reorganisation_id"])


def _create_desk_and_careers() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("entry_key", sa.String(64), nullable=True),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appointment_person_id_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_appointment_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
    )
    op.create_index(op.f("ix_appointment_person_id"), "appointment", ["person_id"])
    op.create_index(op.f("ix_appointment_unit_id"), "appointment", ["unit_id"])
    op.create_table(
        "planned_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("keeps_access", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("carried_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_off_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_off_by", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_planned_change_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_change")),
    )
    op.create_index(op.f("ix_planned_change_person_id"), "planned_change", ["person_id"])
    op.create_index("ix_planned_change_waiting", "planned_change", ["carried_out_at", "called_off_at", "from_day"])
    op.create_table(
        "idle_warning",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_idle_warning_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idle_warning")),
    )
    op.create_index(op.f("ix_idle_warning_person_id"), "idle_warning", ["person_id"])
    op.create_index(
        "uq_idle_warning_open",
        "idle_warning",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("cleared_at IS NULL"),
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "personal_mark",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_personal_mark_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_personal_mark")),
    )
    op.create_index(op.f("ix_personal_mark_mark"), "personal_mark", ["mark"])
    op.create_table(
        "review_campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("opened_by", sa.String(64), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("alarmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_review_campaign_name")),
    )
    op.create_table(
        "review_sheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.String(64), nullable=True),
        sa.Column("signed_name", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["review_campaign.id"], name=op.f("fk_review_sheet_campaign_id_review_campaign")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_review_sheet_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_sheet")),
    )
    op.create_index(op.f("ix_review_sheet_unit_id"), "review_sheet", ["unit_id"])
    op.create_index("uq_review_sheet_campaign_unit", "review_sheet", ["campaign_id", "unit_id"], unique=True)
    op.create_table(
        "review_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("applications", sa.JSON(), nullable=False),
        sa.Column("decision", sa.String(16), nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_review_line_person_id_person")),
        sa.ForeignKeyConstraint(["sheet_id"], ["review_sheet.id"], name=op.f("fk_review_line_sheet_id_review_sheet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_line")),
    )
    op.create_index(op.f("ix_review_line_person_id"), "review_line", ["person_id"])
    op.create_index(op.f("ix_review_line_sheet_id"), "review_line", ["sheet_id"])
    op.create_table(
        "desk_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("choice", sa.String(24), nullable=False),
        sa.Column("value", sa.String(255), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.String(64), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_desk_rule_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_rule")),
    )
    op.create_table(
        "desk_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("fingerprint", sa.String(400), nullable=False),
        sa.Column("entry_key", sa.String(64), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.String(255), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("not_before", sa.Date(), nullable=True),
        sa.Column("choice", sa.String(24), nullable=True),
        sa.Column("chosen_person_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["rule_id"], ["desk_rule.id"], name=op.f("fk_desk_case_rule_id_desk_rule")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_desk_case_unit_id_unit")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_desk_case_person_id_person")),
        sa.ForeignKeyConstraint(["chosen_person_id"], ["person.id"], name=op.f("fk_desk_case_chosen_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_case")),
    )
    op.create_index(op.f("ix_desk_case_entry_key"), "desk_case", ["entry_key"])
    op.create_index(op.f("ix_desk_case_fingerprint"), "desk_case", ["fingerprint"])
    op.create_index(op.f("ix_desk_case_kind"), "desk_case", ["kind"])
    op.create_index(op.f("ix_desk_case_opened_at"), "desk_case", ["opened_at"])
    op.create_index(op.f("ix_desk_case_person_id"), "desk_case", ["person_id"])
    op.create_index(op.f("ix_desk_case_unit_id"), "desk_case", ["unit_id"])
    op.create_index(
        "uq_desk_case_open",
        "desk_case",
        ["fingerprint"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )


def _add_kinds_of_runs() -> None:
    op.add_column("sync_run", sa.Column("kind", sa.String(16), nullable=False, server_default="full"))
    op.add_column("sync_run", sa.Column("holder", sa.Text(), nullable=True))
    op.create_table(
        "source_cookie",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("cookie", sa.LargeBinary(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_cookie")),
    )


def _drop_kinds_of_runs() -> None:
    op.drop_table("source_cookie")
    with op.batch_alter_table("sync_run") as sync_run:
        sync_run.drop_column("holder")
        sync_run.drop_column("kind")
