"""The list of all invoices of a customer: filtered, searched, sorted, fifty at a time.

The page that is opened most with the most rows: it selects columns and hands the template ready words. Law: filter,
search and sort stand in the address, so that a page can be kept and sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus

from flask import request, url_for
from markupsafe import Markup, escape
from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, or_
from sqlmodel import col

from connector.errors import WrongInput
from connector.store.cache import InvoiceRow
from connector.store.money import ShareRow
from connector.store.prepared import Prepared
from connector.words import day_text, known, mark, minor_figure, spoken
from portal.access.roles import Acted, acted_for
from portal.access.visitors import OWN_INVOICES, Visitor
from portal.customer.heads import Taken, taken_of
from portal.here import runtime
from portal.picking import asking, pick
from sync.collect.amounts import read_amount

PAGE = 50
LONGEST_SEARCH = 60
FILTERS = {"": mark("All"), "open": mark("Open"), "overdue": mark("Overdue"), "paid": mark("Paid")}
_SORTS: Mapping[str, tuple[Any, ...]] = {
    "": (col(InvoiceRow.issued_day).desc(), col(InvoiceRow.qbo_id).desc()),
    "due": (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day)),
    "amount": (col(InvoiceRow.total_minor).desc(),),
}


_ASKED = {"search": "q"}  # in the address, where it is called otherwise


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
        words = {
            "customer": self.customer,
            "show": self.show,
            "search": self.search,
            "sort": self.sort,
            "page": 1,
            **changes,
        }
        words["page"] = words["page"] if words["page"] > 1 else ""
        asked = "&".join([f"{_ASKED.get(name, name)}={quote_plus(str(word))}" for name, word in words.items() if word])
        return f"{self.path}?{asked}" if asked else self.path


class Line(NamedTuple):
    """One row of the list, in words that stand on the page as they are, in the order in which it has them."""

    href: str
    number: str
    whose: str  # where the list shows several customers' invoices
    issued: str
    due: str
    total: str
    left: str
    mark: str  # the mark's class
    word: str  # the mark's word


_NOBODY: Sequence[Acted] = ()
_WHOSE = Markup('<span class="whose">{}</span>')


class Page(NamedTuple):
    """A page of the list. `customers` are those among which it may be narrowed, where it shows more than one."""

    rows: Sequence[Line]
    has_more: bool
    customers: Sequence[Acted]


def wish_of(arguments: Mapping[str, str]) -> Wish:
    """Read the address; what it does not know counts as not asked."""
    show, sort, page = arguments.get("show", ""), arguments.get("sort", ""), arguments.get("page", "1")
    return Wish(
        path=request.path,
        show=show if show in FILTERS else "",
        search=arguments.get("q", "").strip()[:LONGEST_SEARCH],
        sort=sort if sort in _SORTS else "",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1,
        customer=arguments.get("customer", "")[:LONGEST_SEARCH],
    )


def page_of(visitor: Visitor, wish: Wish) -> Page:
    """Return a page of the list."""
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
    with asking() as reader:
        rows = query.all(reader, **values)
    shared = [qbo_id for qbo_id, *_, has_shares in rows if has_shares]
    is_of_several = bool(wish.customer) or len({customer_id for *_, customer_id, _ in rows}) > 1
    taken, customers = Taken({}, frozenset()), _NOBODY
    if shared or is_of_several:
        with runtime().db.read() as session:
            taken = taken_of(session, visitor, shared)
            customers = acted_for(session, visitor.company.id, visitor.contact_id) if is_of_several else _NOBODY
    said = _Saying(
        _invoices_at(visitor.company.slug), today, taken, spoken(), {one.qbo_id: one.name for one in customers}
    )
    return Page([_line(row, said) for row in rows[:PAGE]], len(rows) > PAGE, customers)


@lru_cache(maxsize=256)
def _invoices_at(slug: str) -> str:
    """Return what the addresses of a company's invoices begin with."""
    return url_for(".show_invoice", slug=slug, invoice_id="-")[:-1]


_COLUMNS = (
    *(col(InvoiceRow.qbo_id), col(InvoiceRow.number), col(InvoiceRow.state), col(InvoiceRow.issued_day)),
    *(col(InvoiceRow.due_day), col(InvoiceRow.total_minor), col(InvoiceRow.balance_minor), col(InvoiceRow.currency)),
    col(InvoiceRow.customer_id),
)


@cache
def _query(show: str, sort: str, searched: bool, by_amount: bool) -> Prepared:
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
    return Prepared(ordered.limit(bindparam("most", type_=Integer)).offset(bindparam("skipped", type_=Integer)))


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


class _Saying(NamedTuple):
    """What the words of every row of a page depend on."""

    base: str  # what the addresses begin with
    today: date
    taken: Taken
    locale: str
    names: Mapping[str, str]  # of customers, where they are to be said


def _line(row: Any, said: _Saying) -> Line:
    qbo_id, number, state, issued_day, due_day, total, balance, currency, customer_id, _ = row
    base, today, taken, locale, names = said
    left = max(balance - taken.minor.get(qbo_id, 0), 0) if state == "live" and balance > 0 else 0
    kind, word = _mark(state, total, balance, left, due_day, today, qbo_id in taken.busy)
    return Line(
        base + (qbo_id if qbo_id.isalnum() and qbo_id.isascii() else quote(qbo_id, safe="")),
        number if number.isalnum() else escape(number) if number else _word(mark("without a number"), locale),
        _WHOSE.format(names.get(customer_id, "")) if names else "",
        _day(issued_day, today.year, locale),
        _day(due_day, today.year, locale) if due_day else "",
        minor_figure(total, currency, locale=locale),
        minor_figure(left, currency, locale=locale) if left else "",
        kind,
        _word(word, locale),
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
