"""The posting protocol: two workers, one row with lease and fence, one QuickBooks that fails, forgets and lags.

A worker claims, looks where the product's rule says so, creates, and concludes; it may die at each of nine points, its
lease may run out under it at any, and every call may fail in thirteen ways. Law: what follows from a failure is read
from the product's tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.harness.model.rules import DEFINITE_NO, MOST_ATTEMPTS, WIRE, Posting

MOST_TURNS = 9  # a run that is not over by then never ends
FINDS = tuple(name for name in WIRE if name not in DEFINITE_NO)  # a query is never refused for a closed period
CREATES = tuple(WIRE)


class Worker(NamedTuple):
    """One worker's hands: where it stands, what it claimed, and what it will write down."""

    at: str = "idle"  # idle | claim | find | step | create | conclude
    fence: int = 0
    attempt: int = 0
    came: str = ""
    looks: bool = False
    becomes: str = ""
    counts: bool = True


class State(NamedTuple):
    """Everything there is."""

    row: str = "due"
    attempt: int = 0
    fence: int = 0
    is_over: bool = False  # the lease has ended
    docs: tuple[int, ...] = ()  # the requestid of each document in the books
    fresh: int = 0  # how many of the last documents a lagging query does not show
    memory: frozenset[int] = frozenset()  # requestids that QuickBooks remembers
    late: int = -1  # a create that was given up and arrives later
    one: Worker = Worker()
    two: Worker = Worker()
    active: int = 0  # whose turn it is: 1, 2, or 0 for nobody
    turns: int = 0
    left: int = 3  # how much may still go wrong
    broke_word: bool = False  # QuickBooks forgot or ignored a requestid
    was_blind: bool = False  # a query lagged, a request came late, or two workers were at it at once
    was_refused: bool = False  # a definite no
    was_undone: bool = False  # what one worker had concluded, another overwrote


IDLE = Worker()


def first(budget: int) -> State:
    """Return the first state: a posting is due, and `budget` things may go wrong."""
    return State(left=budget)


def judge(state: State, is_end: bool) -> list[str]:
    """Return what is wrong with a state."""
    wrong = []
    if len(state.docs) > 1 and not (state.broke_word and state.was_blind):
        wrong.append("I-1: two documents, though QuickBooks kept a promise")
    if state.was_undone:
        wrong.append("I-12: a worker whose lease was over changed what had been concluded")
    if is_end and state.turns >= MOST_TURNS and state.row not in ("posted", "held"):
        wrong.append("I-13: it never ends")
    if is_end and state.row == "posted" and not state.docs:
        wrong.append("I-1: posted, and nothing stands in the books")
    if is_end and state.row == "held" and not state.was_refused:
        wrong.append("I-13: held for a person, though nothing was refused")
    return wrong


def moves_by(rules: Posting) -> Callable[[State], tuple[tuple[str, State], ...]]:
    """Return the function that gives the moves from a state, under the product's rules."""

    def moves(state: State) -> tuple[tuple[str, State], ...]:
        return tuple(_Step(rules, state).moves())

    return moves


