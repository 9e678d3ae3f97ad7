"""What card testing is counted by"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("inbox_by_kind", ["company_id", "kind", "received_at"], unique=False)
    # Payments that stand already were pressed from places nobody knows any more.
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("from_session", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("from_address", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.alter_column("from_session", server_default=None)
        batch_op.alter_column("from_address", server_default=None)
