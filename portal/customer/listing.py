"""The list of all invoices of a customer: filtered, searched, sorted, fifty at a time.

The page that is opened most with the most rows: it selects columns and hands the template ready words. Law: filter,
search and sort stand in the address, so that a page can be kept and sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flask import url_for
from sqlalchemy import BigInteger, ColumnElement, Integer, Select, and_, bindparam, or_
from sqlmodel import col

from connector.errors import WrongInput
from connector.store.cache import InvoiceRow
from connector.store.money import ShareRow
from connector.words import day_text, known, mark, minor_figure, spoken
from portal.access.visitors import OWN_INVOICES, Visitor
from portal.customer.heads import Taken, taken_of
from portal.picking import fetch, pick, reading
from sync.collect.amounts import read_amount

PAGE = 50
LONGEST_SEARCH = 60
FILTERS = {"": mark("All"), "open": mark("Open"), "overdue": mark("Overdue"), "paid": mark("Paid")}
_SORTS: Mapping[str, tuple[Any, ...]] = {
    "": (col(InvoiceRow.issued_day).desc(), col(InvoiceRow.qbo_id).desc()),
    "due": (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day)),
    "amount": (col(InvoiceRow.total_minor).desc(),),
}


@dataclass(frozen=True)
class Wish:
    """What the address asks for."""

    path: str
    show: str = ""
    search: str = ""
    sort: str = ""
    page: int = 1
    customer: str = ""  # one of several that the visitor acts for

    def address(self, **changes: Any) -> str:
        """Return the address of this list with something changed, from its first page unless a page is named."""
        other = replace(self, **{"page": 1, **changes})
        words = {
            "customer": other.customer,
            "show": other.show,
            "q": other.search,
            "sort": other.sort,
            "page": other.page if other.page > 1 else "",
        }
        asked = urlencode({name: word for name, word in words.items() if word})
        return f"{other.path}?{asked}" if asked else other.path


class Line(NamedTuple):
    """One row of the list, in words."""

    href: str
    number: str
    issued: str
    due: str
    total: str
    left: str
    mark: str  # the mark's class
    word: str  # the mark's word
    customer_id: str


def wish_of(arguments: Mapping[str, str]) -> Wish:
    """Read the address; what it does not know counts as not asked."""
    show, sort, page = arguments.get("show", ""), arguments.get("sort", ""), arguments.get("page", "1")
    return Wish(
        path=url_for(".list_invoices"),
        show=show if show in FILTERS else "",
        search=arguments.get("q", "").strip()[:LONGEST_SEARCH],
        sort=sort if sort in _SORTS else "",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1,
        customer=arguments.get("customer", "")[:LONGEST_SEARCH],
    )


def rows_of(visitor: Visitor, wish: Wish) -> tuple[list[Line], bool]:
    """Return a page of the list, and whether there is another."""
    today = visitor.company.today
    amount = _amount(wish.search, visitor.company.home_currency)
    values = {
        **visitor.values(),
        **({"chosen": wish.customer} if wish.customer else {}),
        "today": today,
        "pattern": _pattern(wish.search),
        "amount": amount,
        "most": PAGE + 1,
        "skipped": (wish.page - 1) * PAGE,
    }
    query = _query(wish.show, wish.sort, bool(wish.search), amount is not None)
    with reading() as connection:
        rows = fetch(connection, query, values)
        taken = taken_of(connection, visitor, [row.qbo_id for row in rows if row.has_shares])
    base = url_for(".show_invoice", invoice_id="-")[:-1]
    locale = spoken()
    return [_line(row, base, today, taken, locale) for row in rows[:PAGE]], len(rows) > PAGE


_COLUMNS = (
    *(col(InvoiceRow.qbo_id), col(InvoiceRow.number), col(InvoiceRow.state), col(InvoiceRow.issued_day)),
    *(col(InvoiceRow.due_day), col(InvoiceRow.total_minor), col(InvoiceRow.balance_minor), col(InvoiceRow.currency)),
    col(InvoiceRow.customer_id),
)


@cache
def _query(show: str, sort: str, searched: bool, by_amount: bool) -> Select[Any]:
    """Build the query of a kind of list once; visitors and pages differ in its parameters only."""
    shares = pick(ShareRow.payment_id).where(
        col(ShareRow.company_id) == InvoiceRow.company_id, col(ShareRow.invoice_id) == InvoiceRow.qbo_id
    )
    is_open = and_(col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) > 0)
    shown: dict[str, ColumnElement[bool]] = {
        "open": is_open,
        "overdue": and_(is_open, col(InvoiceRow.due_day) < bindparam("today")),
        "paid": and_(col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) <= 0),
    }
    conditions = [OWN_INVOICES, *([shown[show]] if show in shown else [])]
    if searched:
        conditions.append(_matches(by_amount))
    found = pick(*_COLUMNS, shares.exists().label("has_shares")).where(*conditions)
    ordered = found.order_by(*_SORTS[sort], col(InvoiceRow.qbo_id))
    return ordered.limit(bindparam("most", type_=Integer)).offset(bindparam("skipped", type_=Integer))


def _matches(by_amount: bool) -> ColumnElement[bool]:
    """Match a number that contains the text, or an amount that equals it."""
    by_number = col(InvoiceRow.number).ilike(bindparam("pattern"), escape="/")
    if not by_amount:
        return by_number
    amount = bindparam("amount", type_=BigInteger)
    return or_(by_number, col(InvoiceRow.total_minor) == amount, col(InvoiceRow.balance_minor) == amount)


def _pattern(search: str) -> str:
    """Return the pattern of a text inside another; the text's own signs mean themselves."""
    return "%" + search.replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"


def _amount(search: str, currency: str) -> int | None:
    try:
        return read_amount(search, currency).minor
    except WrongInput:
        return None


def _line(row: Any, base: str, today: date, taken: Taken, locale: str) -> Line:
    qbo_id, number, state, issued_day, due_day, total, balance, currency, customer_id, _ = row
    left = max(balance - taken.minor.get(qbo_id, 0), 0) if state == "live" and balance > 0 else 0
    kind, word = _mark(state, total, balance, left, due_day, today, qbo_id in taken.busy)
    return Line(
        base + (qbo_id if qbo_id.isalnum() and qbo_id.isascii() else quote(qbo_id, safe="")),
        number or _word(mark("without a number"), locale),
        _day(issued_day, today.year, locale),
        _day(due_day, today.year, locale) if due_day else "",
        minor_figure(total, currency, locale=locale),
        minor_figure(left, currency, locale=locale) if left else "",
        kind,
        _word(word, locale),
        customer_id,
    )


@lru_cache(maxsize=64)
def _word(message: str, locale: str) -> str:
    """Say a word of the list; `locale` is the one that is spoken, which it is kept for."""
    return known(message)


@lru_cache(maxsize=2048)
def _day(day: date, year: int, locale: str) -> str:
    return day_text(day, this_year=year, locale=locale)


def _mark(
    state: str, total: int, balance: int, left: int, due_day: date | None, today: date, is_busy: bool
) -> tuple[str, str]:
    """Return an invoice's mark and its word, yet to be said: the ledger's standing (a test holds them together)."""
    if state != "live":
        return ("", mark("Cancelled")) if state == "voided" else ("", mark("Withdrawn"))
    if not left:
        return ("wait", mark("Under way")) if is_busy else ("good", mark("Paid"))
    if due_day is not None and due_day < today:
        return "bad", mark("Overdue")
    return ("wait", mark("Partly paid") if balance < total else mark("Open"))
