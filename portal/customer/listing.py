"""The list of all invoices of a customer: filtered, searched, sorted, fifty at a time, with those chosen to be paid.

The page that is opened most with the most rows: it selects columns and hands the template ready words. Laws: filter,
search, sort and choice stand in the address, so that a page can be kept and sent and nothing that was chosen is lost on
the way through it; only what the visitor may pay can be chosen, whatever the address names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from flask import request, url_for
from markupsafe import Markup, escape
from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, false, or_, true
from sqlmodel import col
from werkzeug.datastructures import MultiDict

from connector.errors import WrongInput
from connector.ledger.money import Money, digits_of, total
from connector.store.cache import InvoiceRow
from connector.store.money import ShareRow
from connector.store.prepared import Prepared
from connector.words import day_text, known, mark, minor_figure, spoken
from portal.access.roles import Acted, acted_for
from portal.access.visitors import MAY_PAY, OWN_INVOICES, Visitor
from portal.customer.heads import Head, Taken, heads_of, taken_of
from portal.here import runtime
from portal.picking import asking, pick
from sync.collect.amounts import read_amount
from sync.collect.answers import MOST_INVOICES

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
    chosen: tuple[str, ...] = ()  # ids of invoices to pay

    @property
    def of_all(self) -> str:
        """Return the address of the whole list, with what was chosen."""
        return f"{self.path}?{urlencode([('i', one) for one in self.chosen])}" if self.chosen else self.path

    @property
    def with_none_chosen(self) -> str:
        """Return the address of this page with nothing chosen."""
        asked = {"customer": self.customer, "show": self.show, "q": self.search, "sort": self.sort, "page": self.page}
        return f"{self.path}?{urlencode({name: word for name, word in asked.items() if word})}"


class Line(NamedTuple):
    """One row of the list, in words that stand on the page as they are, in the order in which it has them."""

    facts: str  # what the page's script adds up, where it may be paid
    tick: str
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
_NOTHING: Sequence[Head] = ()
_WHOSE = Markup('<span class="whose">{}</span>')


@dataclass(frozen=True)
class Chosen:
    """An invoice that was chosen to be paid, here or on another page of the list."""

    qbo_id: str
    left: Money
    is_here: bool


@dataclass(frozen=True)
class Page:
    """A page of the list. `customers` are those among which it may be narrowed, where it shows more than one."""

    rows: Sequence[Line]
    has_more: bool
    customers: Sequence[Acted]
    chosen: Sequence[Chosen]
    can_choose: bool  # whether anything here may be paid

    @property
    def elsewhere(self) -> list[Chosen]:
        """Return what was chosen on other pages."""
        return [one for one in self.chosen if not one.is_here]

    @property
    def sum(self) -> Money | None:
        """Return what the chosen ones come to; None where there are none, or of several currencies."""
        currencies = {one.left.currency for one in self.chosen}
        return total((one.left for one in self.chosen), currencies.pop()) if len(currencies) == 1 else None


def wish_of(arguments: MultiDict[str, str]) -> Wish:
    """Read the address; what it does not know counts as not asked, and of what it says twice the last counts.

    The page's form says filter and sort as they are, and the button that was pressed says them anew behind that.
    """
    said = {name: values[-1] for name, values in arguments.lists() if values}
    show, sort, page = said.get("show", ""), said.get("sort", ""), said.get("page", "1")
    return Wish(
        path=request.path,
        show=show if show in FILTERS else "",
        search=said.get("q", "").strip()[:LONGEST_SEARCH],
        sort=sort if sort in _SORTS else "",
        page=int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1,
        customer=said.get("customer", "")[:LONGEST_SEARCH],
        chosen=tuple(dict.fromkeys(arguments.getlist("i")))[:MOST_INVOICES],
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
    shared = [qbo_id for qbo_id, *_, has_shares, _ in rows if has_shares]
    is_of_several = bool(wish.customer) or len({customer_id for *_, customer_id, _, _ in rows}) > 1
    taken, customers, chosen = Taken({}, frozenset()), _NOBODY, _NOTHING
    if shared or is_of_several or wish.chosen:
        with runtime().db.read() as session:
            taken = taken_of(session, visitor, shared)
            customers = acted_for(session, visitor.company.id, visitor.contact_id) if is_of_several else _NOBODY
            chosen = heads_of(session, visitor, *_may_be_chosen(visitor, wish)) if wish.chosen else _NOTHING
    said = _Saying(
        *(_invoices_at(visitor.company.slug), today, taken, spoken(), {one.qbo_id: one.name for one in customers}),
        *(frozenset(wish.chosen), _tick(spoken()) if visitor.company.takes_payments else ""),
    )
    lines, here = [_line(row, said) for row in rows[:PAGE]], {row[0] for row in rows[:PAGE]}
    picked = [Chosen(one.invoice.qbo_id, one.left, one.invoice.qbo_id in here) for one in chosen if one.left]
    can_choose = bool(picked) or any(line.tick for line in lines)
    return Page(lines, len(rows) > PAGE, customers, picked, can_choose)


def _may_be_chosen(visitor: Visitor, wish: Wish) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on what an address names as chosen: open, and this visitor's to pay."""
    is_open = (col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) > 0)
    pays = true() if visitor.company.takes_payments else false()
    return (*is_open, pays, col(InvoiceRow.qbo_id).in_(wish.chosen), visitor.may_pay_invoice())


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
    found = pick(*_COLUMNS, shares.exists().label("has_shares"), MAY_PAY.label("pays")).where(*conditions)
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
    chosen: Collection[str]
    tick: str  # the form of a tick; empty where nothing is paid


def _line(row: Any, said: _Saying) -> Line:
    qbo_id, number, state, issued_day, due_day, total_minor, balance, currency, customer_id, _, pays = row
    base, today, taken, locale, names, chosen, tick = said
    left = max(balance - taken.minor.get(qbo_id, 0), 0) if state == "live" and balance > 0 else 0
    kind, word = _mark(state, total_minor, balance, left, due_day, today, qbo_id in taken.busy)
    title = number if number.isalnum() else escape(number) if number else _word(mark("without a number"), locale)
    left_text = minor_figure(left, currency, locale=locale) if left else ""
    facts = ticked = ""
    if left and pays and tick:
        facts = f' data-left="{left}" data-currency="{escape(currency)}" data-digits="{digits_of(currency)}"'
        key = qbo_id if qbo_id.isalnum() else escape(qbo_id)
        ticked = tick.format(id=key, number=title, amount=left_text, on=" checked" * (qbo_id in chosen))
    return Line(
        facts,
        ticked,
        base + (qbo_id if qbo_id.isalnum() and qbo_id.isascii() else quote(qbo_id, safe="")),
        title,
        _WHOSE.format(names.get(customer_id, "")) if names else "",
        _day(issued_day, today.year, locale),
        _day(due_day, today.year, locale) if due_day else "",
        minor_figure(total_minor, currency, locale=locale),
        left_text,
        kind,
        _word(word, locale),
    )


@lru_cache(maxsize=16)
def _tick(locale: str) -> str:
    """Return the form of a row's tick, in `locale`, which is the one that is spoken."""
    words = escape(known(mark("Pay invoice {number}, {amount}")))
    return f'<input type="checkbox" class="tick" name="i" value="{{id}}" aria-label="{words}"{{on}}>'


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
