"""Walking a model: every run, one by one, and the shortest of those that break a rule.

A model gives its first state, the moves from a state, and what is wrong with a state. A run is a sequence of choices
from the first state to one without moves. Law: no run is walked twice, none within the budget is left out.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

State = Hashable
Moves = Callable[[Any], Sequence[tuple[str, Any]]]
Judge = Callable[[Any, bool], Sequence[str]]  # (state, is an end) -> sentences
_LOOK_AT_CLOCK = 8192


@dataclass
class Walked:
    """What a walk came to."""

    name: str
    runs: int = 0
    states: int = 0
    ends: set[State] = field(default_factory=set)
    broken: dict[str, tuple[str, ...]] = field(default_factory=dict)  # sentence -> the shortest trace
    broken_runs: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    is_whole: bool = True


class _Node:
    """A state met before: what is wrong with it, and the nodes behind its moves."""

    __slots__ = ("moves", "state", "wrong")

    def __init__(self, state: State) -> None:
        self.state = state
        self.wrong: Sequence[str] = ()
        self.moves: list[tuple[str, _Node]] | None = None


class Walk:
    """Walks one model depth first; a state is expanded and judged once, every run through it is walked."""

    def __init__(self, name: str, moves: Moves, judge: Judge, *, until: float | None = None) -> None:
        self.result = Walked(name)
        self._moves, self._judge, self._until = moves, judge, until
        self._nodes: dict[State, _Node] = {}
        self._path: list[str] = []
        self._is_over = False

    def run(self, first: State) -> Walked:
        """Walk every run from a state."""
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))
        began = time.perf_counter()
        self._walk(self._node(first))
        self.result.seconds = time.perf_counter() - began
        self.result.states = len(self._nodes)
        self.result.is_whole = not self._is_over
        return self.result

    def _walk(self, node: _Node) -> None:
        moves = node.moves
        if moves is None:
            moves = self._expand(node)
        for sentence in node.wrong:
            self._note(sentence)
        if not moves:
            self._end(node)
            return
        path = self._path
        for label, after in moves:
            path.append(label)
            self._walk(after)
            path.pop()
            if self._is_over:
                return

    def _end(self, node: _Node) -> None:
        result = self.result
        result.runs += 1
        result.ends.add(node.state)
        if self._until and result.runs % _LOOK_AT_CLOCK == 0 and time.perf_counter() > self._until:
            self._is_over = True

    def _node(self, state: State) -> _Node:
        node = self._nodes.get(state)
        if node is None:
            node = self._nodes[state] = _Node(state)
        return node

    def _expand(self, node: _Node) -> list[tuple[str, _Node]]:
        node.moves = [(label, self._node(after)) for label, after in self._moves(node.state)]
        node.wrong = self._judge(node.state, not node.moves)
        return node.moves

    def _note(self, sentence: str) -> None:
        self.result.broken_runs[sentence] += 1
        shortest = self.result.broken.get(sentence)
        if shortest is None or len(self._path) < len(shortest):
            self.result.broken[sentence] = tuple(self._path)
