"""Stripe backfill: a long list of balance transactions over HTTP into rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlmodel import func, select

from bench import product
from bench.databases import COMPANY, SqliteFiles
from bench.frame import Bench, Findings, Goal, Row
from bench.measure import Watch, interleave
from bench.peers import backfill
from bench.processes import serving
from connector.store.money import BalanceTxnRow
from connector.stripe.gateway import StripeGateway
from sync import stripe_feed

# stripe-sync-engine needs Node and is not installed: what it was measured at elsewhere stands beside what the SDK was.
_ENGINE_OVER_SDK = 2.24 / 2.3
_GOAL = Goal("of the SDK's rate, for 8 times stripe-sync-engine's", 8 * _ENGINE_OVER_SDK, at_most=False)


def measure(bench: Bench) -> Findings:
    """Read the whole list, each side over a connection of its own."""
    txns = bench.pick(tiny=150, quick=2000, full=5000)
    files = SqliteFiles(bench.folder)
    with serving("bench.stripe_standin", "--txns", str(txns)) as url:
        subjects = {
            "floor": partial(_read, backfill.bare, url, txns),
            "ours": partial(_ours, url, files, txns),
            "peer": partial(_read, backfill.by_sdk, url, txns),
        }
        timings = interleave(subjects, bench.pick(tiny=1, quick=3, full=7))
    rates = {name: f"{txns / timings.median(name):,.0f} a second" for name in subjects}
    return Findings(
        floor=rates["floor"],
        peer=rates["peer"],
        ours=rates["ours"],
        readings=(timings.reading(_GOAL, "peer", "ours"),),
        notes=("floor and peer keep their rows in memory; Tieout keeps its own on disk, one durable commit for 200",),
    )


def _read(reader: Callable[[str], int], url: str, txns: int) -> float:
    with Watch() as watch:
        assert reader(url) == txns
    return watch.seconds


def _ours(url: str, files: SqliteFiles, txns: int) -> float:
    with product.runtime(product.environment(f"sqlite:///{files.path()}")) as rt:
        gateway = StripeGateway(account="acct_bench", secret_key="sk_test_bench", api_base=url, clock=rt.clock)
        with Watch() as watch:
            stripe_feed._pull_txns(rt, COMPANY, gateway, stripe_feed.OVERLAP)  # the first step of a follow
        with rt.db.read() as session:
            assert session.exec(select(func.count()).select_from(BalanceTxnRow)).one() == txns
    return watch.seconds


ROW = Row(
    name="stripe-backfill",
    area="Stripe backfill",
    floor="urllib3 + msgspec",
    peer="stripe SDK, auto_paging_iter",
    goals=(_GOAL,),
    measure=measure,
)
