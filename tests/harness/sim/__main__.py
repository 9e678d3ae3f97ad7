"""python -m tests.harness.sim: play seeds, say what came of them, and make what fails small.

Exit code 1 when a seed broke something. Law: what is printed is enough to play the same run again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from tests.harness.sim.many import run_seeds
from tests.harness.sim.report import told
from tests.harness.sim.results import Result
from tests.harness.sim.run import PAYERS, Wanted
from tests.harness.sim.shrink import items_of, shrink, signs, written_test


def main(arguments: list[str]) -> int:
    """Play what the command line asks for."""
    wanted = _options().parse_args(arguments)
    seeds = [wanted.seed] if wanted.seed is not None else range(wanted.first, wanted.first + wanted.seeds)
    report = run_seeds(
        list(seeds),
        jobs=1 if wanted.seed is not None else wanted.jobs,
        payers=wanted.payers,
        actions=wanted.actions,
        seconds=wanted.seconds,
        bug=wanted.bug,
        until=wanted.until,
        keep=Path(wanted.keep) if wanted.keep else None,
        told=lambda result: print(_line(result), flush=True),
    )
    print(told(report))
    if wanted.json:
        Path(wanted.json).write_text(json.dumps(report.summary(), indent=1) + "\n")
    if report.failed:
        _explain(report.failed[0], wanted)
    return 1 if report.failed else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.harness.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--until", type=int, help="stop after so many steps")
    parser.add_argument("--payers", type=int, default=PAYERS)
    parser.add_argument("--actions", type=int, default=8)
    parser.add_argument("--bug", default="", help="plant a seeded bug of tests/harness/bugs.py")
    parser.add_argument("--json", help="write the numbers to this file")
    parser.add_argument("--keep", help="a folder for the result of each seed, for runs that are cut short")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, help="begin no seed after so many seconds")
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for making a failure small")
    parser.add_argument("--failures", default=".", help="the folder for the test of a failure")
    return parser


def _line(result: Result) -> str:
    state = "right" if result.is_right else f"BROKEN {', '.join(sorted(signs(result)))}"
    counts = f"{result.payments} payments, {sum(result.faults.values())} faults, {sum(result.crashes.values())} crashes"
    return f"seed {result.seed}: {state}; {counts}, {result.steps} steps, {result.digest[:12]}"


def _explain(failed: Result, options: argparse.Namespace) -> None:
    """Make a failure small, say everything about it, and write its test."""
    wanted = Wanted(failed.seed, payers=options.payers, actions=options.actions)
    print(f"\nseed {failed.seed} at commit {_commit()}")
    small = shrink(failed, wanted, seconds=options.shrink, play=_planted(options.bug)) if options.shrink else failed
    for invariant, subject, reason in small.broken:
        print(f"{invariant} {subject}: {reason}")
    for error in small.unexpected:
        print(error)
    print("What was left of the script:")
    for item in items_of(small.taken):
        print("  ", *item)
    print("The last events:")
    print("\n".join(small.events))
    file = Path(options.failures) / f"test_seed_{failed.seed}.py"
    file.write_text(written_test(small, wanted, options.bug))
    print(f"{file} plays it again")


def _planted(bug: str) -> object:
    from tests.harness.sim.many import _one

    return lambda wanted: _one((wanted, bug))


def _commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
