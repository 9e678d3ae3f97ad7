"""What follows for a posting from each way a call can fail: the policy table, as a pure function.

Knows no row's guard and no HTTP. Laws: only a definite no of a create holds a posting; a wait that QuickBooks asked
for and a connection that a person must renew do not count as attempts; what is unclear is looked for before it is sent
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from connector.errors import GatewayError, NotConnected, RateLimited, Rejected, Transient, Unauthorised, UnknownOutcome
from sync.pushing.refusals import refusal_of

FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0
PAUSE = 900.0  # while QuickBooks takes no entries at all


class Outcome(StrEnum):
    """How the send of one posting ended."""

    POSTED = "posted"
    HELD = "held"
    UNKNOWN = "unknown"  # it may have happened; it is looked for after a while
    PAUSED = "paused"  # nothing happened, and nothing of this company would for a while
    RECONNECT = "reconnect"  # a person must connect QuickBooks again
    FENCED = "fenced"  # another worker has it


@dataclass(frozen=True)
class Verdict:
    """What a failure means: the outcome, how long to wait, whether the try counts, and its word in the attempt log."""

    outcome: Outcome
    word: str
    wait_seconds: float = 0.0
    counts: bool = True


def verdict_on(error: GatewayError | NotConnected, *, verb: str, attempt: int) -> Verdict:
    """Return what follows from a failed call. `verb` is find or create; `attempt` counts from 1."""
    if isinstance(error, RateLimited):
        return Verdict(Outcome.PAUSED, "rate_limited", error.wait_seconds, counts=False)
    if isinstance(error, Unauthorised | NotConnected):
        return Verdict(Outcome.RECONNECT, "unauthorised", counts=False)
    if isinstance(error, UnknownOutcome):
        return Verdict(Outcome.UNKNOWN, "unknown", backoff(attempt))
    if isinstance(error, Transient):
        return Verdict(Outcome.PAUSED, "transient", backoff(attempt))
    assert isinstance(error, Rejected), f"no rule for {type(error).__name__}"
    if refusal_of(error.code).waits:
        return Verdict(Outcome.PAUSED, "rejected", PAUSE, counts=False)
    return Verdict(Outcome.HELD, "rejected" if verb == "create" else "refused")


def looks_first(*, attempts: int, came_from: str) -> bool:
    """Tell whether a posting is looked for before it is sent. `attempts` are those made before, in any generation."""
    return attempts > 0 or came_from == "unknown"


def state_after(verdict: Verdict, *, came_from: str) -> str:
    """Return the state of a posting after a failure: held, unknown where it may stand in QuickBooks, or due again.

    `came_from` is the state it was claimed in: what was unknown before a look-up failed is still unknown after it.
    """
    if verdict.outcome is Outcome.HELD:
        return "held"
    return "unknown" if verdict.outcome is Outcome.UNKNOWN or came_from != "due" else "due"


def backoff(attempt: int) -> float:
    """Return the seconds to wait after the nth attempt: 5, 10, 20 and so on, at most five minutes."""
    return float(min(FIRST_WAIT * 2 ** (max(attempt, 1) - 1), LONGEST_WAIT))
