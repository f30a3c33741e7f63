"""Intervals of rungs, closings, campaigns, reports."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "rung_difference", "snapshot_total", "snapshot_system", "snapshot_line", "closing", "closing_signature",
)  # fmt: skip
INTERVAL_FACTS = ("position", "person_id", "from_at", "rung", "unit_id", "staff_category", "cause", "event_id", "digest")
NEW_COUNTS = ("entitled", "absent", "exempt")


def upgrade() -> None:
    _add_standing()
    _add_figures()
    for name in NEW_COUNTS:
        op.add_column("snapshot_count", sa.Column(name, sa.Integer(), nullable=True))
    _refuse_changes()
    _add_acting()


def downgrade() -> None:
    for table in ACTING:
        op.drop_table(table)
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*FIGURES, *STANDING):
        op.drop_table(table)
    if postgresql:
        op.execute("DROP FUNCTION refuse_interval_change()")
    for name in NEW_COUNTS:
        op.drop_column("snapshot_count", name)


STANDING = ("rung_difference", "rung_interval", "tracker_cursor", "system_entry")
FIGURES = (
    "exemption", "closing_signature", "closing", "tracker_parameters", "snapshot_line", "snapshot_system", "snapshot_total",
)  # fmt: skip


def _refuse_changes() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in APPEND_ONLY:
        if postgresql:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    _refuse_changes_of_intervals(postgresql)


def _refuse_changes_of_intervals(postgresql: bool) -> None:
    differs = "IS DISTINCT FROM" if postgresql else "IS NOT"
    changed = " OR ".join(["OLD.to_at IS NOT NULL", *(f"NEW.{name} {differs} OLD.{name}" for name in INTERVAL_FACTS)])
    words = "rung_interval is append-only"
    if postgresql:
        op.execute(
            "CREATE FUNCTION refuse_interval_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF TG_OP = 'DELETE' OR {changed} THEN RAISE EXCEPTION '{words}'; END IF; RETURN NEW; END $$"
        )
        op.execute(
            "CREATE TRIGGER rung_interval_append_only BEFORE UPDATE OR DELETE ON rung_interval "
            "FOR EACH ROW EXECUTE FUNCTION refuse_interval_change()"
        )
        return
    op.execute(f"CREATE TRIGGER rung_interval_no_delete BEFORE DELETE ON rung_interval BEGIN SELECT RAISE(ABORT, '{words}'); END")
    op.execute(
        f"CREATE TRIGGER rung_interval_no_update BEFORE UPDATE ON rung_interval WHEN {changed} BEGIN SELECT RAISE(ABORT, '{words}'); END"
    )


def _add_standing() -> None:
    op.create_table(
        "system_entry",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name=op.f("fk_system_entry_client_id_client")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_system_entry_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", "client_id", name=op.f("pk_system_entry")),
    )
    op.create_table(
        "tracker_cursor",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("parameters", sa.String(length=64), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tracker_cursor")),
    )
    op.create_table(
        "rung_interval",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rung", sa.String(length=4), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("staff_category", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.String(length=48), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("end_cause", sa.String(length=48), nullable=True),
        sa.Column("falls_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rung_interval_person_id_person")),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_rung_interval")),
    )
    op.create_index(
        "ix_rung_interval_falls",
        "rung_interval",
        ["falls_at"],
        unique=False,
        sqlite_where=sa.text("to_at IS NULL"),
        postgresql_where=sa.text("to_at IS NULL"),
    )
    op.create_index("ix_rung_interval_person_id_from_at", "rung_interval", ["person_id", "from_at"], unique=False)
    op.create_index("ix_rung_interval_to_at", "rung_interval", ["to_at"], unique=False)
    op.create_index("ix_rung_interval_unit_id_from_at", "rung_interval", ["unit_id", "from_at"], unique=False)
    op.create_index(
        "uq_rung_interval_open",
        "rung_interval",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("to_at IS NULL"),
        postgresql_where=sa.text("to_at IS NULL"),
    )
    op.create_table(
        "rung_difference",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_intervals", sa.String(length=4), nullable=False),
        sa.Column("by_facts", sa.String(length=4), nullable=False),
        sa.Column("unit_by_intervals", sa.Uuid(), nullable=False),
        sa.Column("unit_by_facts", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_rung_difference_person_id_person")),
        sa.PrimaryKeyConstraint("day", "person_id", "found_at", name=op.f("pk_rung_difference")),
    )


def _add_figures() -> None:
    op.create_table(
        "snapshot_total",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=36), nullable=False),
        sa.Column("parent_key", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("has_more", sa.Boolean(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("entitled", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=False),
        sa.Column("b0", sa.Integer(), nullable=False),
        sa.Column("b1", sa.Integer(), nullable=False),
        sa.Column("b2", sa.Integer(), nullable=False),
        sa.Column("b3", sa.Integer(), nullable=False),
        sa.Column("b4", sa.Integer(), nullable=False),
        sa.Column("b5", sa.Integer(), nullable=False),
        sa.Column("b6", sa.Integer(), nullable=False),
        sa.Column("authenticated_entitled", sa.Integer(), nullable=False),
        sa.Column("seamless_entitled", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("exempt", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_snapshot_total_day_snapshot")),
        sa.PrimaryKeyConstraint("day", "kind", "key", name=op.f("pk_snapshot_total")),
    )
    op.create_index("ix_snapshot_total_day_missing", "snapshot_total", ["day", "kind", "missing"], unique=False)
    op.create_index("ix_snapshot_total_day_parent", "snapshot_total", ["day", "kind", "parent_key"], unique=False)
    op.create_index("ix_snapshot_total_key_day", "snapshot_total", ["kind", "key", "day"], unique=False)
    op.create_table(
        "snapshot_system",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("own_passwords_left", sa.String(length=16), nullable=False),
        sa.Column("entitled", sa.Integer(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("accounts", sa.Integer(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_snapshot_system_day_snapshot")),
        sa.PrimaryKeyConstraint("day", "code", name=op.f("pk_snapshot_system")),
    )
    op.create_table(
        "snapshot_line",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_snapshot_line_day_snapshot")),
        sa.PrimaryKeyConstraint("day", "kind", "key", name=op.f("pk_snapshot_line")),
    )
    op.create_table(
        "tracker_parameters",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("recent_days", sa.Integer(), nullable=False),
        sa.Column("entry_days", sa.Integer(), nullable=False),
        sa.Column("counts_contract_staff", sa.Boolean(), nullable=False),
        sa.Column("milestones", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(length=64), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_tracker_parameters")),
    )
    op.create_table(
        "closing",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("period", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("snapshot_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["snapshot.day"], name=op.f("fk_closing_day_snapshot")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_closing")),
    )
    op.create_index("ix_closing_kind_period_version", "closing", ["kind", "period", "version"], unique=True)
    op.create_table(
        "closing_signature",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_closing_signature_person_id_person")),
        sa.ForeignKeyConstraint(["sequence"], ["closing.sequence"], name=op.f("fk_closing_signature_sequence_closing")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_closing_signature")),
    )
    op.create_index(op.f("ix_closing_signature_person_id"), "closing_signature", ["person_id"], unique=False)
    op.create_table(
        "exemption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_exemption_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption")),
    )
    op.create_index(op.f("ix_exemption_person_id"), "exemption", ["person_id"], unique=False)


ACTING = (
    "report_subscription", "enrolment_day", "reminder", "reminder_order", "campaign_person", "campaign_wave", "campaign",
)  # fmt: skip


def _add_acting() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rung", sa.String(length=4), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_campaign_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index(op.f("ix_campaign_unit_id"), "campaign", ["unit_id"], unique=False)
    op.create_table(
        "campaign_wave",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_wave_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("campaign_id", "number", name=op.f("pk_campaign_wave")),
    )
    op.create_table(
        "campaign_person",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("rung", sa.String(length=4), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_person_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_campaign_person_person_id_person")),
        sa.PrimaryKeyConstraint("campaign_id", "person_id", name=op.f("pk_campaign_person")),
    )
    op.create_index(op.f("ix_campaign_person_person_id"), "campaign_person", ["person_id"], unique=False)
    op.create_table(
        "reminder_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rung", sa.String(length=4), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written", sa.Integer(), nullable=False),
        sa.Column("lately", sa.Integer(), nullable=False),
        sa.Column("without_mail", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_reminder_order_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_order")),
    )
    op.create_index(op.f("ix_reminder_order_campaign_id"), "reminder_order", ["campaign_id"], unique=False)
    op.create_table(
        "reminder",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_reminder_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reminder")),
    )
    op.create_table(
        "enrolment_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("officer", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_enrolment_day_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment_day")),
    )
    op.create_index(op.f("ix_enrolment_day_unit_id"), "enrolment_day", ["unit_id"], unique=False)
    op.create_table(
        "report_subscription",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("every", sa.String(length=8), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_report_subscription_person_id_person")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_report_subscription")),
    )
    op.create_index(
        "ix_reminder_order_open", "reminder_order", ["ordered_at"], unique=False, sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )  # fmt: skip
