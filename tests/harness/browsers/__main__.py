"""`python -m tests.harness.browsers --times N`: every story again and again, with a count of how each ended."""

from __future__ import annotations

import argparse
import json
import tempfile
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.harness.browsers.stage import Stage
from tests.harness.browsers.stories import STORIES


@dataclass
class Report:
    """How often each story was played, and what went wrong where it did."""

    times: int
    played: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def play(times: int = 1) -> Report:
    """Play every story so many times and return how they ended."""
    played: Counter[str] = Counter()
    broken = []
    wanted = [story for _ in range(times) for story in STORIES]
    with (
        tempfile.TemporaryDirectory(prefix="tieout-browsers-") as folder,
        Stage(Path(folder), invoices=60 + 60 * times) as stage,
    ):
        for story in wanted:
            played[story.__name__] += 1
            try:
                stage.play(story)
            except Exception:  # a story that failed is counted, and the others still play
                broken.append(f"{story.__name__}: {traceback.format_exc(limit=-2)}")
    return Report(times, dict(played), broken)


def main() -> int:
    """Play as often as the command line asks; returns 1 when a story did not end with one charge."""
    parser = argparse.ArgumentParser(prog="python -m tests.harness.browsers", description=__doc__)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    report = play(given.times)
    for name, count in report.played.items():
        print(f"{count:4}  {name.replace('_', ' ')}")
    print("\n".join(report.broken) or "every story ended with one charge, booked once")
    if given.json:
        given.json.write_text(json.dumps(asdict(report), indent=1))
    return 1 if report.broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
