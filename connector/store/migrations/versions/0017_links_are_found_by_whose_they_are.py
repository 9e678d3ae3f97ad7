"""Links are found by whose they are"""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index("link_of_contact", ["company_id", "purpose", "contact_id"], unique=False)
        batch_op.create_index("link_of_invoice", ["company_id", "invoice_id"], unique=False)
