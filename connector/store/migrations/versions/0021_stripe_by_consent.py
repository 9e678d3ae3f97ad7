"""Stripe by consent"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Until now Stripe was connected by keys alone, and every consent was one of QuickBooks.
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.add_column(sa.Column("through_platform", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(
            "connection_account",
            ["which", "account"],
            unique=True,
            sqlite_where=sa.text("account <> ''"),
            postgresql_where=sa.text("account <> ''"),
        )
    with op.batch_alter_table("connection", schema=None) as batch_op:
        batch_op.alter_column("through_platform", server_default=None)
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("which", sa.String(), nullable=False, server_default="quickbooks"))
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.alter_column("which", server_default=None)
