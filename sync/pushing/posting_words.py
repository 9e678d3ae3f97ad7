"""What a posting is called in the sync log, in discrepancies and in the tie-out: whose money, which invoices, when.

Reads names from the cache; holds no rule. Law: the same posting is called the same everywhere.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from connector.ledger.money import Money
from connector.ledger.postings import Kind
from connector.store.built import built
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Prepared
from connector.words import day_text, listing

_INVOICES_NAMED = 4


def title(session: Session, posting: PostingRow) -> str:
    """Return what a posting is: Payment of Blue Mesa Ranch, Stripe fee of charge …3Q8f, Payout of 2 December."""
    if posting.kind == Kind.CHARGE:
        return f"Payment of {_customer_name(session, posting)}"
    if posting.kind == Kind.DISCOUNT:
        return f"Discount of {_customer_name(session, posting)}"
    if posting.kind == Kind.SURCHARGE:
        return f"Card surcharge of {_customer_name(session, posting)}"
    if posting.kind == Kind.APPLY:
        return f"Earlier payment of {_customer_name(session, posting)}"
    if posting.kind == Kind.FEE:
        return f"Stripe fee of charge …{posting.object_id[-4:]}"
    if posting.amount_minor < 0:
        return f"Stripe's draw from the bank of {day_text(posting.day)}"
    return f"Payout of {day_text(posting.day)}"


def money(posting: PostingRow) -> Money:
    """Return a posting's amount as the log shows it: what came plus, what a fee or a discount took minus."""
    goes_out = posting.kind in (Kind.FEE, Kind.DISCOUNT)
    return Money(-posting.amount_minor if goes_out else posting.amount_minor, posting.currency)


def recorded(session: Session, posting: PostingRow) -> str:
    """Return the sentence for a posting that stands in QuickBooks."""
    if posting.kind == Kind.CHARGE:
        numbers = _invoice_numbers(session, posting)
        return f"{title(session, posting)} posted {f'to {numbers}' if numbers else 'as credit, without an invoice'}"
    if posting.kind == Kind.APPLY:
        return f"{title(session, posting)} applied to {_invoice_numbers(session, posting)}"
    return f"{title(session, posting)} recorded"


def tries(number: int) -> str:
    """Return which try it was: first try, 3rd try."""
    names = {1: "first", 2: "second", 3: "third"}
    return f"{names.get(number, f'{number}th')} try"


_NAME = Prepared(
    pick(col(CustomerRow.name)).where(
        col(CustomerRow.company_id) == bindparam("company"), col(CustomerRow.qbo_id) == bindparam("customer")
    )
)
_PAID = Prepared(
    pick(col(LegRow.invoice_id))
    .where(col(LegRow.posting_id) == bindparam("posting"), col(LegRow.invoice_id) != "")
    .order_by(col(LegRow.n))
)


def _customer_name(session: Session, posting: PostingRow) -> str:
    found = _NAME.first(session, company=posting.company_id, customer=posting.customer_id)
    return (found and str(found[0])) or f"customer {posting.customer_id}"


def _invoice_numbers(session: Session, posting: PostingRow) -> str:
    ids = [invoice_id for (invoice_id,) in _PAID.all(session, posting=posting.id)]
    if not ids:
        return ""
    numbers = {qbo_id: number or qbo_id for qbo_id, number in _heads(session, posting.company_id, ids)}
    words = [numbers.get(qbo_id, qbo_id) for qbo_id in ids]
    if len(words) > _INVOICES_NAMED:
        return f"{len(words)} invoices"
    return f"{'invoice' if len(words) == 1 else 'invoices'} {listing(words)}"


@built
def _heads(company_id: str, qbo_ids: Collection[str]) -> Select[str, str]:
    return select(InvoiceRow.qbo_id, InvoiceRow.number).where(
        InvoiceRow.company_id == company_id, col(InvoiceRow.qbo_id).in_(qbo_ids)
    )
