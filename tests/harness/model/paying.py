"""The pay step: one press of Pay, pressed again and twice at once, one PaymentIntent at Stripe.

A press reads the row, looks where the rule says so, creates under a key made from the payment, and keeps the intent's
id. Stripe keeps the first answer of a key for a day, its own 500 too. Law: whatever fails, one press is one intent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.harness.model.rules import MOST_ATTEMPTS, STRIPE, Paying

MOST_PRESSES = 6
FAILED_FINDS = ("refused", "lost_reply")


class Hand(NamedTuple):
    """One request of the payer's browser as it is being answered."""

    at: str = "idle"  # idle | read | find | create | raise | keep
    attempt: int = 0
    intent: int = -1


class State(NamedTuple):
    """Everything there is."""

    attempt: int = 1
    kept: int = -1  # the intent's number in the row
    intents: tuple[int, ...] = ()  # the key's number of each intent at Stripe
    memory: tuple[tuple[int, str], ...] = ()  # key's number -> ok, or the failure that is repeated
    late: int = -1  # a create that was given up and arrives later
    is_old: bool = False  # a day went by: Stripe forgot its keys
    one: Hand = Hand()
    two: Hand = Hand()
    active: int = 0
    presses: int = 0
    left: int = 3
    handed: frozenset[int] = frozenset()  # intents whose secret reached the browser
    is_refused: bool = False


IDLE = Hand()


def first(budget: int) -> State:
    """Return the first state: the payment's row is committed, and `budget` things may go wrong."""
    return State(left=budget)


def judge(state: State, is_end: bool) -> list[str]:
    """Return what is wrong with a state."""
    wrong = []
    if len(state.handed) > 1:
        wrong.append("I-2: one press of Pay can be paid twice")
    if is_end and not state.handed and not state.is_refused:
        wrong.append("I-13: the payer never gets to pay and is never told why")
    return wrong


def moves_by(rules: Paying) -> Callable[[State], tuple[tuple[str, State], ...]]:
    """Return the function that gives the moves from a state, under the product's rules."""

    def moves(state: State) -> tuple[tuple[str, State], ...]:
        return tuple(_Step(rules, state).moves())

    return moves


class _Step:
    def __init__(self, rules: Paying, state: State) -> None:
        self.rules, self.state = rules, state

    def moves(self) -> Iterator[tuple[str, State]]:
        state = self.state
        if state.active == 0:
            yield from self._next()
            return
        me = state.one if state.active == 1 else state.two
        yield from getattr(self, f"_{me.at}")(me)
        other = state.two if state.active == 1 else state.one
        if state.left and other.at == "idle" and state.presses < MOST_PRESSES:
            spent = state._replace(left=state.left - 1, presses=state.presses + 1)
            if state.active == 1:
                yield "the button is pressed again", spent._replace(active=2, two=Hand("read"))
            else:
                yield "the button is pressed again", spent._replace(active=1, one=Hand("read"))

    def _next(self) -> Iterator[tuple[str, State]]:
        state = self._arrived(self.state)
        for number, hand in ((1, state.one), (2, state.two)):
            if hand.at != "idle":
                yield f"request {number} goes on", state._replace(active=number)
                return
        if state.handed or state.is_refused or state.presses >= MOST_PRESSES:
            return
        again = state._replace(active=1, one=Hand("read"), presses=state.presses + 1)
        yield "Pay is pressed", again
        if state.left and not state.is_old and state.presses:
            yield "a day passes, Pay is pressed", again._replace(is_old=True, memory=(), left=state.left - 1)

    def _read(self, me: Hand) -> Iterator[tuple[str, State]]:
        state = self.state
        if state.kept >= 0:
            yield "the intent is known", self._hands(state.kept)
            return
        at = "find" if self.rules.looks[state.is_old, state.attempt] else "create"
        yield "reads the row", self._with(me._replace(at=at, attempt=state.attempt), state)

    def _find(self, me: Hand) -> Iterator[tuple[str, State]]:
        state = self.state
        if state.intents:
            yield "finds it", self._with(me._replace(at="keep", intent=0), state)
        elif state.is_old and self.rules.gives_up:
            yield "too old to be started", self._with(IDLE, state)._replace(active=0, is_refused=True)
        else:
            yield "finds nothing", self._with(me._replace(at="create"), state)
        for wire in FAILED_FINDS if state.left else ():
            yield f"look-up: {wire}", self._dies(state)
        yield from self._deaths("at the look-up", state)

    def _create(self, me: Hand) -> Iterator[tuple[str, State]]:
        state, key = self.state, me.attempt
        yield from self._deaths("before the create", state)
        known = dict(state.memory).get(key)
        if known not in (None, "ok"):
            yield f"the key repeats {known}", self._with(me._replace(at="raise"), state)
            return
        made = self._made(state, key)
        yield "creates", self._with(me._replace(at="keep", intent=made.intents.index(key)), made)
        if not state.left:
            return
        yield from self._deaths("after the create", made)
        yield "times out and arrives later", self._dies(state._replace(late=key))
        for wire, (happens, kept, _) in STRIPE.items():
            after = made if happens else state
            if kept and known is None:
                after = after._replace(memory=_kept(state.memory, key, "ok" if wire == "lost_reply" else wire))
            if self.rules.raises[wire]:
                yield f"create: {wire}", self._with(me._replace(at="raise"), after)._replace(left=state.left - 1)
            else:
                yield f"create: {wire}", self._dies(after)

    def _raise(self, me: Hand) -> Iterator[tuple[str, State]]:
        """The key has had its answer: the next press asks under another, and the payer is told."""
        state = self.state
        attempt = min(me.attempt + 1, MOST_ATTEMPTS) if state.attempt == me.attempt else state.attempt
        yield "raises the attempt", self._with(IDLE, state)._replace(active=0, attempt=attempt)
        yield from self._deaths("before the attempt is raised", state)

    def _keep(self, me: Hand) -> Iterator[tuple[str, State]]:
        state = self.state
        kept = state if state.kept >= 0 else state._replace(kept=me.intent)
        yield "keeps the intent", self._hands(me.intent, kept)
        yield from self._deaths("before the intent is kept", state)
        yield from self._deaths("after the intent is kept", kept)

    # Stripe -----------------------------------------------------------------------------------------------------------

    def _made(self, state: State, key: int) -> State:
        if dict(state.memory).get(key) is not None:
            return state
        intents = state.intents if key in state.intents and not state.is_old else (*state.intents, key)
        return state._replace(intents=intents, memory=_kept(state.memory, key, "ok"))

    def _arrived(self, state: State) -> State:
        return state if state.late < 0 else self._made(state, state.late)._replace(late=-1)

    # Bookkeeping ------------------------------------------------------------------------------------------------------

    def _hands(self, intent: int, state: State | None = None) -> State:
        state = state or self.state
        return self._with(IDLE, state)._replace(active=0, handed=state.handed | {intent})

    def _with(self, me: Hand, state: State) -> State:
        return state._replace(one=me) if self.state.active == 1 else state._replace(two=me)

    def _dies(self, state: State) -> State:
        return self._with(IDLE, state)._replace(active=0, left=state.left - 1)

    def _deaths(self, where: str, state: State) -> Iterator[tuple[str, State]]:
        if state.left:
            yield f"dies {where}", self._dies(state)


def _kept(memory: tuple[tuple[int, str], ...], key: int, answer: str) -> tuple[tuple[int, str], ...]:
    return tuple(sorted({**dict(memory), key: answer}.items()))
