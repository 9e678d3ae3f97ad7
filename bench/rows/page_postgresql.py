"""A page into PostgreSQL: the same as into SQLite, on a server of the bench's own."""

from __future__ import annotations

from functools import partial

import psycopg
from sqlalchemy import create_engine

from bench import product
from bench.databases import postgresql
from bench.frame import Bench, Findings, Goal, Row
from bench.invoice_page import copy_ready_tuples
from bench.page_race import PEER, race

_GOALS = (
    Goal("over the floor, JSON included", 1.3, at_most=True),
    Goal("faster than the peer", 10, at_most=False),
)


def measure(bench: Bench) -> Findings:
    """Time page after page, each side with a database and a warm connection of its own."""
    with (
        postgresql(bench.folder) as create,
        product.pulling(create("ours")) as pull,
        psycopg.connect(create("floor"), autocommit=True) as driver,
    ):
        peer = create_engine(create("peer").replace("postgresql:", "postgresql+psycopg:", 1))
        findings = race(
            _GOALS,
            floor=partial(copy_ready_tuples, driver),
            pull=pull,
            peer=peer,
            size=bench.pick(tiny=20, quick=1000, full=1000),
            rounds=bench.pick(tiny=1, quick=4, full=15),
            part=bench.pick(tiny=1, quick=5, full=1),
        )
        peer.dispose()
    return findings


ROW = Row(
    name="page-postgresql",
    area="same, PostgreSQL",
    floor="COPY and merge, driver alone",
    peer=PEER,
    goals=_GOALS,
    measure=measure,
    quick=True,
)
