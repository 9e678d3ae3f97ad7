"""Papers beside invoices and edits owed to QuickBooks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attached",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("attachable_id", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("on_send", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sync_token", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "attachable_id", "entity", "object_id"),
    )
    with op.batch_alter_table("attached", schema=None) as batch_op:
        batch_op.create_index("attached_to", ["company_id", "entity", "object_id"], unique=False)

    op.create_table(
        "estimate",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("qbo_id", sa.String(), nullable=False),
        sa.Column("sync_token", sa.String(), nullable=False),
        sa.Column("remote_updated_at", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("issued_day", sa.Date(), nullable=False),
        sa.Column("expires_day", sa.Date(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("accepted_by", sa.String(), nullable=False),
        sa.Column("accepted_day", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "qbo_id"),
    )
    with op.batch_alter_table("estimate", schema=None) as batch_op:
        batch_op.create_index("estimate_of_customer", ["company_id", "customer_id", "issued_day"], unique=False)

    op.create_table(
        "kept_copy",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("qbo_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("small", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "entity", "qbo_id"),
    )
    with op.batch_alter_table("kept_copy", schema=None) as batch_op:
        batch_op.create_index("copy_by_use", ["company_id", "used_at"], unique=False)

    op.create_table(
        "edit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("qbo_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("by_id", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("request_body", sa.Text(), nullable=False),
        sa.Column("request_token", sa.String(), nullable=False),
        sa.Column("held_code", sa.String(), nullable=False),
        sa.Column("held_text", sa.Text(), nullable=False),
        sa.Column("held_next", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "key"),
    )
    with op.batch_alter_table("edit", schema=None) as batch_op:
        batch_op.create_index("edit_due", ["state", "due_at"], unique=False)
        batch_op.create_index("edit_of_object", ["company_id", "entity", "qbo_id"], unique=False)

    op.create_table(
        "proposal",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("customer_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index("proposal_of_customer", ["company_id", "customer_id", "created_at"], unique=False)

    # Estimates have columns of their own now: the next pull loads them again.
    op.execute("DELETE FROM cursor WHERE entity = 'Estimate'")
    op.execute("DELETE FROM listing WHERE entity = 'Estimate'")
