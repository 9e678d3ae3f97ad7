"""Simulated days and model checking, which come with the simulation of the whole product."""

from __future__ import annotations

from bench.frame import Goal, Row

_WAITS = "the simulation"

ROW = Row(
    name="simulation",
    area="also",
    floor="-",
    peer="-",
    goals=(
        Goal("interleavings checked in a second", 100_000, at_most=False, unit="", waits_for=_WAITS),
        Goal("a day of 1,000 payments, 30 % of calls spoiled", 60, at_most=True, unit=" s", waits_for=_WAITS),
    ),
)
