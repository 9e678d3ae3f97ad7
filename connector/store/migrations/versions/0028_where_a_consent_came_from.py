"""The network address from which somebody agreed to something; whether any payment waits, told by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("saved_method", "payment_retry"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("consent_from", sa.String(), nullable=False, server_default=""))
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("consent_from", server_default=None)
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index("payment_waiting", ["state", "balance_txn"], unique=False)
