"""What parts a company takes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Companies that stand already go on taking any part, the oldest invoice first.
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("least_part_minor", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("spread_rule", sa.String(), nullable=False, server_default="oldest"))
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.alter_column("least_part_minor", server_default=None)
        batch_op.alter_column("spread_rule", server_default=None)
