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
    _add_plans()
    _add_scim()
    _add_several_sources()
    op.add_column("person", sa.Column("alias_key", sa.String(255), nullable=True))
    has_alias = sa.text("alias_key IS NOT NULL")
    op.create_index(op.f("ix_person_alias_key"), "person", ["alias_key"], sqlite_where=has_alias, postgresql_where=has_alias)
    is_out = sa.text("state != 'active'")
    op.create_index("ix_person_source_state", "person", ["source", "state"], sqlite_where=is_out, postgresql_where=is_out)


def downgrade() -> None:
    op.drop_index("ix_person_source_state", "person")
    op.drop_index(op.f("ix_person_alias_key"), "person")
    with op.batch_alter_table("person") as person:
        person.drop_column("alias_key")
    _drop_several_sources()
    _drop_scim()
    for table in ("sync_request", "held_change", "plan_word", "plan_line", "sync_plan"):
        op.drop_table(table)
    _drop_kinds_of_runs()
    for table in (
        "desk_case", "desk_rule", "review_line", "review_sheet", "review_campaign", "personal_mark", "idle_warning", "planned_change",
        "appointment", "missing_person",
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
        sa.Column("new_source_key", sa.String(64), nullable=True),
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
        "missing_person",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_missing_person_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_missing_person")),
    )
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
    op.add_column("sync_run", sa.Column("plan_number", sa.Integer(), nullable=True))
    op.add_column("sync_run", sa.Column("step", sa.String(16), nullable=True))
    op.add_column("sync_run", sa.Column("done", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sync_run", sa.Column("left_out", sa.Integer(), nullable=False, server_default="0"))
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
        for column in ("left_out", "done", "step", "plan_number", "holder"):
            sync_run.drop_column(column)
        sync_run.drop_column("kind")


def _add_plans() -> None:
    op.create_table(
        "sync_plan",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("words_wanted", sa.Integer(), nullable=False),
        sa.Column("typed_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(64), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_sync_plan_run_id_sync_run")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_sync_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_sync_plan_number")),
    )
    op.create_index(op.f("ix_sync_plan_state"), "sync_plan", ["state"])
    op.create_table(
        "plan_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("mark", sa.LargeBinary(16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("to_unit_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(), nullable=False),
        sa.Column("unit_name", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("is_explained", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_plan_line_run_id_sync_run")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_plan_line_person_id_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_plan_line_unit_id_unit")),
        sa.ForeignKeyConstraint(["to_unit_id"], ["unit.id"], name=op.f("fk_plan_line_to_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_line")),
    )
    op.create_index(op.f("ix_plan_line_person_id"), "plan_line", ["person_id"])
    op.create_index("ix_plan_line_run_id_mark", "plan_line", ["run_id", "mark"])
    op.create_index("ix_plan_line_run_id_unit_id", "plan_line", ["run_id", "unit_id"])
    op.create_table(
        "plan_word",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["sync_run.id"], name=op.f("fk_plan_word_run_id_sync_run")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_plan_word_person_id_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_plan_word_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_word")),
    )
    op.create_index(op.f("ix_plan_word_person_id"), "plan_word", ["person_id"])
    op.create_index("uq_plan_word_run_id_actor", "plan_word", ["run_id", "actor"], unique=True)
    op.create_table(
        "held_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("mark", sa.LargeBinary(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", sa.String(64), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_held_change_person_id_person")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_held_change_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_change")),
    )
    op.create_index(op.f("ix_held_change_person_id"), "held_change", ["person_id"])
    op.create_index("ix_held_change_source_mark", "held_change", ["source", "mark"])
    op.create_table(
        "sync_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("about", sa.String(64), nullable=True),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_request")),
    )
    op.create_index(op.f("ix_sync_request_taken_at"), "sync_request", ["taken_at"])


