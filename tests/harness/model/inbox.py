"""The inbox: an event is delivered until it is answered with 200, stored once, and worked off whatever rings or dies.

The sender repeats, doubles and gives up only after an answer; the bell may be lost or come early; a worker may die and
may fail, by the other side's fault or by its own. Law: what was answered with 200 is worked off or told to a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.harness.model.rules import Door

MOST_TURNS = 16


class State(NamedTuple):
    """Everything there is about one event."""

    rows: int = 0
    row: str = ""  # new | settled | failed
    tries: int = 0
    is_told: bool = False  # the sender has its 200
    is_rung: bool = False  # a ring is on its way
    is_working: bool = False
    turns: int = 0
    left: int = 4
    own_faults: int = 0


def first(budget: int) -> State:
    """Return the first state: an event happened, and `budget` things may go wrong."""
    return State(left=budget)


def judge(state: State, is_end: bool) -> list[str]:
    """Return what is wrong with a state."""
    wrong = []
    if state.is_told and state.rows == 0:
        wrong.append("I-10: answered with 200 and stored nowhere")
    if state.rows > 1:
        wrong.append("I-9: one event is stored twice")
    if is_end and state.rows and state.row == "new":
        wrong.append("I-13: stored and never worked off")
    if is_end and state.row == "failed" and not state.own_faults:
        wrong.append("I-13: given to a person though only the other side failed")
    return wrong


def moves_by(rules: Door) -> Callable[[State], tuple[tuple[str, State], ...]]:
    """Return the function that gives the moves from a state, under the product's rules."""

    def moves(state: State) -> tuple[tuple[str, State], ...]:
        return tuple(_moves(rules, state))

    return moves


def _moves(rules: Door, state: State) -> Iterator[tuple[str, State]]:
    if state.is_working:
        yield from _work(rules, state)
        return
    if not state.is_told:
        yield from _deliver(rules, state)
        return
    if state.left:
        yield from _deliver(rules, state._replace(left=state.left - 1), "again: ")
    if state.turns >= MOST_TURNS or state.row in ("settled", "failed"):
        return
    if state.is_rung:
        yield "a worker hears the bell", state._replace(is_rung=False, is_working=state.rows > 0, turns=state.turns + 1)
        if state.left:
            yield "the ring is lost", state._replace(is_rung=False, left=state.left - 1)
    elif rules.is_swept and state.rows:
        yield "the sweep finds it", state._replace(is_working=True, turns=state.turns + 1)


def _deliver(rules: Door, state: State, again: str = "") -> Iterator[tuple[str, State]]:
    """The door takes the event: a row, the bell, the answer; it may die between any two."""
    rows = state.rows
    if rules.is_stored_when_told:
        rows = rows if rows and rules.is_once else rows + 1
    is_new = rows > state.rows
    stored = state._replace(rows=rows, row="new" if is_new and not state.row else state.row)
    rung = stored._replace(is_rung=state.is_rung or is_new)
    yield f"{again}stored, rung, answered", rung._replace(is_told=True)
    if not state.left:
        return
    spent = state.left - 1
    if rules.is_rung_after:
        yield f"{again}dies after the commit", stored._replace(left=spent)
    else:
        yield f"{again}a worker hears the bell too early", stored._replace(is_told=True, left=spent)
    yield f"{again}dies before the commit", state._replace(left=spent)
    yield f"{again}the answer is lost", rung._replace(left=spent)


def _work(rules: Door, state: State) -> Iterator[tuple[str, State]]:
    done = state._replace(is_working=False)
    if state.row != "new":
        yield "worked off already", done
        return
    yield "worked off", done._replace(row="settled")
    if not state.left:
        return
    spent = done._replace(left=state.left - 1)
    yield "another worker is at it too", state._replace(left=state.left - 1, is_rung=True)
    for where in ("before the work", "before its commit"):
        yield f"dies {where}", spent
    yield "dies after its commit", spent._replace(row="settled")
    for patient in (True, False):
        after = rules.later[patient, state.tries]
        tries = state.tries if patient else state.tries + 1
        own = state.own_faults + (not patient)
        what = "the other side does not answer" if patient else "it fails by itself"
        yield what, spent._replace(row=after, tries=tries, own_faults=own)
