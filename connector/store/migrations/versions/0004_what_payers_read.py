"""What payers read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Payments that stand already were made in English; new ones say so themselves.
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.alter_column("language", server_default=None)
