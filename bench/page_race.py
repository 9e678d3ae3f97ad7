"""Page after page into a growing cache: the floor, the product and the peer in turn.

What the two rows of a page share; the rows bring their databases. Law: nothing that makes a page is inside a stopwatch,
and nothing that keeps one is outside.
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
) -> Findings:
    """Time all three; `goals` are held against the floor and against the peer."""
    invoices.create_table(peer)
    floors, bodies, objects = next_pages(size), next_pages(size), next_pages(size)

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
        return watch.seconds

    timings = interleave({"floor": keep_ready_tuples, "ours": keep_answer, "peer": merge_objects}, rounds)
    check_kept(pull.rt.db, (rounds + 1) * size)
    return Findings(
        floor=timings.text("floor"),
        peer=timings.text("peer"),
        ours=timings.text("ours"),
        readings=(timings.reading(goals[0], "ours", "floor"), timings.reading(goals[1], "peer", "ours")),
    )
