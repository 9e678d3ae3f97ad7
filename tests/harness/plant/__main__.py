"""`python -m tests.harness.plant`: storms over real processes, with a sheet to read and JSON to keep."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from tests.harness.plant.storm import storm


def main() -> int:
    """Run the storms that the command line asks for; returns 1 when anything is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.plant", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long each storm blows")
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0, help="how many to try for; 0 leaves it to the time")
    parser.add_argument("--bug", default="", help="a seeded bug of tests/harness/bugs.py")
    parser.add_argument("--json", type=Path, help="where the reports go")
    parser.add_argument("--keep", type=Path, help="an empty folder in which everything is left behind")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a stopped storm takes its processes along
    engines = ("sqlite", "postgresql") if given.engine == "both" else (given.engine,)
    reports = []

    def tell(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    for engine in engines:
        folder = given.keep / engine if given.keep else None
        if folder:
            folder.mkdir(parents=True)
        report = storm(engine, given.seconds, given.seed, kills=given.kills, bug=given.bug, folder=folder, tell=tell)
        print("\n".join(report.lines()), flush=True)
        reports.append(report)
    if given.json:
        given.json.write_text(json.dumps([report.as_json() for report in reports], indent=1))
    return 0 if all(report.holds for report in reports) else 1


if __name__ == "__main__":
    raise SystemExit(main())
