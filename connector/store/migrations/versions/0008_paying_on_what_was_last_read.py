"""Paying on what was last read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Companies that stand already go on waiting for QuickBooks.
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("pay_on_last_known", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.alter_column("pay_on_last_known", server_default=None)
