"""A first sync under QuickBooks' own limits: wall against what the limits allow, and not one refused call.

The stand-in keeps 10 calls a second and 500 a minute and answers each after a round trip. The floor is the longer of
both: calls at ten a second, or round trips with ten of them under way.
"""

from __future__ import annotations

import json
from math import ceil

from bench import product
from bench.databases import SqliteFiles
from bench.frame import Bench, Findings, Goal, Reading, Row
from bench.pages import PAGE
from bench.processes import journal, run, standin
from sync.entities import ENTITIES

CALLS_A_SECOND = 10
_WALL_GOAL = Goal("wall over the limits' floor", 1.15, at_most=True)
_REFUSED_GOAL = Goal("calls refused with 429", 0, at_most=True, unit="")
_CALLS_GOAL = Goal("calls beyond pages and entities", 0, at_most=True, unit="")
_IDLE_GOAL = Goal("calls of an idle poll", 1, at_most=True, unit="")
_BATCH_GOAL = Goal("calls for K payments beyond K/30", 0, at_most=True, unit="", waits_for="posting in batches")


def measure(bench: Bench) -> Findings:
    """Pull once from nothing and once with nothing to do, throttled as in an installation."""
    invoices = bench.pick(tiny=40, quick=30_000, full=100_000)
    customers, round_trip_ms = invoices // 10, bench.pick(tiny=1, quick=300, full=300)
    files = SqliteFiles(bench.folder)
    with standin(invoices=invoices, customers=customers, round_trip_ms=round_trip_ms, limited=True) as url:
        variables = product.fresh_company(url, files)
        seconds = _pull(variables)
        loaded = journal(url)
        idle_seconds = _pull(variables)
        after = journal(url)
    assert product.kept_invoices(variables) == invoices
    calls, idle = len(loaded["calls"]), len(after["calls"]) - len(loaded["calls"])
    floor = max(calls / CALLS_A_SECOND, calls * round_trip_ms / 1000 / CALLS_A_SECOND)
    serial = calls * round_trip_ms / 1000
    needed = ceil(invoices / PAGE) + ceil(customers / PAGE) + len(ENTITIES)
    return Findings(
        floor=f"{floor:.1f} s for {calls} calls",
        peer=f"{serial:.1f} s: {calls} round trips of {round_trip_ms} ms, computed",
        ours=f"{seconds:.1f} s, an idle poll {idle_seconds:.2f} s",
        readings=(
            Reading(_WALL_GOAL, seconds / floor),
            Reading(_REFUSED_GOAL, after["refused"]),
            Reading(_CALLS_GOAL, calls - needed, note=f"{calls} calls for {needed}"),
            Reading(_IDLE_GOAL, idle),
        ),
    )


def _pull(variables: dict[str, str]) -> float:
    told = json.loads(run(["-m", "bench.pull", "--throttled"], variables).said)
    return float(told["seconds"])


ROW = Row(
    name="api-bound",
    area="API-bound sync",
    floor="10 calls a second",
    peer="one page after the other",
    goals=(_WALL_GOAL, _REFUSED_GOAL, _CALLS_GOAL, _IDLE_GOAL, _BATCH_GOAL),
    measure=measure,
)
