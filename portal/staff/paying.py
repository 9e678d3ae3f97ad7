"""What a company grants to payers: paying online at all, discounts for paying early by the terms on its invoices, and
paying on account.

Laws: owners alone change it; nothing is granted before an item of QuickBooks is chosen for it; each change is a line in
the sync log.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.store.companies import CompanyRow, MappingRow
from portal.access.members import OWNER
from portal.here import runtime
from portal.staff.gate import member, needs_role, pages
from portal.staff.items import items_of
from portal.staff.method_rates import MethodRates
from sync import log
from sync.collect.discounts import ITEM_ROLE
from sync.collect.pausing import switch


@pages.get("/settings/paying")
def show_paying() -> ResponseReturnValue:
    """Show what is granted, and the items that a discount can be booked on."""
    company_id = member().company.id
    with runtime().db.read() as session:
        row = session.get_one(CompanyRow, company_id)
        chosen = session.get(MappingRow, (company_id, ITEM_ROLE, ""))
        return render_template(
            "staff/paying.html",
            grants=row.early_discount,
            with_tax=row.discount_taxed,
            takes_deposits=row.takes_deposits,
            takes_payments=row.takes_payments,
            bank_first=row.bank_first,
            rates=MethodRates.read(session, company_id),
            items=items_of(session, company_id),
            item=chosen.qbo_id if chosen else "",
        )


@pages.post("/settings/paying")
@needs_role(OWNER)
def save_paying() -> ResponseReturnValue:
    """Save what is granted."""
    rt, company_id = runtime(), member().company.id
    grants, item = request.form.get("early_discount") == "yes", request.form.get("item", "")
    with rt.db.write("paying") as session:
        names = dict(items_of(session, company_id))
        if grants and item not in names:
            flash("Choose the item that discounts are booked on. Nothing was changed.", "bad")
            return redirect(url_for(".show_paying"))
        row = session.get_one(CompanyRow, company_id)
        row.early_discount, row.discount_taxed = grants, request.form.get("discount_taxed") == "yes"
        row.takes_deposits = request.form.get("takes_deposits") == "yes"
        row.bank_first = request.form.get("bank_first") == "yes"
        if item in names:
            session.merge(MappingRow(company_id=company_id, role=ITEM_ROLE, currency="", qbo_id=item, name=names[item]))
        said = f"grants discounts for paying early, booked on {names[item]}" if grants else "grants no discounts"
        on_account = "takes payments on account" if row.takes_deposits else "takes no payments on account"
        sentence = f"{member().name} decided: {row.name} {said}, and {on_account}"
        log.write(session, rt, company_id, kind="connect", state="noted", sentence=sentence)
    flash("Saved. Payers see it from the next page on.", "good")
    return redirect(url_for(".show_paying"))


@pages.post("/settings/paying/switch")
@needs_role(OWNER)
def switch_paying() -> ResponseReturnValue:
    """Pause online payment, or take it up again."""
    on = request.form.get("pay") == "on"
    switch(runtime(), member().company.id, on=on, by=member().name)
    flash("Payers can pay online again." if on else "Online payment is paused from now on.", "good")
    return redirect(url_for(".show_paying"))
