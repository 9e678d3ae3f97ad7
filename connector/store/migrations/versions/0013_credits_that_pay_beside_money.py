"""Credits that pay beside money"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "credit_use",
        sa.Column("payment_id", sa.String(), nullable=False),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"]),
        sa.PrimaryKeyConstraint("payment_id", "credit"),
    )
    with op.batch_alter_table("credit_use", schema=None) as batch_op:
        batch_op.create_index("use_of_credit", ["company_id", "credit"], unique=False)
    # No posting that stands used a credit.
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.add_column(sa.Column("credit", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("leg", schema=None) as batch_op:
        batch_op.alter_column("credit", server_default=None)
