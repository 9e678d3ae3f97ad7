"""How companies show themselves"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logo",
        sa.Column("company_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("wide", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
        ),
        sa.PrimaryKeyConstraint("company_id"),
    )
    # Companies that stand already show themselves as they did.
    with op.batch_alter_table("company", schema=None) as batch_op:
        batch_op.add_column(sa.Column("takes_contact_data", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("message", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("sender_name", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("logo_version", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("custom_css", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("custom_css_source", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("analytics_id", sa.String(), nullable=False, server_default=""))
    new = ("takes_contact_data", "message", "sender_name", "logo_version", "custom_css", "custom_css_source")
    with op.batch_alter_table("company", schema=None) as batch_op:
        for name in (*new, "analytics_id"):
            batch_op.alter_column(name, server_default=None)
