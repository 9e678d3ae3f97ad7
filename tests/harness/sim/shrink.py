"""A failing run made small: decisions are left out by halves, then one by one, while it still breaks the same way.

Starts from the record of what the dice decided. Law: every candidate is a whole run of its own; what is returned was
seen to fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tests.harness.sim.results import Result
from tests.harness.sim.run import Wanted, play
from tests.harness.sim.script import Record

Item = tuple[str, int, str]


def items_of(record: Record) -> list[Item]:
    """Return the decisions of a record."""
    return [(kind, number, word) for kind in sorted(record) for number, word in sorted(record[kind].items())]


def record_of(items: Iterable[Item]) -> dict[str, dict[int, str]]:
    """Return the record of decisions."""
    record: dict[str, dict[int, str]] = {}
    for kind, number, word in items:
        record.setdefault(kind, {})[number] = word
    return record


def signs(result: Result) -> set[str]:
    """Return how a run failed: the invariants, and the kinds of unexpected errors."""
    return {one[0] for one in result.broken} | {" ".join(one.split(": ")[1:3]) for one in result.unexpected}


def shrink(failed: Result, wanted: Wanted, *, seconds: float, play: Callable[[Wanted], Result] = play) -> Result:
    """Return the smallest failing run found within some real seconds."""
    end = time.monotonic() + seconds
    wrong = signs(failed)
    smallest, items = failed, items_of(failed.taken)
    size = max(1, len(items) // 2)
    while size and items and time.monotonic() < end:
        start, left_out = 0, False
        while start < len(items) and time.monotonic() < end:
            fewer = items[:start] + items[start + size :]
            tried = play(_again(wanted, fewer))
            if signs(tried) & wrong:
                smallest, items, left_out = tried, items_of(tried.taken), True
            else:
                start += size
        if not left_out or size > 1:
            size //= 2
    return smallest


def _again(wanted: Wanted, items: list[Item]) -> Wanted:
    return Wanted(wanted.seed, payers=wanted.payers, actions=wanted.actions, record=record_of(items))


def written_test(result: Result, wanted: Wanted, bug: str) -> str:
    """Return the text of a pytest file that plays a shrunk run again."""
    planted = f"    with planted({bug!r}):\n        result = play(wanted)" if bug else "    result = play(wanted)"
    lines = [
        f'"""Seed {result.seed} broke {", ".join(sorted(signs(result)))}: this plays what was left of it again."""',
        "",
        "from __future__ import annotations",
        "",
        *(["from tests.harness.bugs import planted"] if bug else []),
        "from tests.harness.sim.run import Wanted, play",
        "",
        f"RECORD = {record_of(items_of(result.taken))!r}",
        "",
        "",
        f"def test_seed_{result.seed}() -> None:",
        f"    wanted = Wanted({wanted.seed}, payers={wanted.payers}, actions={wanted.actions}, record=RECORD)",
        planted,
        "    assert result.broken == []",
        "    assert result.unexpected == []",
        "",
    ]
    return "\n".join(lines)
