"""The balances that a payment starts from: QuickBooks' own at this moment, or the last ones read where that is wished.

Reads rows, writes none. Laws: a payer who pays on what was last read has been told how old it is, in an answer before
the one that starts the payment; what is older than a day, or than a payment that was posted since, starts none. What
the books say later is settled as always: money that no longer fits becomes the customer's credit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.errors import GatewayError, NotConnected
from connector.ledger.credits import Credit
from connector.ledger.invoices import Invoice
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.money import ShareRow
from connector.store.outbox import PostingRow
from sync.collect import answers
from sync.collect.credits import live_credits
from sync.collect.discounts import as_credits, discounts_on
from sync.collect.live import cached_invoices, live_invoices
from sync.collect.press import Press, Refused
from sync.pulling import cursors
from sync.runtime import Runtime

OLDEST = timedelta(hours=24)


@dataclass(frozen=True)
class Known:
    """Invoices by id, credits and discounts by name; with `read_at` as of then, for QuickBooks could not be asked."""

    invoices: Mapping[str, Invoice]
    read_at: datetime | None = None
    credits: Mapping[str, Credit] = field(default_factory=dict)


def known_invoices(rt: Runtime, company: CompanyRow, press: Press, asked: Sequence[str]) -> Known | Refused:
    """Return the invoices of a press as the books have them, or as they were last read if company and payer agree.

    A credit is never used on what was last read: it may have been given back, and no money stands behind it.
    """
    if press.deposit_minor:
        return Known({})  # it pays no invoice: nothing has to be asked
    try:
        invoices = live_invoices(rt, company.id, asked)
        lending = live_credits(rt, company.id, [name for name, _ in press.credits])
        with rt.db.read() as session:
            granted = discounts_on(session, company.id, invoices.values(), rt.clock.today(company.zone))
        return Known(invoices, credits=lending | as_credits(granted))
    except (NotConnected, GatewayError):
        if press.credits:
            return answers.of_company("books_out_of_reach", company)
        return _last_known(rt, company, press, asked)


def _last_known(rt: Runtime, company: CompanyRow, press: Press, asked: Sequence[str]) -> Known | Refused:
    now = rt.clock.now()
    with rt.db.read() as session:
        feed = cursors.find(session, company.id)
        invoices = cached_invoices(session, company.id, asked)
        is_out = feed is not None and _was_posted_since(session, company.id, asked, feed.updated_at)
    if feed is None or feed.phase != cursors.FOLLOWING or now - feed.updated_at > OLDEST:
        return answers.of_company("books_out_of_reach", company)
    if is_out or not company.pay_on_last_known:
        return answers.of_company("books_out_of_reach", company)
    if not press.on_last_known:
        return answers.last_known(company, feed.updated_at, now)
    return Known(invoices, feed.updated_at)


def _was_posted_since(session: Session, company_id: str, asked: Sequence[str], read_at: datetime) -> bool:
    """Tell whether a payment of these invoices went to the books when they were read, or later.

    It is reserved no more and may not be in the balance that was read: that balance could be paid twice.
    """
    return _posted_since(session, company_id, asked, read_at - cursors.OVERLAP).first() is not None


@built
def _posted_since(company_id: str, asked: Sequence[str], since: datetime) -> SelectOfScalar[str]:
    posted = select(PostingRow.id).where(
        PostingRow.company_id == company_id,
        PostingRow.state == "posted",
        col(PostingRow.posted_at) >= since,
        ShareRow.company_id == company_id,
        ShareRow.payment_id == PostingRow.payment_id,
        col(ShareRow.invoice_id).in_(asked),
    )
    return posted.limit(1)
