"""Invoices of a customer in the order of their list, so that a page of it is read and not sorted out of all of them."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("invoice", schema=None) as batch_op:
        batch_op.drop_index("invoice_of_customer")
        columns = ["company_id", "customer_id", "issued_day", "qbo_id"]
        batch_op.create_index("invoice_of_customer", columns, unique=False)
