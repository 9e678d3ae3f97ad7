"""Payments that are tried again by themselves: what was agreed to, and which payments come of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payment_retry",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("id", "company_id", "payment_id", "contact_id")),
        sa.Column("method_id", sa.String(), nullable=False),
        sa.Column("days", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("state", "why")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("number", "tried")),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_code", sa.String(), nullable=False),
        sa.Column("last_text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("payment_retry", schema=None) as batch_op:
        batch_op.create_index(
            "retry_in_force",
            ["company_id", "payment_id"],
            unique=True,
            sqlite_where=sa.text("state = 'on'"),
            postgresql_where=sa.text("state = 'on'"),
        )
        batch_op.create_index("retry_due", ["state", "next_at"], unique=False)
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("error_advice", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("retry_id", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.alter_column("error_advice", server_default=None)
        batch_op.alter_column("retry_id", server_default=None)
        batch_op.create_index(
            "payment_of_retry",
            ["retry_id"],
            unique=False,
            sqlite_where=sa.text("retry_id <> ''"),
            postgresql_where=sa.text("retry_id <> ''"),
        )
