"""Memory of a first sync: what ten times as many invoices cost, and the most a pull ever holds."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

from bench import product
from bench.databases import SqliteFiles
from bench.frame import Bench, Findings, Goal, Reading, Row
from bench.processes import run, standin

FEW, MANY = 10_000, 100_000
_GROWTH_GOAL = Goal("growth from 10,000 to 100,000 invoices", 4, at_most=True, unit=" MiB")
_PEAK_GOAL = Goal("peak", 110, at_most=True, unit=" MiB")


def measure(bench: Bench) -> Findings:
    """Pull a short and a long list, each in a process of its own; the growth is measured, never extrapolated.

    What a process holds does not depend on who runs beside it, so they run together.
    """
    few = bench.pick(tiny=40, quick=FEW, full=FEW)
    many = bench.pick(tiny=80, quick=MANY, full=MANY)
    collects = bench.pick(tiny=20, quick=5_000, full=FEW)
    files = SqliteFiles(bench.folder)
    with ThreadPoolExecutor() as together:
        pulls = together.submit(_peak, many, files), together.submit(_peak, few, files)
        gathering = together.submit(_peak_collected, collects, files)
        base = json.loads(run(["-c", _IMPORTS]).said)
        large, small = (pull.result() for pull in pulls)
        collected = gathering.result()
    return Findings(
        floor=f"{base:.0f} MiB",
        peer=f"{collected:.0f} MiB at {collects:,}, {(collected - base) * 1024 / collects:.1f} KiB each",
        ours=f"{small:.0f} MiB at {few:,}, {large:.0f} MiB at {many:,}",
        readings=(Reading(_GROWTH_GOAL, large - small), Reading(_PEAK_GOAL, large)),
    )


_IMPORTS = "import bench.pull, bench.memory; print(bench.memory.peak_mib())"


def _peak(invoices: int, files: SqliteFiles) -> float:
    with standin(invoices=invoices) as url:
        variables = product.fresh_company(url, files)
        told = json.loads(run(["-m", "bench.pull"], variables).said)
    assert product.kept_invoices(variables) == invoices
    return float(told["peak_mib"])


def _peak_collected(invoices: int, files: SqliteFiles) -> float:
    with standin(invoices=invoices) as url:
        told = json.loads(run(["-m", "bench.peers.pull", url, f"sqlite:///{files.path()}", "--collect"]).said)
    assert told["pulled"] == invoices
    return float(told["peak_mib"])


ROW = Row(
    name="memory",
    area="memory",
    floor="the imports",
    peer="python-quickbooks, everything collected",
    goals=(_GROWTH_GOAL, _PEAK_GOAL),
    measure=measure,
    quick=True,
)
