"""The schema's history, and the one way to bring a database to its present end.

Each step is a file in `versions/`; a test keeps their sum equal to the tables in `connector.store`. Laws: a step that
was released never changes, and none leads back (a backup does); bringing a database up twice, or from two machines at
once, does it once.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from connector.store.session import Database

HERE = Path(__file__).parent
EMPTY = "nothing"
_ONE_AT_A_TIME = 0x7469656F7574  # PostgreSQL's advisory lock of this product: "tieout"


def migrate(url: str) -> tuple[str, str]:
    """Bring a database to the present schema; returns where it stood before and where it stands now."""
    database = Database(url)
    try:
        with database.engine.execution_options(tieout_writes=True).begin() as connection:
            if not database.is_sqlite:  # SQLite's own write lock does the same
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
            before = standing(connection)
            command.upgrade(configuration(connection), "head")
            return before, standing(connection)
    finally:
        database.close()


def standing(connection: Connection) -> str:
    """Return the step a database stands at, or `nothing`."""
    return MigrationContext.configure(connection).get_current_revision() or EMPTY


def newest() -> str:
    """Return the step the present schema needs."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or EMPTY


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config
