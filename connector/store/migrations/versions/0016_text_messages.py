"""Text messages"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_number",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("company_id", "email"),
    )
    with op.batch_alter_table("text_number", schema=None) as batch_op:
        batch_op.create_index("text_number_by_number", ["number"], unique=False)
    # Schedules that stand already send mails only.
    with op.batch_alter_table("mail_schedule", schema=None) as batch_op:
        batch_op.add_column(sa.Column("texts", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("mail_schedule", schema=None) as batch_op:
        batch_op.alter_column("texts", server_default=None)
