"""An emergency account is two envelopes in two hands, and whoever opens them is known."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("emergency_account") as batch:
        batch.add_column(sa.Column("second_hash", sa.Text(), nullable=True))
        batch.add_column(sa.Column("selector", sa.LargeBinary(length=32), nullable=True))
        batch.add_column(sa.Column("second_selector", sa.LargeBinary(length=32), nullable=True))
        batch.add_column(sa.Column("first_holder", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("second_holder", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_emergency_account_first_holder_person"), "person", ["first_holder"], ["id"])
        batch.create_foreign_key(op.f("fk_emergency_account_second_holder_person"), "person", ["second_holder"], ["id"])
    with op.batch_alter_table("emergency_session") as batch:
        batch.add_column(sa.Column("first_opener", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("second_opener", sa.Uuid(), nullable=True))
        batch.create_foreign_key(op.f("fk_emergency_session_first_opener_person"), "person", ["first_opener"], ["id"])
        batch.create_foreign_key(op.f("fk_emergency_session_second_opener_person"), "person", ["second_opener"], ["id"])


def downgrade() -> None:
    # The schema before knows one password an account: the first would open it alone, so that it is spent until sealed anew.
    op.execute("UPDATE emergency_account SET spent_at = sealed_at WHERE second_hash IS NOT NULL AND spent_at IS NULL")
    with op.batch_alter_table("emergency_session") as batch:
        batch.drop_constraint(op.f("fk_emergency_session_second_opener_person"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_emergency_session_first_opener_person"), type_="foreignkey")
        batch.drop_column("second_opener")
        batch.drop_column("first_opener")
    with op.batch_alter_table("emergency_account") as batch:
        batch.drop_constraint(op.f("fk_emergency_account_second_holder_person"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_emergency_account_first_holder_person"), type_="foreignkey")
        for name in ("second_holder", "first_holder", "second_selector", "selector", "second_hash"):
            batch.drop_column(name)
