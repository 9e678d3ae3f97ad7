"""Page after page into a growing cache: the floor, the product and the peer in turn.

What the two rows of a page share; the rows bring their databases. Law: nothing that makes a page is inside a stopwatch,
nothing that keeps one is outside, and where the peer keeps a part of a page the row says so.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from bench import product
from bench.frame import Findings, Goal
from bench.invoice_page import InvoicePage, check_kept, next_pages
from bench.measure import Watch, interleave
from bench.peers import invoices
from sync.engine import Pull

PEER = "python-quickbooks + SQLModel merge"


def race(
    goals: tuple[Goal, Goal],
    *,
    floor: Callable[[InvoicePage], None],
    pull: Pull,
    peer: Engine,
    size: int,
    rounds: int,
    part: int = 1,
) -> Findings:
    """Time all three; `goals` are held against the floor and against the peer, which keeps one `part`-th of a page."""
    invoices.create_table(peer)
    floors, bodies, objects = next_pages(size), next_pages(size), next_pages(size // part)

    def keep_ready_tuples() -> float:
        page = next(floors)
        with Watch() as watch:
            floor(page)
        return watch.seconds

    def keep_answer() -> float:
        body = next(bodies).body
        with Watch() as watch:
            product.keep_page(pull, body)
        return watch.seconds

    def merge_objects() -> float:
        body = next(objects).body
        with Watch() as watch:
            invoices.merge(peer, invoices.from_page(body))
        return watch.seconds * part

    timings = interleave({"floor": keep_ready_tuples, "ours": keep_answer, "peer": merge_objects}, rounds)
    check_kept(pull.rt.db, (rounds + 1) * size)
    return Findings(
        floor=timings.text("floor"),
        peer=timings.text("peer"),
        ours=timings.text("ours"),
        readings=(timings.reading(goals[0], "ours", "floor"), timings.reading(goals[1], "peer", "ours")),
        notes=part_notes(part),
    )


def part_notes(part: int) -> tuple[str, ...]:
    """Say of what the peer's time was taken, unless it was the whole."""
    return () if part == 1 else (f"the peer did one of {part} equal parts of the work; its time is {part} times that",)
