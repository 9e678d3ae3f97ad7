"""First sync over HTTP, as whole processes: from the start of Python to the last commit."""

from __future__ import annotations

import json
from functools import partial
from statistics import median

from bench import product
from bench.databases import SqliteFiles
from bench.frame import Bench, Findings, Goal, Row
from bench.measure import interleave
from bench.page_race import part_notes
from bench.processes import fetch_all, run, standin

_PEER_GOAL = Goal("faster than python-quickbooks", 6, at_most=False)
_TAP_GOAL = Goal(
    "faster than tap-quickbooks", 10, at_most=False, waits_for="tap-quickbooks: not installed, see the notes"
)
# Measured elsewhere in one run against one stand-in (docs/performance.md): quoted, not measured.
_TAP_OVER_PEER = 11.15 / 5.92
_ELSEWHERE = (
    "measured elsewhere, in times of python-quickbooks with merge: airbyte-source-quickbooks 4.0.4 took 1.04,"
    " tap-quickbooks 2.5.0 took 1.88, both to stdout and without a database"
)


def measure(bench: Bench) -> Findings:
    """Pull all invoices from nothing, each side in a process of its own against the same stand-in."""
    invoices = bench.pick(tiny=50, quick=10_000, full=10_000)
    part = bench.pick(tiny=1, quick=10, full=1)
    files = SqliteFiles(bench.folder)
    starts: list[float] = []
    with standin(invoices=invoices) as url, standin(invoices=invoices // part) as short_url:
        subjects = {
            "floor": partial(fetch_all, url, invoices),
            "ours": partial(_ours, url, files, invoices, starts),
            "peer": partial(_theirs, short_url, files, invoices // part, part),
        }
        timings = interleave(subjects, bench.pick(tiny=1, quick=2, full=5), warm_up=False)
    tap = timings.median("peer") / timings.median("ours") * _TAP_OVER_PEER
    return Findings(
        floor=timings.text("floor"),
        peer=timings.text("peer"),
        ours=timings.text("ours"),
        readings=(timings.reading(_PEER_GOAL, "peer", "ours"),),
        notes=(
            *(f"{note}, its start counted once" for note in part_notes(part)),
            f"{median(starts):.2f} s of Tieout's time are start, imports and end, however much is pulled",
            _ELSEWHERE,
            f"by that figure tap-quickbooks would take {tap:.1f} times as long as Tieout: computed, not measured",
            "no side is throttled here; QuickBooks' limits are the business of api-bound",
        ),
    )


def _ours(url: str, files: SqliteFiles, invoices: int, starts: list[float]) -> float:
    variables = product.fresh_company(url, files)
    ended = run(["-m", "bench.pull"], variables)
    starts.append(ended.seconds - json.loads(ended.said)["seconds"])
    assert product.kept_invoices(variables) == invoices
    return ended.seconds


def _theirs(url: str, files: SqliteFiles, invoices: int, part: int) -> float:
    ended = run(["-m", "bench.peers.pull", url, f"sqlite:///{files.path()}"])
    told = json.loads(ended.said)
    assert told["pulled"] == invoices
    return float(ended.seconds + told["seconds"] * (part - 1))  # the start of the process is counted once


ROW = Row(
    name="first-sync",
    area="first sync over HTTP, whole process",
    floor="fetching the pages, no more",
    peer="python-quickbooks, 1,000 a page, + merge",
    goals=(_PEER_GOAL, _TAP_GOAL),
    measure=measure,
    quick=True,
)
