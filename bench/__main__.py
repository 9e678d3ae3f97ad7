"""`python -m bench [--quick] [--json | --markdown] [ROW …]`: measure the rows and print each goal beside its ratio.

Ends with 0 when every row that was asked for could be measured, goals met or not; with 1 when one could not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from bench.frame import Bench, Row, Scale
from bench.measure import Watch
from bench.processes import ROOT
from bench.rows import ROWS
from bench.table import Outcome, as_json, as_markdown, draw


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for; returns the exit code."""
    ask = argparse.ArgumentParser(prog="python3 dev.py bench", description="The benchmarks beside their goals.")
    ask.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {', '.join(row.name for row in ROWS)}")
    ask.add_argument("--quick", action="store_true", help="the rows that together take less than two minutes")
    form = ask.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--markdown", action="store_true", help="print the table of docs/performance.md")
    said = ask.parse_args(arguments)
    unknown = set(said.rows) - {row.name for row in ROWS}
    if unknown:
        ask.error(f"no row is called {', '.join(sorted(unknown))}")
    scale = Scale.QUICK if said.quick else Scale.FULL
    outcomes = [_outcome(row, scale) for row in ROWS if not said.rows or row.name in said.rows]
    if said.json:
        print(as_json(outcomes, scale))
    elif said.markdown:
        print(as_markdown(outcomes))
    else:
        draw(outcomes, sys.stdout)
    return 1 if any(outcome.error for outcome in outcomes) else 0


def _outcome(row: Row, scale: Scale) -> Outcome:
    """Measure one row; one that breaks says so in its place and lets the others run."""
    if row.measure is None or (scale is Scale.QUICK and not row.quick):
        return Outcome(row)
    print(f"measuring {row.name} …", file=sys.stderr, flush=True)
    with _folder() as folder, Watch() as watch:
        try:
            findings = row.measure(Bench(scale, Path(folder)))
        except Exception as error:
            traceback.print_exc()
            return Outcome(row, error=f"could not be measured: {type(error).__name__}")
    return Outcome(row, findings, watch.seconds)


def _folder() -> tempfile.TemporaryDirectory[str]:
    """Make a folder beside the product's own data: on the disk whose fsync counts, not in memory."""
    home = ROOT / "var" / "bench"
    home.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=home)


if __name__ == "__main__":
    sys.exit(main())