def _add_scim() -> None:
    op.create_table(
        "scim_source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("signed", sa.Boolean(), nullable=False),
        sa.Column("withdrawals", sa.Integer(), nullable=True),
        sa.Column("raised_to", sa.Integer(), nullable=True),
        sa.Column("raised_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_scim_source_client_id_client")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_scim_source_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_source")),
        sa.UniqueConstraint("source", name=op.f("uq_scim_source_source")),
        sa.UniqueConstraint("client_id", name=op.f("uq_scim_source_client_id")),
    )
    op.create_table(
        "scim_entry",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=True),
        sa.Column("user_name_key", sa.String(255), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("compared", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_scim_entry_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_scim_entry")),
    )
    op.create_index("uq_scim_entry_source_external_id", "scim_entry", ["source", "external_id"], unique=True)
    op.create_index("ix_scim_entry_source_user_name_key", "scim_entry", ["source", "user_name_key"])
    op.create_table(
        "scim_address",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(255), nullable=True),
        sa.Column("value_key", sa.String(255), nullable=True),
        sa.Column("type", sa.String(255), nullable=True),
        sa.Column("primary", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_scim_address_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_address")),
    )
    op.create_index("ix_scim_address_kind_value_key", "scim_address", ["kind", "value_key"])
    op.create_index(op.f("ix_scim_address_person_id"), "scim_address", ["person_id"])
    op.create_table(
        "scim_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scim_group")),
    )
    op.create_index(op.f("ix_scim_group_source"), "scim_group", ["source"])
    op.create_table(
        "scim_group_member",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("display", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["group_id"], ["scim_group.id"], name=op.f("fk_scim_group_member_group_id_scim_group")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_scim_group_member_person_id_person")),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_scim_group_member")),
    )
    op.create_index(op.f("ix_scim_group_member_person_id"), "scim_group_member", ["person_id"])
    op.create_table(
        "scim_message",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_scim_message")),
    )
    op.create_index(op.f("ix_scim_message_created_at"), "scim_message", ["created_at"])
    op.create_table(
        "provisioning",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("units", sa.JSON(), nullable=False),
        sa.Column("looked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("filled_to", sa.Uuid(), nullable=True),
        sa.Column("is_filled", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_provisioning_client_id_client")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_provisioning")),
    )
    op.create_table(
        "provisioned_account",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("remote_id", sa.String(255), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_provisioned_account_client_id_client")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_provisioned_account_person_id_person")),
        sa.PrimaryKeyConstraint("client_id", "person_id", name=op.f("pk_provisioned_account")),
    )
    op.create_index(op.f("ix_provisioned_account_person_id"), "provisioned_account", ["person_id"])


def _drop_scim() -> None:
    for table in ("provisioned_account", "provisioning", "scim_message", "scim_group_member", "scim_group", "scim_address", "scim_entry", "scim_source"):
        op.drop_table(table)


def _add_several_sources() -> None:
    op.create_table(
        "source_entry",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("source_key", sa.String(64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_source_entry_person_id_person")),
        sa.PrimaryKeyConstraint("source", "source_key", name=op.f("pk_source_entry")),
    )
    op.create_index(op.f("ix_source_entry_person_id"), "source_entry", ["person_id"])
    op.create_table(
        "attribute_owner",
        sa.Column("attribute", sa.String(32), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("attribute", name=op.f("pk_attribute_owner")),
    )
    op.create_table(
        "sheet_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("encoding", sa.String(16), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("key_field", sa.String(32), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("sealed_file", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_table", sa.LargeBinary(), nullable=True),
        sa.Column("understood", sa.LargeBinary(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_import")),
    )
    op.create_index(op.f("ix_sheet_import_source"), "sheet_import", ["source"])
    op.create_table(
        "sheet_columns",
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("key_field", sa.String(32), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_sheet_columns")),
    )


def _drop_several_sources() -> None:
    for table in ("source_entry", "attribute_owner", "sheet_import", "sheet_columns"):
        op.drop_table(table)
