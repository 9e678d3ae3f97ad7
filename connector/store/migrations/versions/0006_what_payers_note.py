"""What payers note"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Nobody wrote a note on payments that stand already.
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("note", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.alter_column("note", server_default=None)
