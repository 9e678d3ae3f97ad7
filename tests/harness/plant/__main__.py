"""`python -m tests.harness.plant`: storms over real processes, with a sheet to read and JSON to keep."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.harness.plant.report import Report, summed
from tests.harness.plant.storm import storm


def main() -> int:
    """Run the storms that the command line asks for; returns 1 when anything is broken."""
    given = _options().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a stopped storm takes its processes along
    engines = ("sqlite", "postgresql") if given.engine == "both" else (given.engine,)
    reports: list[Report] = []
    for engine in engines:
        for report in _storms(engine, given):
            print("\n".join(report.lines()), flush=True)
            reports.append(report)
            if given.json:  # after each, so that a long run which is ended has told what it did
                given.json.write_text(json.dumps([one.as_json() for one in reports], indent=1) + "\n")
    print("\n".join(summed(reports)), flush=True)
    return 0 if all(report.holds for report in reports) else 1


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.harness.plant", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long each storm blows")
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=0, help="how many to try for in each; 0 leaves it to the time")
    parser.add_argument("--until", type=int, default=0, help="storm on with the next seeds until so many kills in all")
    parser.add_argument("--bug", default="", help="a seeded bug of tests/harness/bugs.py")
    parser.add_argument("--json", type=Path, help="where the reports go")
    parser.add_argument("--keep", type=Path, help="an empty folder in which everything is left behind")
    return parser


def _storms(engine: str, given: argparse.Namespace) -> Iterator[Report]:
    """Storm on one engine, once or until so many were killed; a storm that broke something is the last."""
    seed, killed, hit = given.seed, 0, set[str]()
    while True:
        folder = given.keep / f"{engine}-{seed}" if given.keep else None
        if folder:
            folder.mkdir(parents=True)
        report = storm(
            engine, given.seconds, seed, kills=given.kills, bug=given.bug, hit=hit, folder=folder, tell=_tell
        )
        yield report
        killed += sum(report.kills.values())
        hit |= report.died_at
        if killed >= given.until or not report.holds:
            return
        seed += 1


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
