"""The trace that the plant's processes write, one line for each crash point passed, and what it says.

Law: times are those of the machine's one monotonic clock, so that lines of all processes and the harness's own notes
can be laid beside one another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Passage:
    """One point passed by one process: `what` is passed, killed (a trap was laid) or vain (a bell told of nothing)."""

    at: float
    pid: int
    role: str
    point: str
    what: str


@dataclass(frozen=True)
class Span:
    """A stretch of time in which one trouble was on; both ends in monotonic seconds."""

    trouble: str
    began: float
    ended: float


class Trace:
    """Reads the trace as it grows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch()
        self._file = path.open()
        self._passages: list[Passage] = []
        self._rest = ""

    def passages(self) -> list[Passage]:
        """Return all passages so far, in the order they were written."""
        text = self._rest + self._file.read()
        *lines, self._rest = text.split("\n")
        for line in lines:
            words = line.split(" ")
            if len(words) == 5:  # a process may have died in the middle of a line
                self._passages.append(Passage(float(words[0]), int(words[1]), words[2], words[3], words[4]))
        return self._passages

    def last_of(self, pid: int) -> str:
        """Return the last point that a process passed, empty when it passed none."""
        return next((one.point for one in reversed(self.passages()) if one.pid == pid), "")

    def points(self) -> list[str]:
        """Return every point seen so far, sorted."""
        return sorted({one.point for one in self.passages() if one.what != "vain"})

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def passed_during(passages: Iterable[Passage], spans: Iterable[Span]) -> Counter[tuple[str, str]]:
    """Count how often each point was passed while each trouble was on: {(point, trouble): times}."""
    spans, counted = list(spans), Counter[tuple[str, str]]()
    for one in passages:
        if one.what == "vain":
            continue
        for trouble in {span.trouble for span in spans if span.began <= one.at <= span.ended}:
            counted[one.point, trouble] += 1
    return counted
