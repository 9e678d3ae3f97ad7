"""Many runs added up: what was thrown at them, what broke, and how long money took to reach the books.

Plain numbers for a person and for JSON. Law: a number stands here only if a run counted it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.harness.sim.points import known_commits
from tests.harness.sim.results import Result

# What an invariant's break means for the money, in the words of the page on trust.
LOST_OR_DOUBLED = {"I-1", "I-2", "I-5", "I-10"}


@dataclass
class Report:
    """The account of many seeds."""

    results: list[Result] = field(default_factory=list)
    wall_seconds: float = 0.0

    def add(self, result: Result) -> None:
        """Count a run."""
        self.results.append(result)

    @property
    def failed(self) -> list[Result]:
        """The runs that broke something."""
        return [one for one in self.results if not one.is_right]

    def sum_of(self, name: str) -> Any:
        """Add a number or a counter of all runs up."""
        values = [getattr(one, name) for one in self.results]
        if values and isinstance(values[0], Counter):
            total: Counter[Any] = Counter()
            for value in values:
                total.update(value)
            return total
        return sum(values)

    def summary(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        waits = sorted(wait for one in self.results for wait in one.to_books)
        faults, spoilable = self.sum_of("faults"), self.sum_of("calls_spoilable")
        points, crashes = self.sum_of("points"), self.sum_of("crashes")
        broken = [one for result in self.results for one in result.broken]
        return {
            "seeds": len(self.results),
            "seeds_failed": sorted(one.seed for one in self.failed),
            "virtual_days": round(sum(one.virtual_seconds for one in self.results) / 86_400, 1),
            "steps": self.sum_of("steps"),
            "payments_started": self.sum_of("presses"),
            "payments_charged": self.sum_of("payments"),
            "charged_minor": self.sum_of("charged_minor"),
            "calls": self.sum_of("calls"),
            "calls_while_faults_were_on": spoilable,
            "calls_faulted": sum(faults.values()),
            "calls_faulted_share": round(sum(faults.values()) / spoilable, 3) if spoilable else 0.0,
            "faults": dict(faults.most_common()),
            "crashes": sum(crashes.values()),
            "crashes_by_point": dict(crashes.most_common()),
            "switches": sum(self.sum_of("switches").values()),
            "points_passed": dict(points.most_common()),
            "points_never_crashed": sorted(set(points) - set(crashes)),
            "commits_never_passed": sorted(known_commits() - {name.rpartition(".")[0] for name in points}),
            "webhooks": dict(self.sum_of("carried").most_common()),
            "actions": dict(self.sum_of("actions").most_common()),
            "payers_were_told": dict(self.sum_of("told").most_common()),
            "consents_to_try_again": dict(self.sum_of("retries").most_common()),
            "jobs_lost": self.sum_of("jobs_lost"),
            "mails": self.sum_of("mails"),
            "mails_sent_twice": self.sum_of("mails_twice"),
            "postings": dict(self.sum_of("postings").most_common()),
            "discrepancies": dict(self.sum_of("discrepancies").most_common()),
            "lost_or_doubled": sum(one[0] in LOST_OR_DOUBLED for one in broken),
            "misstated": sum(one[0] in {"I-3", "I-4", "I-18", "I-23"} for one in broken),
            "broken": dict(Counter(one[0] for one in broken)),
            "unexpected_errors": sum(len(one.unexpected) for one in self.results),
            "unexplained_minor": sum(one.unexplained or 0 for one in self.results),
            "seconds_to_books": {"p50": _at(waits, 0.5), "p99": _at(waits, 0.99), "max": _at(waits, 1.0)},
            "matrix": {f"{step} {fault}": times for (step, fault), times in sorted(self.sum_of("matrix").items())},
            "cpu_seconds": round(self.sum_of("cpu_seconds"), 1),
            "wall_seconds": round(self.wall_seconds, 1),
            "digests": {one.seed: one.digest for one in self.results},
        }


def _at(sorted_values: Sequence[float], share: float) -> float | None:
    if not sorted_values:
        return None
    return round(sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))], 1)


def told(report: Report) -> str:
    """Return the report in the lines a person reads first."""
    said = report.summary()
    waits = said["seconds_to_books"]
    lines = [
        f"{said['seeds']} seeds, {said['virtual_days']} simulated days, {said['steps']} steps",
        f"{said['payments_charged']} payments of {said['payments_started']} started,"
        f" {said['charged_minor'] / 100:,.2f} charged",
        f"{said['calls']} calls; {said['calls_faulted']} of {said['calls_while_faults_were_on']} faulted"
        f" ({said['calls_faulted_share']:.0%}); {said['crashes']} crashes, {said['switches']} switches",
        f"webhooks {said['webhooks']}",
        f"discrepancies {said['discrepancies']}",
        f"consents to try again {said['consents_to_try_again']}",
        f"to the books: p50 {waits['p50']} s, p99 {waits['p99']} s, longest {waits['max']} s (simulated)",
        f"lost or doubled {said['lost_or_doubled']}, misstated {said['misstated']},"
        f" unexplained {said['unexplained_minor']}, unexpected errors {said['unexpected_errors']}",
        f"{said['cpu_seconds']} s of CPU, {said['wall_seconds']} s",
    ]
    return "\n".join(lines)
