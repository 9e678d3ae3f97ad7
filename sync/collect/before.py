"""What is refused of a press before anybody is asked: what its rows say already, so that a stranger costs nothing.

Reads the cache alone. Law: a press for what its payer may not pay is told no more than that it cannot be paid here.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.money import Money
from connector.store.built import built
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.prepared import Prepared
from sync.collect import answers, card_tries
from sync.collect.answers import MOST_INVOICES
from sync.collect.press import Press, Refused
from sync.runtime import Runtime

LARGEST_MINOR = 99_999_999  # eight digits at Stripe
_CURRENCY = re.compile("[A-Z]{3}")
_DEPOSITS = Prepared(pick(col(CompanyRow.takes_deposits)).where(col(CompanyRow.id) == bindparam("company")))
_CUSTOMER = Prepared(
    pick(col(CustomerRow.currency), col(CustomerRow.active)).where(
        col(CustomerRow.company_id) == bindparam("company"), col(CustomerRow.qbo_id) == bindparam("customer")
    )
)


def before_asking(rt: Runtime, press: Press) -> Refused | None:
    """Refuse what needs no live read, so that a stranger's press costs QuickBooks nothing."""
    if press.deposit_minor:
        return _before_deposit(rt, press)
    if not press.shares:
        return answers.plain("empty")
    if len(press.shares) > MOST_INVOICES:
        return answers.plain("too_many")
    if not _CURRENCY.fullmatch(press.currency):
        return answers.plain("other_form")
    if any(abs(minor) > LARGEST_MINOR for _, minor in press.shares):
        return answers.too_large(Money(LARGEST_MINOR, press.currency))
    asked = {invoice_id for invoice_id, _ in press.shares}
    with rt.db.read() as session:
        known = set(_allowed(session, press.company_id, asked, press.allowed_invoices, press.allowed_customers))
        stopped = card_tries.stops(session, press, rt.clock.now()) if known == asked else "unknown_invoice"
    return answers.plain(stopped) if stopped else None


@built
def _allowed(
    company_id: str, asked: Collection[str], invoice_ids: Collection[str], customer_ids: Collection[str]
) -> SelectOfScalar[str]:
    return select(InvoiceRow.qbo_id).where(
        InvoiceRow.company_id == company_id,
        col(InvoiceRow.qbo_id).in_(asked),
        or_(col(InvoiceRow.qbo_id).in_(invoice_ids), col(InvoiceRow.customer_id).in_(customer_ids)),
    )


def _before_deposit(rt: Runtime, press: Press) -> Refused | None:
    """Refuse a payment on account where the company takes none, or of somebody who does not pay for the customer."""
    if press.shares or press.credits or press.deposit_minor < 0 or not _CURRENCY.fullmatch(press.currency):
        return answers.plain("other_form")
    with rt.db.read() as session:
        [takes_deposits] = _DEPOSITS.first(session, company=press.company_id)
        customer = _CUSTOMER.first(session, company=press.company_id, customer=press.customer_id)
        stopped = card_tries.stops(session, press, rt.clock.now())
    if not takes_deposits or customer is None or press.customer_id not in press.allowed_customers:
        return answers.plain("unknown_invoice")
    currency, is_active = customer
    if currency != press.currency or not is_active:
        return answers.plain("other_form")
    return answers.plain(stopped) if stopped else None
