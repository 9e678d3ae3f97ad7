"""Early-payment discounts as a company grants them: read from the invoice and its terms as QuickBooks has them.

Reads rows, writes none. Laws: without the company's switch and its item there is no discount; an invoice with sales tax
has one only where the company says that its tax stays as invoiced; tax is never computed here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from connector.ledger.credits import Credit, discount_name
from connector.ledger.discounts import Discount, Terms
from connector.ledger.invoices import Invoice
from connector.store.built import built
from connector.store.cache import RawRow
from connector.store.companies import CompanyRow, MappingRow
from connector.store.prepared import Prepared

ITEM_ROLE = "discount"
_READER = msgspec.json.Decoder(float_hook=Decimal)
_RULES = Prepared(
    pick(col(CompanyRow.early_discount), col(CompanyRow.discount_taxed), col(CompanyRow.home_currency)).where(
        col(CompanyRow.id) == bindparam("company")
    )
)
_ITEM = Prepared(
    pick(col(MappingRow.qbo_id)).where(
        col(MappingRow.company_id) == bindparam("company"),
        col(MappingRow.role) == bindparam("played"),
        col(MappingRow.currency) == "",
    )
)


def discounts_on(session: Session, company_id: str, invoices: Iterable[Invoice], today: date) -> dict[str, Discount]:
    """Return what is granted today on invoices, by their id, if all that is open on one is paid."""
    is_granted, is_for_taxed, home = _RULES.first(session, company=company_id)
    if not is_granted or not has_item(session, company_id, ITEM_ROLE):
        return {}
    payable = {one.qbo_id: one for one in invoices if one.payable and one.balance.currency == home}
    papers = _bodies(session, company_id, "Invoice", payable)
    terms = _terms(session, company_id, papers.values())
    found = {}
    for invoice_id, paper in papers.items():
        invoice, granted = payable[invoice_id], terms.get(_term_of(paper))
        if granted is None or (_is_taxed(paper) and not is_for_taxed):
            continue
        amount, last_day = granted.off(invoice.balance), granted.last_day(invoice.issued_day)
        if amount and today <= last_day:
            found[invoice_id] = Discount(
                invoice_id, invoice.customer_id, invoice.number, amount, granted.percent, last_day
            )
    return found


def has_item(session: Session, company_id: str, role: str) -> bool:
    """Tell whether an item of the books plays a role for a company."""
    return _ITEM.first(session, company=company_id, played=role) is not None


def as_credits(discounts: Mapping[str, Discount]) -> dict[str, Credit]:
    """Return discounts as the credits that they are beside money, by name."""
    return {
        discount_name(one.invoice_id): Credit(
            discount_name(one.invoice_id), one.customer_id, one.number, one.last_day, one.amount
        )
        for one in discounts.values()
    }


def taxed_among(session: Session, company_id: str, invoice_ids: Iterable[str]) -> set[str]:
    """Return which of these invoices have sales tax, as QuickBooks said it last."""
    papers = _bodies(session, company_id, "Invoice", invoice_ids)
    return {qbo_id for qbo_id, paper in papers.items() if _is_taxed(paper)}


def _bodies(session: Session, company_id: str, entity: str, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    asked = list(ids)
    found = _texts(session, company_id, entity, asked) if asked else ()
    return {qbo_id: _READER.decode(body) for qbo_id, body in found}


@built
def _texts(company_id: str, entity: str, ids: Collection[str]) -> Select[str, str]:
    return select(RawRow.qbo_id, RawRow.body).where(
        RawRow.company_id == company_id, RawRow.entity == entity, col(RawRow.qbo_id).in_(ids)
    )


def _terms(session: Session, company_id: str, papers: Iterable[Mapping[str, Any]]) -> dict[str, Terms]:
    """Return the terms of invoices that grant something; those by day of the month grant nothing here."""
    bodies = _bodies(session, company_id, "Term", {_term_of(paper) for paper in papers} - {""})
    terms = {}
    for qbo_id, body in bodies.items():
        try:
            read = Terms(Decimal(body.get("DiscountPercent") or 0), int(body.get("DiscountDays") or 0))
        except (InvalidOperation, ValueError, TypeError):
            continue
        if read.grants and body.get("Type", "STANDARD") == "STANDARD":
            terms[qbo_id] = read
    return terms


def _term_of(paper: Mapping[str, Any]) -> str:
    return str((paper.get("SalesTermRef") or {}).get("value") or "")


def _is_taxed(paper: Mapping[str, Any]) -> bool:
    return bool((paper.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
