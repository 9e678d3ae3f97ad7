"""Accounts of payers"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("secret_cipher", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.PrimaryKeyConstraint("company_id"),
    )
    op.create_table(
        "passkey",
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.PrimaryKeyConstraint("credential_id"),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkey_contact_id"), ["contact_id"], unique=False)
    op.create_table(
        "password",
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.create_index("customer_of_parent", ["company_id", "parent_id"], unique=False)

    # Whoever could come in so far could do everything; an address that waits gets no more than paying.
    with op.batch_alter_table("contact_customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("role", sa.String(), nullable=False, server_default="pay"))
    op.execute("UPDATE contact_customer SET role = 'manage' WHERE state = 'active'")
    with op.batch_alter_table("contact_customer", schema=None) as batch_op:
        batch_op.alter_column("role", server_default=None)

    # Sessions that stand already began with a link in a mail: there was nothing else.
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proof", sa.String(), nullable=False, server_default=""))
    op.execute("UPDATE session SET proof = 'mail' WHERE audience = 'customer'")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.alter_column("proof", server_default=None)
