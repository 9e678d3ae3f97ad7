"""For developers: `python -m connector.store.migrations WHY` writes the next step from what the tables have become.

`--first` writes the first step anew, which is right only before the first release. Law: a step is written from an empty
database that all earlier steps were run on, so that nobody's own database has a say.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from connector.store.migrations import HERE, configuration, migrate
from connector.store.session import Database

VERSIONS = HERE / "versions"
FIRST = "The first tables"


def write_step(why: str) -> Path:
    """Write a step and return its file."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'empty.db'}"
        if list(VERSIONS.glob("*.py")):
            migrate(url)
        database = Database(url)
        number = f"{len(list(VERSIONS.glob('*.py'))) + 1:04}"
        with database.engine.begin() as connection:
            step = command.revision(configuration(connection), why, autogenerate=True, rev_id=number)
        database.close()
    path = Path(getattr(step, "path"))  # noqa: B009 - Alembic's type names several results, here it is one
    for tool in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *tool, str(path)], check=True)  # noqa: S603 - our own tool
    return path


def main() -> None:
    """Write a step and say where."""
    parser = argparse.ArgumentParser(prog="python -m connector.store.migrations")
    parser.add_argument("why", nargs="?", default=FIRST, help="what the step is for, in a few words")
    parser.add_argument("--first", action="store_true", help="write the first step anew")
    options = parser.parse_args()
    if options.first:
        for path in VERSIONS.glob("*.py"):
            path.unlink()
    print(write_step(options.why))


if __name__ == "__main__":
    main()
