"""`python -m tests.harness.model`: walks every run and prints what was found; exits 1 when a rule breaks."""

from __future__ import annotations

import argparse
import json

from tests.harness.model.report import enumerate_all


def main() -> int:
    """Read the options, walk, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.model", description=__doc__)
    parser.add_argument("--seconds", type=float, help="stop after so long, and say so")
    parser.add_argument("--json", action="store_true", help="one JSON value")
    options = parser.parse_args()
    report = enumerate_all(options.seconds)
    print(json.dumps(report.as_json()) if options.json else "\n".join(report.lines()))
    return 1 if report.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
