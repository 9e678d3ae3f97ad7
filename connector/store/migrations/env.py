"""What Alembic runs around a step: our metadata, and the connection that `migrate` opened.

Knows no address of a database. Law: all steps of one run are one transaction.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from connector.store import session  # noqa: F401 - with it every table is in the metadata
from connector.store.columns import Instant


def plain_type(kind: str, value: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column types into a step as what they are in the database."""
    if kind == "type" and isinstance(value, Instant):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, AutoString):
        return "sa.String()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    render_item=plain_type,
    transaction_per_migration=False,
)
context.run_migrations()
