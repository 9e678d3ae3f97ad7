"""Faults by name: which request goes wrong, and how.

A programme is a list of {"match": {"service", "operation", "nth", "times"}, "do": "name[:argument]"}. It only chooses:
transport faults are carried out by the host, faults of meaning by the stand-in that asks. Operations are named
`entity.verb` ("payment.create", "query", "payment_intents.confirm"); a match may end in `*`.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

# What the host itself can do to a request, whatever the stand-in would have answered.
TRANSPORT = frozenset(
    {"reset_before", "drop_after_commit", "truncate", "delay", "status", "status_html", "status_empty"}
)


@dataclass(frozen=True)
class Fault:
    """One fault to carry out: a name and its argument text."""

    name: str
    argument: str = ""


class Faults:
    """The programme in force; each rule counts the requests it matched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[dict[str, Any]] = []
        self.carried_out: list[dict[str, str]] = []

    def load(self, rules: list[dict[str, Any]]) -> None:
        """Replace the programme. Raises ValueError for a rule without `do`."""
        fresh = []
        for rule in rules:
            if not rule.get("do"):
                raise ValueError("every fault names what to `do`")
            fresh.append({"match": dict(rule.get("match", {})), "do": str(rule["do"]), "seen": 0, "done": 0})
        with self._lock:
            self._rules = fresh

    def listing(self) -> list[dict[str, Any]]:
        """Return the programme with how often each rule was seen and done."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def pick(
        self, service: str, operation: str, *, transport: bool = False, only: Collection[str] | None = None
    ) -> list[Fault]:
        """Return the faults due for this request: those of the transport, or those of meaning, or of these names `only`.

        A rule with another name is neither counted nor used up by the request.
        """
        due = []
        with self._lock:
            for rule in self._rules:
                name, _, argument = rule["do"].partition(":")
                asked = (name in TRANSPORT) is transport if only is None else name in only
                if not asked or not _matches(rule["match"], service, operation):
                    continue
                rule["seen"] += 1
                if _is_due(rule):
                    rule["done"] += 1
                    due.append(Fault(name, argument))
                    self.carried_out.append({"service": service, "operation": operation, "do": rule["do"]})
        return due


def _matches(match: dict[str, Any], service: str, operation: str) -> bool:
    return match.get("service", service) == service and fnmatch.fnmatchcase(operation, match.get("operation", "*"))


def _is_due(rule: dict[str, Any]) -> bool:
    """Tell whether this passage is one to spoil: the nth alone, or the first `times` (1 unless told, 0 for all)."""
    match = rule["match"]
    if "nth" in match:
        return bool(rule["seen"] == int(match["nth"]))
    times = int(match.get("times", 1))
    return times == 0 or bool(rule["done"] < times)
