"""Draws what the rows found: a table for people, JSON for programs, Markdown for the page. Every goal is named.

Knows no row. Law: what was not measured says why, and never looks like what was met.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TextIO

from bench.frame import Findings, Goal, Reading, Row, Scale, number

_LIBRARIES = ("SQLAlchemy", "sqlmodel", "msgspec", "python-quickbooks", "stripe", "Flask", "rq", "psycopg")
_COLUMNS = ("row", "floor", "what else is picked", "Tieout", "goal", "measured", "")
_WIDTH = 170
_NO_GOAL = "none: told by step"


@dataclass(frozen=True)
class Outcome:
    """A row and what became of it: findings, or the reason why there are none."""

    row: Row
    findings: Findings | None = None
    seconds: float = 0.0
    error: str = ""

    def why_not(self, goal: Goal) -> str:
        """Return why a goal was not measured, in a few words."""
        if goal.waits_for:
            return f"waits for {goal.waits_for}"
        return self.error or "in the full run"


def verdicts(outcome: Outcome) -> Iterator[tuple[Goal, Reading | None]]:
    """Give every goal of a row with its reading, in the order of the table of goals."""
    readings = {reading.goal: reading for reading in outcome.findings.readings} if outcome.findings else {}
    for goal in outcome.row.goals:
        yield goal, readings.get(goal)


def draw(outcomes: Sequence[Outcome], to: TextIO) -> None:
    """Draw the table; in colour on a terminal, plain elsewhere."""
    from rich.console import Console
    from rich.table import Table

    console = Console(file=to, width=None if to.isatty() else _WIDTH, highlight=False)
    table = Table(*_COLUMNS, expand=False, pad_edge=False)
    for outcome in outcomes:
        for line in _lines(outcome):
            table.add_row(*line)
        table.add_section()
    console.print(table)
    for outcome in outcomes:
        for note in outcome.findings.notes if outcome.findings else ():
            console.print(f"{outcome.row.name}: {note}", markup=False)
    console.print(_sum(outcomes), markup=False)


def _lines(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    row, found = outcome.row, outcome.findings
    if not row.goals:
        measured = (f"{row.floor}\n{found.floor}", row.peer, found.ours) if found else (row.floor, row.peer, "")
        yield (row.name, *measured, _NO_GOAL, "" if found else outcome.error or "in the full run", "")
    for n, (goal, reading) in enumerate(verdicts(outcome)):
        floor, peer = (f"{row.floor}\n{found.floor}", f"{row.peer}\n{found.peer}") if found else (row.floor, row.peer)
        head = (row.name, floor, peer, found.ours if found else "") if n == 0 else ("", "", "", "")
        if reading is None:
            yield (*head, goal.text, f"[dim]{outcome.why_not(goal)}[/dim]", "")
        else:
            note = f"\n{reading.note}" if reading.note else ""
            yield (*head, goal.text, reading.text + note, "[green]met[/green]" if reading.met else "[red]missed[/red]")


def _sum(outcomes: Sequence[Outcome]) -> str:
    readings = [reading for outcome in outcomes for _, reading in verdicts(outcome) if reading]
    missed = sum(not reading.met for reading in readings)
    broken = [outcome.row.name for outcome in outcomes if outcome.error]
    spent = sum(outcome.seconds for outcome in outcomes)
    goals = "1 goal" if len(readings) == 1 else f"{len(readings)} goals"
    text = f"{goals} measured, {len(readings) - missed} met, {missed} missed, in {spent:.0f} s. {machine()}."
    return text + (f" Broken rows: {', '.join(broken)}." if broken else "")


def as_json(outcomes: Sequence[Outcome], scale: Scale) -> str:
    """Return everything as one JSON object."""
    rows = [
        {
            "row": outcome.row.name,
            "area": outcome.row.area,
            "floor": {"what": outcome.row.floor, "measured": outcome.findings.floor if outcome.findings else None},
            "peer": {"what": outcome.row.peer, "measured": outcome.findings.peer if outcome.findings else None},
            "ours": outcome.findings.ours if outcome.findings else None,
            "goals": [_goal_json(outcome, goal, reading) for goal, reading in verdicts(outcome)],
            "notes": list(outcome.findings.notes) if outcome.findings else [],
            "seconds": round(outcome.seconds, 1),
        }
        for outcome in outcomes
    ]
    told = {"day": datetime.now(UTC).date().isoformat(), "machine": machine(), "scale": scale.value, "rows": rows}
    return json.dumps(told, indent=1, ensure_ascii=False)


def _goal_json(outcome: Outcome, goal: Goal, reading: Reading | None) -> dict[str, object]:
    told: dict[str, object] = {"goal": goal.text, "bound": goal.bound, "at_most": goal.at_most, "unit": goal.unit}
    if reading is None:
        return {**told, "measured": None, "met": None, "note": outcome.why_not(goal)}
    return {
        **told,
        "measured": reading.value,
        "quartiles": None if reading.low is None else [reading.low, reading.high],
        "met": reading.met,
        "note": reading.note,
    }


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """Return the table as docs/performance.md holds it, without the ranges of a single run."""
    lines = ["| row | floor | what else is picked | Tieout | goal | measured | |", "|---|---|---|---|---|---|---|"]
    for outcome in outcomes:
        row, found = outcome.row, outcome.findings
        floor, peer = (f"{row.floor}: {found.floor}", f"{row.peer}: {found.peer}") if found else (row.floor, row.peer)
        if not row.goals:
            lines.append(_cells(f"`{row.name}`", floor, row.peer, found.ours if found else "", _NO_GOAL, "", ""))
        for n, (goal, reading) in enumerate(verdicts(outcome)):
            head = (f"`{row.name}`", floor, peer, found.ours if found else "") if n == 0 else ("", "", "", "")
            if reading is None:
                lines.append(_cells(*head, goal.text, outcome.why_not(goal), ""))
            else:
                value = f"{number(reading.value)}{goal.unit}"
                lines.append(_cells(*head, goal.text, value, "met" if reading.met else "**missed**"))
    return "\n".join(lines)


def _cells(*texts: str) -> str:
    return f"| {' | '.join(texts)} |"


def machine() -> str:
    """Say on what kind of machine this ran, and with which versions; never its name."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    cores = os.cpu_count()
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{platform.system()} on {platform.machine()}, {cores} cores, Python {python}; {libraries}"
