"""Whether bank accounts stand first"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Cards stood first at every company.
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bank_first", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.alter_column("bank_first", server_default=None)
