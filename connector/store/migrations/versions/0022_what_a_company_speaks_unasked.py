"""What a company speaks unasked"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Every company spoke English to whom it did not know.
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("language", sa.String(), nullable=False, server_default="en"))
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.alter_column("language", server_default=None)
