"""What companies grant and take"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SWITCHES = ("early_discount", "discount_taxed", "takes_deposits")


def upgrade() -> None:
    # No company that stands granted a discount or took a deposit.
    with op.batch_alter_table("company", schema=None) as batch_op:
        for name in _SWITCHES:
            batch_op.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("company", schema=None) as batch_op:
        for name in _SWITCHES:
            batch_op.alter_column(name, server_default=None)
