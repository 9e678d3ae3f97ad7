"""Faults by name: which request goes wrong, and how.

A programme is a list of {"match": {"service", "operation", "nth", "times"}, "do": "name[:argument]"}, or a throw of
dice: {"seed", "rate", "kinds": ["name[:argument]" or {"match", "do"}, ...]}. It only chooses: transport faults are
carried out by the host, faults of meaning by the stand-in that asks. Operations are named `entity.verb`
("payment.create", "query", "payment_intents.confirm"); a match may end in `*`.
"""

from __future__ import annotations

import fnmatch
import random
import threading
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

# What the host itself can do to a request, whatever the stand-in would have answered.
TRANSPORT = frozenset(
    {
        "refuse",
        "reset_before",
        "drop_after_commit",
        "truncate",
        "delay",
        "slow_drip",
        "bad_json",
        "status",
        "status_html",
        "status_empty",
        "500_before",
        "500_after",
        "503_html",
    }
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
        self._dice: random.Random | None = None
        self._rate = 0.0
        self._drawn = threading.local()  # what the dice said of the request that this thread answers
        self.requests = 0
        self.carried_out: list[dict[str, str]] = []

    def load(self, programme: list[dict[str, Any]] | dict[str, Any]) -> None:
        """Replace the programme. Raises ValueError for a rule without `do` or dice without a rate from 0 to 1."""
        dice = programme if isinstance(programme, dict) else None
        rules = [_rule(one) for one in (programme if dice is None else dice.get("kinds", ()))]
        rate = float(dice.get("rate", 0)) if dice else 0.0
        if not 0 <= rate <= 1:
            raise ValueError("the rate is the share of requests to spoil, from 0 to 1")
        with self._lock:
            self._rules, self._rate = rules, rate
            self._dice = random.Random(dice.get("seed", 1)) if dice else None

    def listing(self) -> list[dict[str, Any]]:
        """Return the programme with how often each rule was seen and done."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def pick(
        self, service: str, operation: str, *, transport: bool = False, only: Collection[str] | None = None
    ) -> list[Fault]:
        """Return the faults due for this request: those of the transport, of meaning, or `only` those of these names.

        A rule with another name is neither counted nor used up, so that a stand-in may ask at several places.
        """
        with self._lock:
            self.requests += transport
            if self._dice:
                due = self._thrown(service, operation, transport, only)
            else:
                due = self._due(service, operation, transport, only)
            for rule in due:
                rule["done"] += 1
                self.carried_out.append({"service": service, "operation": operation, "do": rule["do"]})
        return [_fault(rule) for rule in due]

    def _due(self, service: str, operation: str, transport: bool, only: Collection[str] | None) -> list[dict[str, Any]]:
        due = []
        for rule in self._rules:
            name = _fault(rule).name
            asked = (name in TRANSPORT) is transport if only is None else name in only
            if not asked or not _matches(rule["match"], service, operation):
                continue
            rule["seen"] += 1
            if _is_due(rule):
                due.append(rule)
        return due

    def _thrown(
        self, service: str, operation: str, transport: bool, only: Collection[str] | None
    ) -> list[dict[str, Any]]:
        """Throw once for each request, before the stand-in sees it; what is of meaning waits until it asks."""
        if not transport:
            rule = getattr(self._drawn, "rule", None)
            if rule is None or (only is not None and _fault(rule).name not in only):
                return []
            self._drawn.rule = None
            return [rule]
        assert self._dice is not None
        self._drawn.rule = None
        if self._dice.random() >= self._rate:
            return []
        fitting = [rule for rule in self._rules if _matches(rule["match"], service, operation)]
        if not fitting:
            return []
        rule = self._dice.choice(fitting)
        rule["seen"] += 1
        if _fault(rule).name in TRANSPORT:
            return [rule]
        self._drawn.rule = rule
        return []


def _rule(one: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = {"do": one} if isinstance(one, str) else one
    if not wanted.get("do"):
        raise ValueError("every fault names what to `do`")
    return {"match": dict(wanted.get("match", {})), "do": str(wanted["do"]), "seen": 0, "done": 0}


def _fault(rule: dict[str, Any]) -> Fault:
    name, _, argument = rule["do"].partition(":")
    return Fault(name, argument)


def _matches(match: dict[str, Any], service: str, operation: str) -> bool:
    return match.get("service", service) == service and fnmatch.fnmatchcase(operation, match.get("operation", "*"))


def _is_due(rule: dict[str, Any]) -> bool:
    """Tell whether this passage is one to spoil: the nth alone, or the first `times` (1 unless told, 0 for all)."""
    match = rule["match"]
    if "nth" in match:
        return bool(rule["seen"] == int(match["nth"]))
    times = int(match.get("times", 1))
    return times == 0 or bool(rule["done"] < times)
