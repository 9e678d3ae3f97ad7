"""The address of a company's payers' pages: the installation's, or a host of the company's own.

Laws: owners change it; links begin with a new host only after an owner has opened it by the address given here.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import WrongInput
from connector.store.companies import CompanyRow
from portal.access.hosts import choose_host, opening_address, read_host
from portal.access.members import OWNER
from portal.here import runtime
from portal.staff.gate import member, needs_role, pages
from sync.addresses import home_of


@pages.get("/settings/address")
def show_address() -> ResponseReturnValue:
    """Show where the pages stand, and which host was asked for."""
    return _page()


def _page(wrong: str = "") -> ResponseReturnValue:
    settings = runtime().settings
    with runtime().db.read() as session:
        row = session.get_one(CompanyRow, member().company.id)
    page = render_template(
        "staff/address.html",
        row=row,
        wrong=wrong,
        typed=request.form.get("host"),
        domain=settings.portal_domain,
        doors={host: f"{home_of(settings, host)}/c/{row.slug}/" for host in (None, row.host, row.host_wanted)},
        opens=opening_address(settings, row) if row.host_wanted and member().may(OWNER) else None,
    )
    return page, 422 if wrong else 200


@pages.post("/settings/address")
@needs_role(OWNER)
def save_address() -> ResponseReturnValue:
    """Ask for a host, or go back to the installation's address."""
    rt, who = runtime(), member()
    try:
        with rt.db.write("host.choose") as session:
            row = session.get_one(CompanyRow, who.company.id)
            host = read_host(session, rt.settings, row, request.form.get("host", ""))
            changed = choose_host(session, rt, row, host, who.name)
    except WrongInput as error:
        return _page(str(error))
    flash("Saved." if changed else "Nothing was changed.", "good")
    return redirect(url_for(".show_address"))
