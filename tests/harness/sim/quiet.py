"""The product's log in the simulation: nothing is printed, failures are counted, and the unexpected is kept.

Work that fails inside a sweep is only logged by the product; here that must not go unseen. Law: an error that is none
of Tieout's own kinds, and no closed door of the database, is unexpected.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from connector.errors import TieoutError


@dataclass
class Heard:
    """What was logged."""

    events: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)

    def __call__(self, logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Count an event; keep the error under way where it is none of ours."""
        said = " ".join(str(event[name]) for name in ("event", "error") if event.get(name))
        self.events[said] += 1
        error = sys.exc_info()[1]
        if isinstance(error, Exception) and not isinstance(error, TieoutError):
            self.unexpected.append(f"logged {said}: {type(error).__name__}: {error}"[:500])
        raise structlog.DropEvent


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear everything that is logged in a block, and print none of it."""
    heard, before = Heard(), structlog.get_config()
    structlog.configure(processors=[heard], cache_logger_on_first_use=False)
    try:
        yield heard
    finally:
        structlog.configure(**before)
