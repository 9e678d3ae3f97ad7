"""What a broken invariant is called: which one, on what, and why, in a sentence.

Values only. Law: whoever reads one can find the row it is about.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Broken:
    """One row or object that breaks an invariant; `subject` is its id, `reason` a sentence."""

    invariant: str  # I-1 to I-23
    subject: str
    reason: str
