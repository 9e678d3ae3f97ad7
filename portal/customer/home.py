"""The signed-in home: what is open, several invoices paid together, and everything that was paid.

Laws: a contact with several customers chooses, and the choice narrows every query; only who proved the mailbox moves on
to another company; lists hold fifty rows and say when there are more.
"""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import col, update

from connector.ledger.money import Money, total
from connector.store.access import SessionRow
from connector.store.cache import InvoiceRow
from portal.access import sessions
from portal.access.elsewhere import Elsewhere, companies_elsewhere, move
from portal.access.roles import Acted, acted_for, tops
from portal.customer import history, listing
from portal.customer.dashboard import dashboard_of
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.heads import Head, heads_of
from portal.frames import framed
from portal.here import host, runtime
from portal.ring import PRESS, limiter
from sync.addresses import at_home

MOST_OPEN, LONGEST_SEARCH = 250, 60


@pages.get("/")
@for_contacts
def home() -> ResponseReturnValue:
    """Show the balance, the open invoices to choose from, what is on its way, and what happened last."""
    who = visitor()
    with runtime().db.read() as session:
        customers = acted_for(session, who.company.id, who.contact_id)
        if len(tops(customers)) != 1 and not who.chosen_customer and "all" not in request.args:
            return redirect(url_for(".choose"))
        is_open = (col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) > 0)
        order = (col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day))
        heads = heads_of(session, who, *is_open, order=order, limit=MOST_OPEN + 1)
        # What is owed is all of it, also where the page lists a part.
        all_open = heads if len(heads) <= MOST_OPEN else heads_of(session, who, *is_open)
        beside = dashboard_of(session, who)
    open_heads = [head for head in all_open if head.left]
    return render_template(
        "customer/home.html",
        customers=customers,
        shown=_shown(customers, who.chosen_customer),
        payable={one.qbo_id for one in customers if one.pays},
        heads=[head for head in heads[:MOST_OPEN] if head.left or head.under_way],
        chosen=frozenset(request.args.getlist("i")),
        sums=_sums(open_heads),
        overdue=_sums([head for head in open_heads if head.standing == "overdue"]),
        beside=beside,
        today=who.company.today,
    )


def _shown(customers: list[Acted], chosen: str) -> list[Acted]:
    """Return whose invoices the page shows, by their tops: the chosen one, or everyone who stands under nobody."""
    return [one for one in customers if one.qbo_id == chosen] or tops(customers)


def _sums(heads: list[Head]) -> list[Money]:
    """Return the sum that is left, for each currency."""
    currencies = dict.fromkeys(head.left.currency for head in heads)
    return [total((head.left for head in heads if head.left.currency == one), one) for one in currencies]


@pages.get("/customers")
@for_contacts
def choose() -> ResponseReturnValue:
    """Show the customers this contact may act for, here and at other companies."""
    who = visitor()
    with runtime().db.read() as session:
        customers = acted_for(session, who.company.id, who.contact_id)
        elsewhere = companies_elsewhere(session, who)
    wanted = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    return render_template(
        "customer/choose.html",
        customers=[one for one in customers if wanted.casefold() in one.name.casefold()],
        number=len(customers),
        tops=tops(customers),
        elsewhere=[(one, _address_of(one)) for one in elsewhere],
        wanted=wanted,
    )


def _address_of(company: Elsewhere) -> str:
    """Return where another company's pages begin, seen from a company's own host; empty where it is this host."""
    settings = runtime().settings
    path = url_for(".home", slug=company.slug)
    return at_home(settings, company.host, settings.public_url + path) if host() else ""


@pages.post("/customers")
@for_contacts
def choose_customer() -> ResponseReturnValue:
    """Narrow the session to one customer and what is under it, or widen it to all."""
    who = visitor()
    chosen = request.form.get("customer", "")
    with runtime().db.write("choose") as session:
        mine = {one.qbo_id for one in acted_for(session, who.company.id, who.contact_id)}
        if chosen and chosen not in mine:
            abort(404)
        session.exec(update(SessionRow).where(col(SessionRow.id_hash) == who.session_hash).values(customer_id=chosen))
    return redirect(url_for(".home", all=None if chosen else 1))


@pages.post("/companies")
@limiter.limit(PRESS)
@for_contacts
def move_to_company() -> ResponseReturnValue:
    """Open the portal of another company of which the same person is a contact."""
    who = visitor()
    if host():
        abort(404)  # another company's cookie cannot be given at this one's host: its page is linked to
    with runtime().db.write("company.move") as session:
        found = [one for one in companies_elsewhere(session, who) if one.slug == request.form.get("company", "")]
        if not found:
            abort(404)
        there = found[0]
        cookie = move(session, who, there)
    response = redirect(url_for(".home", slug=there.slug))
    return sessions.give(response, sessions.payer_door(there.slug), cookie, sessions.CUSTOMER)


@pages.get("/invoices")
@for_contacts
def list_invoices() -> ResponseReturnValue:
    """Show all invoices, filtered, searched, sorted, fifty at a time."""
    wish = listing.wish_of(request.args)
    page = listing.page_of(visitor(), wish)
    facts = {"company": visitor().company, "page": page.around, "wish": wish, "filters": tuple(listing.FILTERS.items())}
    return framed("customer/invoices.html", page.rows, **facts)


@pages.get("/payments")
@for_contacts
def list_payments() -> ResponseReturnValue:
    """Show what was paid, here and elsewhere."""
    page = max(request.args.get("page", 1, int), 1)
    with runtime().db.read() as session:
        rows = history.history_of(session, visitor(), limit=history.PAGE + 1, offset=(page - 1) * history.PAGE)
    return render_template(
        "customer/payments.html", rows=rows[: history.PAGE], page=page, has_more=len(rows) > history.PAGE
    )
