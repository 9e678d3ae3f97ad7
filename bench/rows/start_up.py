"""Start-up: `tieout --help` and importing the portal, in times of a bare Python."""

from __future__ import annotations

import json

from bench import processes
from bench.frame import Bench, Findings, Goal, Reading, Row, Scale
from bench.measure import Subject, interleave

_BARE = "pass"
# What the console script of the installed command runs.
_HELP = "import sys; sys.argv = ['tieout', '--help']; from portal.cli import main; sys.exit(main())"
_PORTAL = "import portal.app"
_ALL = "import stripe, sqlmodel, quickbooks, intuitlib, flask, rq, redis, rich.console, psycopg, requests"
_HEAVY = ("flask", "quickbooks", "rich", "sqlmodel", "stripe")
_WHICH_HEAVY = f"""
import json, sys
sys.argv = ["tieout", "--help"]
from portal.cli import main
try:
    main()
except SystemExit:
    pass
print(json.dumps([name for name in {_HEAVY!r} if name in sys.modules]), file=sys.stdout)
"""

_HELP_GOAL = Goal("--help over bare Python", 6, at_most=True)
_MODULES_GOAL = Goal("heavy modules at --help", 0, at_most=True, unit="")
_PORTAL_GOAL = Goal("portal import over bare Python", 25, at_most=True)


def _start(code: str) -> Subject:
    return lambda: processes.run(["-c", code]).seconds


def measure(bench: Bench) -> Findings:
    """Start each process in turn, round by round."""
    subjects = {"bare": _start(_BARE), "help": _start(_HELP), "portal": _start(_PORTAL), "all": _start(_ALL)}
    is_timed = bench.scale is not Scale.TINY
    timings = interleave(subjects, bench.pick(tiny=1, quick=2, full=15), warm_up=is_timed)
    heavy: list[str] = json.loads(processes.run(["-c", _WHICH_HEAVY]).said.splitlines()[-1])
    return Findings(
        floor=timings.text("bare"),
        peer=timings.text("all"),
        ours=f"--help {timings.text('help')}, portal {timings.text('portal')}",
        readings=(
            timings.reading(_HELP_GOAL, "help", "bare"),
            Reading(_MODULES_GOAL, len(heavy), note=", ".join(heavy)),
            timings.reading(_PORTAL_GOAL, "portal", "bare"),
        ),
    )


ROW = Row(
    name="start-up",
    area="start-up",
    floor="bare Python",
    peer="all imports at once",
    goals=(_HELP_GOAL, _MODULES_GOAL, _PORTAL_GOAL),
    measure=measure,
    quick=True,
)
