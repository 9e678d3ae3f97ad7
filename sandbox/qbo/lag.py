"""Rows that queries do not see yet: what was just created, while an index somewhere is still behind.

In memory only, for it is over within seconds. Law: a read by id and the change feed always see the document.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

KEPT = 1000


class Lag:
    """The newest documents and until when each is hidden. Callers hold the lock of the stand-in."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._made: deque[tuple[str, str, str, float, float]] = deque(maxlen=KEPT)

    def note(self, realm: str, entity: str, key: str, *, hidden_for: float) -> None:
        """Remember that a document was just created, unseen for so many seconds."""
        now = self._seconds()
        self._made.append((realm, entity, key, now, now + hidden_for))

    def unseen(self, realm: str, entity: str, behind: float = 0.0) -> frozenset[str]:
        """Return the ids a query leaves out whose own view is `behind` seconds old."""
        now = self._seconds()
        return frozenset(
            key
            for of, kind, key, at, until in self._made
            if (of, kind) == (realm, entity) and (until > now or at > now - behind)
        )