class _Step:
    """The moves from one state."""

    def __init__(self, rules: Posting, state: State) -> None:
        self.rules, self.state = rules, state

    def moves(self) -> Iterator[tuple[str, State]]:
        state = self.state
        if state.active == 0:
            yield from self._next_turn()
            return
        me = state.one if state.active == 1 else state.two
        yield from getattr(self, f"_{me.at}")(me)
        other = state.two if state.active == 1 else state.one
        if state.left and other.at == "idle" and state.turns < MOST_TURNS - 2 and me.at != "claim":
            yield "another hears the same bell", self._switched(is_over=False)
            if state.row == "leased" and not state.is_over:
                yield "the lease runs out and another comes", self._switched(is_over=True)

    def _next_turn(self) -> Iterator[tuple[str, State]]:
        """Nobody works: somebody left half way goes on, or time passes and a worker comes for what is due."""
        state = self.state
        for number, worker in ((1, state.one), (2, state.two)):
            if worker.at != "idle":
                yield f"worker {number} goes on", state._replace(active=number)
                return
        if state.row in ("posted", "held") or state.turns >= MOST_TURNS:
            return
        late = self._arrived(state)
        ready = late._replace(is_over=True, fresh=0, active=1, one=Worker("claim"), turns=late.turns + 1)
        yield "time passes, a worker comes", ready

    def _switched(self, *, is_over: bool) -> State:
        state = self.state
        spent = state._replace(left=state.left - 1, is_over=state.is_over or is_over, turns=state.turns + 1)
        spent = spent._replace(was_blind=True)
        return (
            spent._replace(active=2, two=Worker("claim"))
            if state.active == 1
            else spent._replace(active=1, one=Worker("claim"))
        )

    # What a worker does -----------------------------------------------------------------------------------------------

    def _claim(self, me: Worker) -> Iterator[tuple[str, State]]:
        state = self.state
        if not self.rules.claimable[state.row, state.is_over]:
            yield "not free", self._dies()
            return
        attempt = min(state.attempt + 1, MOST_ATTEMPTS)
        looks = self.rules.look[state.attempt > 0, state.row]
        claimed = me._replace(
            at="find" if looks else "create", fence=state.fence + 1, attempt=attempt, came=state.row, looks=looks
        )
        row = state._replace(row="leased", fence=state.fence + 1, attempt=attempt, is_over=False)
        yield "claims", self._with(claimed, row)
        yield from self._deaths("before the claim's commit", state)
        yield from self._deaths("after the claim's commit", row)

    def _find(self, me: Worker) -> Iterator[tuple[str, State]]:
        state = self.state
        yield from self._deaths("before the look-up", state)
        hidden = len(state.docs) - state.fresh
        if state.docs:
            yield "finds it", self._with(me._replace(at="conclude", becomes="posted"), state)
        else:
            yield "finds nothing", self._with(me._replace(at="step"), state)
        if state.left and state.fresh and hidden == 0:
            yield "finds nothing yet", self._spend(me._replace(at="step"), state._replace(was_blind=True))
        if state.left:
            for wire in FINDS:
                yield f"look-up: {wire}", self._spend(self._failed(me, "find", wire), state)

    def _step(self, me: Worker) -> Iterator[tuple[str, State]]:
        yield "notes that it creates", self._with(me._replace(at="create"), self._arrived(self.state))
        yield from self._deaths("before the step's commit", self.state)
        yield from self._deaths("after the step's commit", self.state)

    def _create(self, me: Worker) -> Iterator[tuple[str, State]]:
        state, asked = self.state, self.rules.requestids[me.attempt]
        yield from self._deaths("before the create", state)
        done = me._replace(at="conclude", becomes="posted")
        made = self._made(state, asked)
        yield "creates", self._with(done, made)
        if not state.left:
            return
        yield from self._deaths("after the create", made)
        if asked in state.memory:
            broken = self._made(state._replace(memory=state.memory - {asked}, broke_word=True), asked)
            yield "creates; its requestid is forgotten", self._spend(done, broken)
        yield (
            "times out and arrives later",
            self._spend(self._failed(me, "create", "lost_reply"), state._replace(late=asked, was_blind=True)),
        )
        for wire in CREATES:
            after = made if WIRE[wire][0] else state
            after = after._replace(was_refused=state.was_refused or wire in DEFINITE_NO)
            yield f"create: {wire}", self._spend(self._failed(me, "create", wire), after)

    def _conclude(self, me: Worker) -> Iterator[tuple[str, State]]:
        state = self.state
        after = state
        if self.rules.concludes[state.row, state.fence == me.fence]:
            attempt = me.attempt if me.counts else me.attempt - 1
            undone = state.row in ("posted", "held") and me.becomes != state.row
            after = state._replace(row=me.becomes, attempt=attempt, is_over=False)
            after = after._replace(was_undone=state.was_undone or undone)
        yield f"writes {me.becomes}", self._with(IDLE, after)._replace(active=0)
        yield from self._deaths("before the last commit", state)
        yield from self._deaths("after the last commit", after)

    # QuickBooks -------------------------------------------------------------------------------------------------------

    def _made(self, state: State, asked: int) -> State:
        """QuickBooks does what is asked: a known requestid gets its first answer, another one a document."""
        if asked in state.memory:
            return state
        docs = (*state.docs, asked)[:3]
        return state._replace(docs=docs, fresh=len(docs) - len(state.docs), memory=state.memory | {asked})

    def _arrived(self, state: State) -> State:
        """A request that was given up reaches QuickBooks after all."""
        return state if state.late < 0 else self._made(state, state.late)._replace(late=-1)

    # Bookkeeping ------------------------------------------------------------------------------------------------------

    def _failed(self, me: Worker, verb: str, wire: str) -> Worker:
        becomes, counts = self.rules.failed[verb, wire, me.came, me.attempt]
        return me._replace(at="conclude", becomes=becomes, counts=counts)

    def _with(self, me: Worker, state: State) -> State:
        return state._replace(one=me) if self.state.active == 1 else state._replace(two=me)

    def _spend(self, me: Worker, state: State) -> State:
        return self._with(me, state)._replace(left=state.left - 1)

    def _dies(self) -> State:
        return self._with(IDLE, self.state)._replace(active=0)

    def _deaths(self, where: str, state: State) -> Iterator[tuple[str, State]]:
        if state.left:
            yield f"dies {where}", self._spend(IDLE, state)._replace(active=0)
