"""A page into SQLite: from the bytes of an answer to committed rows, as the next page of a first load that goes on."""

from __future__ import annotations

from functools import partial

from sqlalchemy import create_engine

from bench import product
from bench.databases import SqliteFiles, sqlite_as_the_product
from bench.frame import Bench, Findings, Goal, Row
from bench.invoice_page import insert_ready_tuples
from bench.page_race import PEER, race

_GOALS = (
    Goal("over the floor, JSON included", 1.6, at_most=True),
    Goal("faster than the peer", 12, at_most=False),
)


def measure(bench: Bench) -> Findings:
    """Time page after page, each side with a file and a warm connection of its own."""
    files = SqliteFiles(bench.folder)
    driver = sqlite_as_the_product(files.path())
    with product.pulling(f"sqlite:///{files.path()}") as pull:
        findings = race(
            _GOALS,
            floor=partial(insert_ready_tuples, driver),
            pull=pull,
            peer=create_engine(f"sqlite:///{bench.folder / 'peer.db'}"),
            size=bench.pick(tiny=20, quick=1000, full=1000),
            rounds=bench.pick(tiny=1, quick=7, full=25),
            part=bench.pick(tiny=1, quick=5, full=1),
        )
    driver.close()
    return findings


ROW = Row(
    name="page-sqlite",
    area="page -> committed rows, SQLite",
    floor="ready tuples, driver alone",
    peer=PEER,
    goals=_GOALS,
    measure=measure,
    quick=True,
)
