"""The contract with QuickBooks' public clients, again with the oldest intuit-oauth that is allowed.

Two versions of a module cannot live in one process, so the contract suite runs once more in a process of its own, with
the older library in front: what speaks through it, not what goes over the bare wire. `python3 dev.py test` puts it
there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDER = ROOT / ".venv" / "older"
VERSION = "1.2.6"


def test_the_contract_holds_with_the_oldest_intuit_oauth() -> None:
    assert OLDER.is_dir(), "the older library is not here: run the suite by python3 dev.py test"
    environment = {**os.environ, "PYTHONPATH": f"{OLDER}{os.pathsep}{ROOT}"}
    asked = [sys.executable, "-c", "from importlib.metadata import version; print(version('intuit-oauth'))"]
    told = subprocess.run(asked, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.stdout.strip() == VERSION, told.stdout + told.stderr

    suite = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:xdist",
        "-p",
        "no:cacheprovider",
        "tests/contract/quickbooks/test_intuit_oauth.py",
        "tests/contract/quickbooks/test_python_quickbooks.py",
    ]
    environment.pop("PYTEST_XDIST_WORKER", None)
    ran = subprocess.run(suite, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
