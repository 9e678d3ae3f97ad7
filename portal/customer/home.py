"""The signed-in home: what is open, several invoices paid together, and everything that was paid.

Laws: a contact with several customers chooses, and the choice narrows every query; lists hold fifty rows and say when
there are more.
"""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import col, update

from connector.ledger.money import Money, total
from connector.store.access import SessionRow
from connector.store.cache import InvoiceRow
from portal.access import people
from portal.customer import history, listing
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.heads import Head, heads_of
from portal.here import runtime

MOST_OPEN = 250


@pages.get("/")
@for_contacts
def home() -> ResponseReturnValue:
    """Show the balance, the open invoices to choose from, and the last payments."""
    who = visitor()
    with runtime().db.read() as session:
        customers = people.customers_of(session, who.company.id, who.contact_id)
        if len(customers) > 1 and not who.chosen_customer and "all" not in request.args:
            return redirect(url_for(".choose"))
        heads = heads_of(
            session,
            who,
            col(InvoiceRow.state) == "live",
            col(InvoiceRow.balance_minor) > 0,
            order=(col(InvoiceRow.due_day).is_(None), col(InvoiceRow.due_day)),
            limit=MOST_OPEN,
        )
        paid = history.history_of(session, who, limit=6)
    open_heads = [head for head in heads if head.left]
    today = who.company.today
    return render_template(
        "customer/home.html",
        customers=customers,
        heads=[head for head in heads if head.left or head.under_way],
        sums=_sums(open_heads),
        overdue=_sums([head for head in open_heads if head.standing == "overdue"]),
        history=paid,
        today=today,
    )


def _sums(heads: list[Head]) -> list[Money]:
    """Return the sum that is left, for each currency."""
    currencies = dict.fromkeys(head.left.currency for head in heads)
    return [total((head.left for head in heads if head.left.currency == one), one) for one in currencies]


@pages.get("/customers")
@for_contacts
def choose() -> ResponseReturnValue:
    """Show the customers this contact may act for."""
    who = visitor()
    with runtime().db.read() as session:
        customers = people.customers_of(session, who.company.id, who.contact_id)
    balances = {one.qbo_id: Money(one.balance_minor, one.currency) for one in customers}
    return render_template("customer/choose.html", customers=customers, balances=balances)


@pages.post("/customers")
@for_contacts
def choose_customer() -> ResponseReturnValue:
    """Narrow the session to one customer, or widen it to all."""
    who = visitor()
    chosen = request.form.get("customer", "")
    with runtime().db.write("choose") as session:
        mine = {one.qbo_id for one in people.customers_of(session, who.company.id, who.contact_id)}
        if chosen and chosen not in mine:
            abort(404)
        session.exec(update(SessionRow).where(col(SessionRow.id_hash) == who.session_hash).values(customer_id=chosen))
    return redirect(url_for(".home", all=None if chosen else 1))


@pages.get("/invoices")
@for_contacts
def list_invoices() -> ResponseReturnValue:
    """Show all invoices, filtered, searched, sorted, fifty at a time."""
    wish = listing.wish_of(request.args)
    rows, has_more = listing.rows_of(visitor(), wish)
    return render_template("customer/invoices.html", rows=rows, wish=wish, has_more=has_more, filters=listing.FILTERS)


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
