"""What ways to pay cost, and methods kept while paying"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

# No company that stands asked for a surcharge or granted a discount, and no method was kept while paying.
_COLUMNS = {
    "company": (("card_surcharge", sa.Integer()), ("bank_discount", sa.Integer())),
    "payment": (("surcharge_minor", sa.BigInteger()), ("surcharge_rate", sa.Integer())),
    "saved_method": (("payment_id", sa.String()), ("funding", sa.String())),
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, kind in columns:
                default = "" if isinstance(kind, sa.String) else "0"
                batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=default))
        with op.batch_alter_table(table, schema=None) as batch_op:
            for name, _ in columns:
                batch_op.alter_column(name, server_default=None)
    with op.batch_alter_table("posting", schema=None) as batch_op:
        batch_op.create_index("posting_by_remote", ["company_id", "remote_id"], unique=False)
