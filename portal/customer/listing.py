"""The list of all invoices of a customer: filtered, searched, sorted, fifty at a time.

The page that is opened most with the most rows: it selects columns and hands the template ready words. Law: filter,
search and sort stand in the address, so that a page can be kept and sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from flask import url_for
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from connector.errors import WrongInput
from connector.ledger.invoices import Standing
from connector.store.cache import InvoiceRow
from connector.words import day_text, figure
from portal.access.visitors import Visitor
from portal.customer.heads import Head, heads_of
from portal.here import runtime
from sync.collect.amounts import read_amount

PAGE = 50
LONGEST_SEARCH = 60
FILTERS = {"": "All", "open": "Open", "overdue": "Overdue", "paid": "Paid"}
_SORTS: Mapping[str, tuple[Any, ...]] = {
    "": (col(InvoiceRow.issued_day).desc(), col(InvoiceRow.qbo_id).desc()),
    "due": (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day)),
    "amount": (col(InvoiceRow.total_minor).desc(),),
}


@dataclass(frozen=True)
class Wish:
    """What the address asks for."""

    show: str = ""
    search: str = ""
    sort: str = ""
    page: int = 1

    def address(self, **changes: Any) -> str:
        """Return the address of this list with something changed, from its first page unless a page is named."""
        other = replace(self, **{"page": 1, **changes})
        page = other.page if other.page > 1 else None
        return url_for(
            ".list_invoices", show=other.show or None, q=other.search or None, sort=other.sort or None, page=page
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list, in words."""

    href: str
    number: str
    customer: str
    issued: str
    due: str
    total: str
    left: str
    mark: str  # the mark's class
    word: str  # the mark's word


def wish_of(arguments: Mapping[str, str]) -> Wish:
    """Read the address; what it does not know counts as not asked."""
    show, sort, page = arguments.get("show", ""), arguments.get("sort", ""), arguments.get("page", "1")
    return Wish(
        show=show if show in FILTERS else "",
        search=arguments.get("q", "").strip()[:LONGEST_SEARCH],
        sort=sort if sort in _SORTS else "",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1,
    )


def rows_of(visitor: Visitor, wish: Wish) -> tuple[list[Line], bool]:
    """Return a page of the list, and whether there is another."""
    today = visitor.company.today
    with runtime().db.read() as session:
        heads = heads_of(
            session,
            visitor,
            *_conditions(visitor, wish),
            order=_SORTS[wish.sort],
            limit=PAGE + 1,
            offset=(wish.page - 1) * PAGE,
        )
    base = url_for(".show_invoice", invoice_id="-")[:-1]
    return [_line(head, base, today.year) for head in heads[:PAGE]], len(heads) > PAGE


def _conditions(visitor: Visitor, wish: Wish) -> list[ColumnElement[bool]]:
    is_open = and_(col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) > 0)
    shown: dict[str, ColumnElement[bool]] = {
        "open": is_open,
        "overdue": and_(is_open, col(InvoiceRow.due_day) < visitor.company.today),
        "paid": and_(col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) <= 0),
    }
    conditions = [shown[wish.show]] if wish.show in shown else []
    if wish.search:
        conditions.append(_matches(wish.search, visitor.company.home_currency))
    return conditions


def _matches(search: str, currency: str) -> ColumnElement[bool]:
    """Match a number that contains the text, or an amount that equals it."""
    by_number = col(InvoiceRow.number).icontains(search, autoescape=True)
    try:
        minor = read_amount(search, currency).minor
    except WrongInput:
        return by_number
    return or_(by_number, col(InvoiceRow.total_minor) == minor, col(InvoiceRow.balance_minor) == minor)


_MARKS = {
    Standing.PAID: ("good", "Paid"),
    Standing.OVERDUE: ("bad", "Overdue"),
    Standing.OPEN: ("wait", "Open"),
    Standing.PARTLY_PAID: ("wait", "Partly paid"),
    Standing.VOIDED: ("", "Cancelled"),
    Standing.DELETED: ("", "Withdrawn"),
}


def _line(head: Head, base: str, year: int) -> Line:
    invoice = head.invoice
    mark, word = ("wait", "Under way") if head.under_way and not head.left else _MARKS[head.standing]
    return Line(
        href=base + quote(invoice.qbo_id, safe=""),
        number=head.title,
        customer=head.customer_name,
        issued=day_text(invoice.issued_day, this_year=year),
        due=day_text(invoice.due_day, this_year=year) if invoice.due_day else "",
        total=figure(invoice.total),
        left=figure(head.left) if head.left else "",
        mark=mark,
        word=word,
    )
