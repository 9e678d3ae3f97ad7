"""Settings of a company: how it shows itself to payers, what payers may do, who works on it.

Law: only owners change them, and every change is a line in the sync log.
"""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import available_timezones

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.errors import WrongInput
from connector.ledger.allocation import Rule
from connector.store.access import MembershipRow, StaffRow
from connector.store.companies import CompanyRow
from portal.access import people
from portal.access.members import OWNER
from portal.here import runtime
from portal.picking import fetch, pick
from portal.staff.gate import member, needs_role, pages
from sync import log
from sync.collect.amounts import read_amount
from sync.collect.before import LARGEST_MINOR

# How one amount goes to several invoices, for the owner who chooses.
RULES = {
    Rule.OLDEST: "To what was due first",
    Rule.SMALLEST: "To the smallest, so that most are paid off",
    Rule.EVENLY: "To each the same part of what is open",
}
_LONGEST = {"name": 80, "place": 80, "phone": 40, "address": 300}


@pages.get("/settings")
def show_settings() -> ResponseReturnValue:
    """Show the settings and the team."""
    with runtime().db.read() as session:
        team = _team(session, member().company.id)
        takes = session.get_one(CompanyRow, member().company.id).takes_contact_data
    return render_template(
        "staff/settings.html",
        team=team,
        zones=sorted(available_timezones()),
        rules=RULES,
        takes_contact_data=takes,
    )


@pages.post("/settings")
@needs_role(OWNER)
def save_settings() -> ResponseReturnValue:
    """Save the settings."""
    rt, who = runtime(), member()
    try:
        wanted = _read(request.form, who.company.home_currency)
    except WrongInput as error:
        flash(str(error), "bad")
        return redirect(url_for(".show_settings"))
    with rt.db.write("settings") as session:
        row = session.get_one(CompanyRow, who.company.id)
        changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
        for name in changed:
            setattr(row, name, wanted[name])
        if changed:
            names = (name.removesuffix("_minor").replace("_", " ") for name in changed)
            sentence = f"{who.name} changed the settings: {', '.join(names)}"
            log.write(session, rt, who.company.id, kind="connect", state="noted", sentence=sentence)
    flash("Saved. Payers see it from the next page on." if changed else "Nothing was changed.", "good")
    return redirect(url_for(".show_settings"))


def _read(form: Any, currency: str) -> dict[str, Any]:
    """Read the fields that may be changed here, and no others. Raises WrongInput."""
    wanted: dict[str, Any] = {name: form.get(name, "").strip()[:most] for name, most in _LONGEST.items()}
    wanted["address"] = "\n".join(line.strip() for line in wanted["address"].splitlines() if line.strip())
    wanted["email"] = people.read_email(form["email"]) if form.get("email", "").strip() else ""
    wanted["accent"] = form.get("accent", "").lower()
    wanted["zone"] = form.get("zone", "")
    wanted["allow_partial"] = form.get("allow_partial") == "yes"
    wanted["takes_contact_data"] = form.get("takes_contact_data") == "yes"
    wanted["pay_on_last_known"] = form.get("pay_on_last_known") == "yes"
    wanted["least_part_minor"] = _least_part(form.get("least_part", "").strip(), currency)
    wanted["spread_rule"] = form.get("spread_rule", Rule.OLDEST)
    if wanted["spread_rule"] not in list(Rule):
        raise WrongInput("Choose how one amount goes to several invoices.")
    if not wanted["name"]:
        raise WrongInput("A company needs a name.")
    if not re.fullmatch(r"#[0-9a-f]{6}", wanted["accent"]):
        raise WrongInput("The colour is written like #0f6b5f.")
    if wanted["zone"] not in available_timezones():
        raise WrongInput("Choose a time zone from the list.")
    return wanted


def _least_part(typed: str, currency: str) -> int:
    """Read the smallest part that is taken, in minor units; nothing typed is no limit."""
    if not typed:
        return 0
    least = read_amount(typed, currency).minor
    if least > LARGEST_MINOR:
        raise WrongInput("The smallest part is more than any payment can be.")
    return least


def _team(session: Session, company_id: str) -> Any:
    found = (
        pick(StaffRow.name, StaffRow.email, MembershipRow.role)
        .join(MembershipRow, col(MembershipRow.staff_id) == StaffRow.id)
        .where(col(MembershipRow.company_id) == company_id)
    )
    return fetch(session, found.order_by(col(StaffRow.email)))
