"""Contact data that customers propose: the list of what waits, and accepting or declining it; and edits that are held.

Laws: looking is for every role, deciding for bookkeepers; a proposal is decided once; what is accepted goes to
QuickBooks through the same outbox as every other edit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import and_
from sqlmodel import Session, col, select

from connector.store.cache import CustomerRow
from connector.store.edits import ProposalRow
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.picking import pick
from portal.staff.gate import member, needs_role, pages
from sync.editing import rows
from sync.editing.proposals import accept, decline

MOST = 100
LONGEST_ANSWER = 500
NAMES = {
    "name": "Name",
    "email": "E-mail",
    "phone": "Phone",
    **{
        f"{kind}_{part}": f"{word}, {name}"
        for kind, word in (("bill", "Billing"), ("ship", "Shipping"))
        for part, name in (
            *(("line1", "street"), ("line2", "second line"), ("city", "city")),
            *(("region", "state"), ("code", "postal code"), ("country", "country")),
        )
    },
}


@dataclass(frozen=True)
class Proposal:
    """A proposal as its page shows it: each field with what it was and what it shall be."""

    id: str
    customer_id: str
    customer: str
    by: str
    note: str
    state: str
    created_at: datetime
    fields: tuple[tuple[str, str, str], ...]


@pages.get("/proposals")
def list_proposals() -> ResponseReturnValue:
    """Show what customers propose, what waits first."""
    with runtime().db.read() as session:
        proposals = _proposals(session, member().company.id)
    return render_template("staff/proposals.html", proposals=proposals)


def _proposals(session: Session, company_id: str) -> list[Proposal]:
    customer = and_(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == ProposalRow.customer_id)
    found = (
        pick(ProposalRow, CustomerRow.name)
        .outerjoin(CustomerRow, customer)
        .where(col(ProposalRow.company_id) == company_id, col(ProposalRow.state) != "withdrawn")
        .order_by((col(ProposalRow.state) == "waiting").desc(), col(ProposalRow.created_at).desc())
        .limit(MOST)
    )
    return [_proposal(row, name) for row, name in session.execute(found)]


def _proposal(row: ProposalRow, customer: str | None) -> Proposal:
    wanted, before = json.loads(row.wanted), json.loads(row.before)
    fields = tuple((NAMES.get(name, name), before.get(name, ""), text) for name, text in wanted.items())
    name = customer or row.customer_id
    return Proposal(row.id, row.customer_id, name, row.by, row.note, row.state, row.created_at, fields)


@pages.post("/proposals/<proposal_id>/<decision>")
@needs_role(BOOKKEEPER)
def decide_proposal(proposal_id: str, decision: str) -> ResponseReturnValue:
    """Accept or decline what a customer proposes."""
    rt, who = runtime(), member()
    if decision not in ("accept", "decline"):
        abort(404)
    answer = " ".join(request.form.get("answer", "").split())[:LONGEST_ANSWER]
    mails: list[str] = []
    with rt.db.write("proposal.decide") as session:
        mine = select(ProposalRow).where(ProposalRow.company_id == who.company.id, ProposalRow.id == proposal_id)
        row = session.exec(mine.with_for_update()).one_or_none() or abort(404)
        waited = row.state == "waiting"
        if waited:
            url = f"{rt.settings.public_url}/c/{who.company.slug}/contact?customer={row.customer_id}"
            if decision == "accept":
                mails = accept(session, rt, row, by=who.staff_id, name=who.name, url=url)
            else:
                mails = decline(session, rt, row, by=who.staff_id, name=who.name, answer=answer, url=url)
    rt.bell.ring("push", who.company.id)
    for mail_id in mails:
        rt.bell.ring("mail", mail_id)
    done = "Accepted. QuickBooks has it within a few minutes." if decision == "accept" else "Declined."
    told = "They are told by mail." if mails else "Nobody who proposed it can be told: they sign in here no more."
    flash(f"{done} {told}" if waited else "It was decided already.", "good")
    return redirect(url_for(".list_proposals"))


@pages.post("/edits/<edit_id>/<decision>")
@needs_role(BOOKKEEPER)
def decide_edit(edit_id: str, decision: str) -> ResponseReturnValue:
    """Write a held edit all the same, or drop it."""
    rt, who = runtime(), member()
    decide = {"retry": rows.retry, "drop": rows.drop}.get(decision) or abort(404)
    with rt.db.write("edit.decide") as session:
        done = decide(session, rt, who.company.id, edit_id, by=who.name)
    if not done:
        abort(404)
    rt.bell.ring("push", who.company.id)
    flash(
        "It is on its way to QuickBooks." if decision == "retry" else "It is dropped, and noted in the sync log.",
        "good",
    )
    return redirect(url_for(".list_needs"))
