"""Every row of the bench runs, on sizes that say nothing about speed, and finds what it promises.

Speed is measured by the bench and never asserted here. Some rows start processes, and two start PostgreSQL.
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest

from bench.frame import Bench, Findings, Goal, Reading, Row, Scale
from bench.measure import Timings, interleave
from bench.rows import ROWS
from bench.table import Outcome, as_json, draw

MEASURED = [row for row in ROWS if row.measure]
PERFORMANCE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

# The rows of the issue: whoever runs `bench --quick` sees them.
QUICK = {
    "page-sqlite",
    "page-postgresql",
    "unchanged-page",
    "first-sync",
    "memory",
    "start-up",
    "webhook",
    "invoice-list",
    "pay-page",
    "standin",
}


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.name)
def test_a_row_runs_and_reads_every_goal(row: Row, tmp_path: Path) -> None:
    assert row.measure
    findings = row.measure(Bench(Scale.TINY, tmp_path))
    assert {reading.goal for reading in findings.readings} == {goal for goal in row.goals if not goal.waits_for}
    assert all(math.isfinite(reading.value) for reading in findings.readings)
    assert findings.floor
    assert findings.peer
    assert findings.ours


def test_the_quick_rows_are_those_of_the_promise() -> None:
    assert {row.name for row in ROWS if row.quick} == QUICK


def test_the_table_names_every_goal_measured_or_not() -> None:
    goals = [goal.text for row in ROWS for goal in row.goals]
    drawn, told = io.StringIO(), json.loads(as_json([Outcome(row) for row in ROWS], Scale.QUICK))
    draw([Outcome(row) for row in ROWS], drawn)
    words = "".join(drawn.getvalue().split())
    assert [goal["goal"] for row in told["rows"] for goal in row["goals"]] == goals
    for row in ROWS:
        assert row.name in words
        assert row.floor.split()[0] in words
    assert len(goals) == len(set(zip([row.name for row in ROWS for _ in row.goals], goals, strict=True)))


def test_the_page_about_performance_names_every_row_and_goal() -> None:
    page = " ".join(PERFORMANCE.read_text().split())
    for row in ROWS:
        assert f"`{row.name}`" in page, row.name
        for goal in row.goals:
            assert goal.text in page, f"{row.name}: {goal.text}"


def test_what_was_not_measured_never_looks_met() -> None:
    row = Row(
        "a", "area", "floor", "peer", (Goal("speed", 1, at_most=True), Goal("size", 1, at_most=True, waits_for="x"))
    )
    broken = json.loads(as_json([Outcome(row, error="could not be measured: ValueError")], Scale.FULL))
    assert [(goal["met"], goal["note"]) for goal in broken["rows"][0]["goals"]] == [
        (None, "could not be measured: ValueError"),
        (None, "waits for x"),
    ]


def test_a_goal_is_met_up_to_its_bound_and_not_beyond() -> None:
    at_most, at_least = Goal("over", 1.6, at_most=True), Goal("faster", 12, at_most=False)
    assert Reading(at_most, 1.6).met
    assert not Reading(at_most, 1.61).met
    assert Reading(at_least, 12).met
    assert not Reading(at_least, 11.99).met
    assert (at_most.text, at_least.text) == ("over ≤ 1.60×", "faster ≥ 12×")


def test_the_ratio_is_taken_inside_each_round() -> None:
    # Noise that hits both sides of a round alike must not show: the second round was ten times as slow.
    timings = Timings({"ours": [2.0, 20.0, 2.2], "floor": [1.0, 10.0, 1.0]})
    reading = timings.reading(Goal("over", 3, at_most=True), "ours", "floor")
    assert reading.value == 2.0
    assert reading.low is not None
    assert reading.high is not None
    assert reading.low <= reading.value <= reading.high


def test_subjects_take_turns_and_the_warm_up_does_not_count() -> None:
    order: list[str] = []

    def subject(name: str, seconds: float):  # type: ignore[no-untyped-def]
        return lambda: order.append(name) or seconds

    timings = interleave({"a": subject("a", 1.0), "b": subject("b", 2.0)}, 2)
    assert order == ["a", "b", "a", "b", "b", "a"]
    assert timings.rounds == {"a": [1.0, 1.0], "b": [2.0, 2.0]}


def test_findings_reach_the_table() -> None:
    goal = Goal("over the floor", 1.6, at_most=True)
    row = Row("page", "page", "the driver", "the library", (goal,))
    found = Findings("19.1 ms", "442 ms", "28 ms", (Reading(goal, 1.47, 1.4, 1.52),), notes=("a note",))
    drawn = io.StringIO()
    draw([Outcome(row, found, 3.0)], drawn)
    text = drawn.getvalue()
    for part in ("19.1 ms", "442 ms", "28 ms", "1.47×", "met", "page: a note", "1 goal measured"):
        assert part in text
