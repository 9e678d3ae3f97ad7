"""The list of all invoices of a customer: filtered, searched, sorted, fifty at a time, with those chosen to be paid.

The page that is opened most with the most rows: it selects columns and hands the template ready words. Laws: filter,
search, sort and choice stand in the address, so that a page can be kept and sent and nothing that was chosen is lost on
the way through it; only what the visitor may pay can be chosen, whatever the address names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode

from flask import request, url_for
from markupsafe import Markup
from sqlalchemy import BigInteger, ColumnElement, Integer, String, and_, bindparam, case, false, or_, true
from sqlalchemy import cast as sql_cast
from sqlmodel import col
from werkzeug.datastructures import MultiDict

from connector.errors import WrongInput
from connector.ledger.money import Money, total
from connector.store.cache import InvoiceRow
from connector.store.money import ShareRow
from connector.store.prepared import Prepared
from connector.words import mark, spoken
from portal.access.roles import Acted, acted_for
from portal.access.visitors import OWN_INVOICES, OWN_INVOICES_OF_ONE, Visitor, may_pay_for
from portal.customer.heads import Head, Taken, heads_of, taken_of
from portal.customer.listing_rows import Saying, say_row
from portal.here import runtime
from portal.picking import asking, pick
from sync.collect.amounts import read_amount
from sync.collect.answers import MOST_INVOICES

PAGE = 50
LONGEST_SEARCH = 60
FILTERS = {"": mark("All"), "open": mark("Open"), "overdue": mark("Overdue"), "paid": mark("Paid")}
_SORTS: Mapping[str, tuple[Any, ...]] = {
    "": (col(InvoiceRow.issued_day).desc(), col(InvoiceRow.qbo_id).desc()),
    "due": (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day), col(InvoiceRow.qbo_id)),
    "amount": (col(InvoiceRow.total_minor).desc(), col(InvoiceRow.qbo_id)),
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


_NOBODY: Sequence[Acted] = ()
_NOTHING: Sequence[Head] = ()


@dataclass(frozen=True)
class Chosen:
    """An invoice that was chosen to be paid, here or on another page of the list."""

    qbo_id: str
    left: Money
    is_here: bool


@dataclass(frozen=True)
class Around:
    """What stands around the rows. `customers` are those among which to narrow, where it shows more than one."""

    has_rows: bool
    has_more: bool
    customers: tuple[Acted, ...]
    chosen: tuple[Chosen, ...]
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


@dataclass(frozen=True)
class Page:
    """A page of the list: its rows as they stand on it, and what stands around them."""

    rows: Markup
    around: Around


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
    rows, has_more, pays = _found(visitor, wish)
    shared = [row[_ID] for row in rows if row[_HAS_SHARES]]
    is_of_several = bool(wish.customer) or (len(pays) > 1 and len({row[_CUSTOMER] for row in rows}) > 1)
    taken, customers, chosen = Taken({}, frozenset()), _NOBODY, _NOTHING
    if shared or is_of_several or wish.chosen:
        with runtime().db.read() as session:
            taken = taken_of(session, visitor, shared)
            customers = acted_for(session, visitor.company.id, visitor.contact_id) if is_of_several else _NOBODY
            chosen = heads_of(session, visitor, *_may_be_chosen(visitor, wish)) if wish.chosen else _NOTHING
    saying_of = _sayings(visitor, pays, customers)
    own = {*taken.minor, *taken.busy, *wish.chosen}
    said = []
    for row in rows:
        saying = saying_of[row[_CUSTOMER]]
        said.append(say_row(row, _own(saying, row[_ID], taken, wish) if row[_ID] in own else saying))
    here = {row[_ID] for row in rows}
    picked = tuple(Chosen(one.invoice.qbo_id, one.left, one.invoice.qbo_id in here) for one in chosen if one.left)
    can_choose = bool(picked) or any(one.can_be_chosen for one in said)
    around = Around(bool(rows), has_more, tuple(customers), picked, can_choose)
    return Page(Markup("".join([one.markup for one in said])), around)  # noqa: S704  # nosec B704  # escaped row by row


def _found(visitor: Visitor, wish: Wish) -> tuple[Sequence[Any], bool, Mapping[str, bool]]:
    """Return the columns of a page's rows, whether there are more behind them, and for which customers one may pay."""
    scope = {**visitor.values(), **({"chosen": wish.customer} if wish.customer else {})}
    amount = _amount(wish.search, visitor.company.home_currency) if wish.search else None
    values = {
        **scope,
        "today": visitor.company.today,
        "pattern": _pattern(wish.search),
        "amount": amount,
        "most": PAGE + 1,
        "skipped": (wish.page - 1) * PAGE,
    }
    with asking() as reader:
        pays = may_pay_for(reader, scope)
        is_of_one = len(pays) == 1
        query = _query(wish.show, wish.sort, bool(wish.search), amount is not None, is_of_one)
        rows = query.all(reader, only=next(iter(pays), ""), **values)
    return rows[:PAGE], len(rows) > PAGE, pays


def _sayings(visitor: Visitor, pays: Mapping[str, bool], customers: Sequence[Acted]) -> Mapping[str, Saying]:
    """Return what the rows of each customer say beside their own columns."""
    company, names = visitor.company, {one.qbo_id: one.name for one in customers}
    plain = Saying(_invoices_at(company.slug), company.today, spoken(), may_choose=False)
    # What was given to this contact between the two questions can be looked at.
    return defaultdict(
        lambda: plain,
        {
            one: plain._replace(whose=names.get(one, ""), may_choose=may and company.takes_payments)
            for one, may in pays.items()
        },
    )


def _own(saying: Saying, qbo_id: str, taken: Taken, wish: Wish) -> Saying:
    """Return what a row says that has something of its own: money on its way, or that it was chosen."""
    minor, is_busy = taken.minor.get(qbo_id, 0), qbo_id in taken.busy
    return saying._replace(taken=minor, is_busy=is_busy, is_chosen=qbo_id in wish.chosen)


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
    *(col(InvoiceRow.qbo_id), col(InvoiceRow.number), col(InvoiceRow.state)),
    # As text: a row that is kept in words is found by what the database says, and needs no days of Python.
    *(sql_cast(InvoiceRow.issued_day, String), sql_cast(InvoiceRow.due_day, String)),
    *(col(InvoiceRow.total_minor), col(InvoiceRow.balance_minor), col(InvoiceRow.currency)),
    col(InvoiceRow.customer_id),
)
_ID, _CUSTOMER, _HAS_SHARES = 0, 8, 9  # where they stand in a row


@cache
def _query(show: str, sort: str, searched: bool, by_amount: bool, is_of_one: bool) -> Prepared:
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
    conditions = [OWN_INVOICES_OF_ONE if is_of_one else OWN_INVOICES, *([shown[show]] if show in shown else [])]
    if searched:
        conditions.append(_matches(by_amount))
    has_shares = case((shares.exists(), 1), else_=0)
    found = pick(*_COLUMNS, has_shares).where(*conditions)
    ordered = found.order_by(*_SORTS[sort])
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
