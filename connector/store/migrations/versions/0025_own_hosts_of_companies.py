"""Own hosts of companies"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("host", sa.String(), nullable=True))
        batch_op.add_column(sa.Column("host_wanted", sa.String(), nullable=True))
        batch_op.create_index("company_at_host", ["host"], unique=True)
        batch_op.create_index("company_asks_host", ["host_wanted"], unique=True)
    # Every passkey was made at the installation's own host.
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.add_column(sa.Column("host", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.alter_column("host", server_default=None)
