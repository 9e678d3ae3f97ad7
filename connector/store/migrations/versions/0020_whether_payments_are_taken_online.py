"""Whether payments are taken online"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every company took payments.
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("takes_payments", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.alter_column("takes_payments", server_default=None)
