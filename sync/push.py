"""Pushing postings to QuickBooks: what is due goes out, in order, one worker for each company.

Laws: two workers never push to one company at once (a lease), and would double nothing if they did (fence, requestid,
look-up); nothing depends on a bell having been heard: the sweep finds whatever is due.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import col, select

from connector.errors import GatewayError, NotConnected
from connector.ledger.postings import Kind
from connector.qbo.gateway import QuickBooksGateway
from connector.store.cache import InvoiceRow
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Prepared
from oauth import connections
from sync.collect.credits import live_credits
from sync.edits import push_edits
from sync.lease import Lease, alone
from sync.outbox import let_all_wait, next_due, row_of
from sync.pull import refresh_objects
from sync.pushing import claims, waiting
from sync.pushing.applying import push_applying
from sync.pushing.sending import send
from sync.pushing.verdicts import Outcome
from sync.runtime import Runtime

MOST_AT_ONCE = 100  # then the bell is rung again, so that no job runs for long
RECONNECT_SECONDS = 60.0  # how soon postings are tried again while QuickBooks is not connected
_STOPS = frozenset({Outcome.PAUSED, Outcome.RECONNECT})


@dataclass(frozen=True)
class Pushed:
    """What one run came to: how many postings ended in each outcome; `is_busy` where another worker is at it."""

    outcomes: Mapping[Outcome, int]
    is_busy: bool = False

    def __getitem__(self, outcome: Outcome) -> int:
        return self.outcomes.get(outcome, 0)


def push_company(rt: Runtime, company_id: str) -> Pushed:
    """Send what is due for a company, oldest first, until nothing is or QuickBooks wants a pause."""
    with alone(rt, f"push/{company_id}", seconds=claims.LEASE_SECONDS) as lease:
        if lease is None:
            return Pushed({}, is_busy=True)
        try:
            gateway = rt.gateways.quickbooks(company_id)
        except NotConnected:
            _wait_for_connection(rt, company_id)
            return Pushed({Outcome.RECONNECT: 1})
        outcomes = _push_due(rt, gateway, company_id, lease)
        if not _STOPS & set(outcomes):
            outcomes += push_edits(rt, gateway, company_id, lease)
        return Pushed(outcomes)


def _push_due(rt: Runtime, gateway: QuickBooksGateway, company_id: str, lease: Lease) -> Counter[Outcome]:
    outcomes: Counter[Outcome] = Counter()
    for _ in range(MOST_AT_ONCE):
        with rt.db.asking() as reader:
            posting_id = next_due(reader, company_id, rt.clock.now())
        if posting_id is None:
            return outcomes
        outcome = _push_one(rt, gateway, company_id, posting_id)
        outcomes[outcome] += 1
        if outcome is Outcome.RECONNECT:
            connections.say_lost(rt, company_id, connections.QUICKBOOKS, "QuickBooks refused the connection.")
        if outcome in _STOPS or not lease.keep(rt):
            return outcomes
    rt.bell.ring("push", company_id)
    return outcomes


_HEAD = Prepared(
    pick(col(PostingRow.kind), col(PostingRow.generation), col(PostingRow.request_body)).where(
        col(PostingRow.id) == bindparam("posting")
    )
)


def _push_one(rt: Runtime, gateway: QuickBooksGateway, company_id: str, posting_id: str) -> Outcome:
    with rt.db.asking() as reader:
        kind, generation, frozen = _HEAD.first(reader, posting=posting_id)
    if kind == Kind.APPLY:
        return push_applying(rt, gateway, company_id, posting_id)
    try:
        limits = _what_fits(rt, company_id, posting_id) if generation > 1 and not frozen else None
    except (GatewayError, NotConnected):
        return Outcome.PAUSED  # nothing was claimed; the sweep comes again
    taken = claims.claim(rt, company_id, posting_id, limits=limits)
    return taken if isinstance(taken, Outcome) else send(rt, gateway, taken)


def _what_fits(rt: Runtime, company_id: str, posting_id: str) -> dict[str, int] | None:
    """Return what each invoice and credit still has open, live, for what a person decided to post as far as it fits.

    None for what pays no invoice.
    """
    with rt.db.read() as session:
        row = row_of(session, company_id, posting_id)
        paid = select(LegRow.invoice_id, LegRow.credit).where(LegRow.posting_id == posting_id)
        legs = session.exec(paid).all()
        surcharge = claims.beside(session, row, Kind.SURCHARGE)
    ids, lent = [one for one in (*(one for one, _ in legs), surcharge) if one], [one for _, one in legs if one]
    if not ids:
        return None
    refresh_objects(rt, company_id, "Invoice", ids)
    with rt.db.read() as session:
        heads = select(InvoiceRow.qbo_id, InvoiceRow.balance_minor).where(
            InvoiceRow.company_id == company_id, col(InvoiceRow.qbo_id).in_(ids), InvoiceRow.state == "live"
        )
        fits = dict(session.exec(heads).all())
    return fits | {name: one.left.minor for name, one in live_credits(rt, company_id, lent).items()}


def _wait_for_connection(rt: Runtime, company_id: str) -> None:
    with rt.db.write("push_waits") as session:
        waiting.tell_disconnected(session, rt, company_id)
        let_all_wait(session, company_id, rt.clock.now() + timedelta(seconds=RECONNECT_SECONDS))
