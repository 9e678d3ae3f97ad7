"""The balances that a payment starts from: QuickBooks' own at this moment, or the last ones read where that is wished.

Knows no row of a payment. Laws: a payer who pays on what was last read has been told how old it is, in an answer before
the one that starts the payment; what is older than a day starts none. What the books say later is settled as always:
money that no longer fits becomes the customer's credit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.errors import GatewayError, NotConnected
from connector.ledger.invoices import Invoice
from connector.store.companies import CompanyRow
from sync.collect import answers
from sync.collect.live import cached_invoices, live_invoices
from sync.collect.press import Press, Refused
from sync.pulling import cursors
from sync.runtime import Runtime

OLDEST = timedelta(hours=24)


@dataclass(frozen=True)
class Known:
    """Invoices by id; `read_at` where QuickBooks could not be asked, and they are as of then."""

    invoices: Mapping[str, Invoice]
    read_at: datetime | None = None


def known_invoices(rt: Runtime, company: CompanyRow, press: Press, asked: Sequence[str]) -> Known | Refused:
    """Return the invoices of a press as the books have them, or as they were last read if company and payer agree."""
    try:
        return Known(live_invoices(rt, company.id, asked))
    except (NotConnected, GatewayError):
        return _last_known(rt, company, press, asked)


def _last_known(rt: Runtime, company: CompanyRow, press: Press, asked: Sequence[str]) -> Known | Refused:
    now = rt.clock.now()
    with rt.db.read() as session:
        feed = cursors.find(session, company.id)
        invoices = cached_invoices(session, company.id, asked)
    is_loaded = feed is not None and feed.phase == cursors.FOLLOWING
    if not (company.pay_on_last_known and feed is not None and is_loaded and now - feed.updated_at <= OLDEST):
        return answers.of_company("books_out_of_reach", company)
    if not press.on_last_known:
        return answers.last_known(company, feed.updated_at, now)
    return Known(invoices, feed.updated_at)
