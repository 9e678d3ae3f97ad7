"""Reconciling a million charges with a million postings. The tie-out proves balances so far, not pairs."""

from __future__ import annotations

from bench.frame import Goal, Row

_WAITS = "the pairing of every charge with its posting"

ROW = Row(
    name="reconcile",
    area="reconcile 1M x 1M",
    floor="polars, in memory",
    peer="a Python dict, without its load",
    goals=(
        Goal("over the dict", 1.3, at_most=True, waits_for=_WAITS),
        Goal("1,000 new rows, part of a full run", 0.01, at_most=True, waits_for=_WAITS),
    ),
)
