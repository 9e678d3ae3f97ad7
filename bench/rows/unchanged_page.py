"""An unchanged page: an answer that holds nothing new, from its bytes to a commit that writes no row."""

from __future__ import annotations

from sqlalchemy import create_engine

from bench import product
from bench.databases import SqliteFiles, watch_writes
from bench.frame import Bench, Findings, Goal, Reading, Row
from bench.invoice_page import InvoicePage, check_kept
from bench.measure import Watch, interleave
from bench.page_race import PEER, part_notes
from bench.peers import invoices

_FLOOR_GOAL = Goal("over decoding alone", 1.4, at_most=True)
_ROWS_GOAL = Goal("rows written", 0, at_most=True, unit="")
_PEER_GOAL = Goal("faster than the peer", 35, at_most=False)


def measure(bench: Bench) -> Findings:
    """Time a page that is in the cache already."""
    files = SqliteFiles(bench.folder)
    size, part = bench.pick(tiny=20, quick=1000, full=1000), bench.pick(tiny=1, quick=5, full=1)
    page, theirs = InvoicePage(1, size), InvoicePage(1, size // part)
    peer = create_engine(f"sqlite:///{bench.folder / 'peer.db'}")
    invoices.create_table(peer)

    def decode() -> float:
        with Watch() as watch:
            page.decoded()
        return watch.seconds

    def merge_objects() -> float:
        with Watch() as watch:
            invoices.merge(peer, invoices.from_page(theirs.body))
        return watch.seconds * part

    with product.pulling(f"sqlite:///{files.path()}") as pull:

        def keep_answer() -> float:
            with Watch() as watch:
                product.keep_page(pull, page.body)
            return watch.seconds

        merge_objects()
        keep_answer()
        writes = watch_writes(pull.rt.db, "invoice", "raw")
        subjects = {"floor": decode, "ours": keep_answer, "peer": merge_objects}
        timings = interleave(subjects, bench.pick(tiny=1, quick=4, full=25))
        check_kept(pull.rt.db, page.count)
        written = writes()
    return Findings(
        floor=timings.text("floor"),
        peer=timings.text("peer"),
        ours=timings.text("ours"),
        readings=(
            timings.reading(_FLOOR_GOAL, "ours", "floor"),
            Reading(_ROWS_GOAL, written),
            timings.reading(_PEER_GOAL, "peer", "ours"),
        ),
        notes=part_notes(part),
    )


ROW = Row(
    name="unchanged-page",
    area="unchanged page",
    floor="msgspec decode, typed",
    peer=PEER,
    goals=(_FLOOR_GOAL, _ROWS_GOAL, _PEER_GOAL),
    measure=measure,
    quick=True,
)
