"""Mails about invoices"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_tables()
    texts = (("customer_id", sa.String()), ("invoice_id", sa.String()), ("subject", sa.Text()), ("body", sa.Text()))
    # What was sent before has no text to show.
    with op.batch_alter_table("mail", schema=None) as batch_op:
        for name, kind in texts:
            batch_op.add_column(sa.Column(name, kind, nullable=False, server_default=""))
        batch_op.add_column(sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("mail", schema=None) as batch_op:
        for name, _ in texts:
            batch_op.alter_column(name, server_default=None)
        batch_op.create_index("mail_by_message_id", ["message_id"], unique=False)
        batch_op.create_index("mail_of_customer", ["company_id", "customer_id", "created_at"], unique=False)
        batch_op.create_index("mail_of_invoice", ["company_id", "invoice_id"], unique=False)
        batch_op.create_index("mail_to", ["company_id", "to"], unique=False)


def _add_tables() -> None:
    op.create_table(
        "mail_schedule",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("on_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mails_new", sa.Boolean(), nullable=False),
        sa.Column("steps", sa.String(), nullable=False),
        sa.Column("opens_hour", sa.Integer(), nullable=False),
        sa.Column("closes_hour", sa.Integer(), nullable=False),
        sa.Column("quiet_weekends", sa.Boolean(), nullable=False),
        sa.Column("quiet_days", sa.Text(), nullable=False),
        sa.Column("attaches_pdf", sa.Boolean(), nullable=False),
        sa.Column("also_quickbooks", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.PrimaryKeyConstraint("company_id"),
    )
    op.create_table(
        "mail_skip",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.PrimaryKeyConstraint("company_id", "kind", "subject"),
    )
    op.create_table(
        "mail_address",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("wants_new", sa.Boolean(), nullable=False),
        sa.Column("wants_reminders", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "email"),
    )
    op.create_table(
        "bounce",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("mail_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "key"),
    )
    with op.batch_alter_table("bounce", schema=None) as batch_op:
        batch_op.create_index("bounce_of_address", ["company_id", "email"], unique=False)
