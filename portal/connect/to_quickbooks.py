"""Connecting to QuickBooks: to Intuit and back, and the pages that Intuit's app settings ask for.

Knows no token. Laws: a connection begins and ends only by an owner's press; the way back is believed only with the
consent's own state, in the browser and the company that began it; an address that carries a code answers by leading
away from it.
"""

from __future__ import annotations

import structlog
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import GatewayError, WrongInput
from oauth import flow
from portal.access.members import OWNER
from portal.access.tokens import browser_hash
from portal.connect.gate import doors
from portal.here import runtime
from portal.ring import DOOR, limiter
from portal.staff.gate import member, needs_role

log = structlog.get_logger()


@doors.post("/quickbooks/start")
@needs_role(OWNER)
def start() -> ResponseReturnValue:
    """Begin a consent and lead to Intuit."""
    try:
        return redirect(flow.begin_consent(runtime(), member().company.id, browser_hash()), 303)
    except GatewayError as error:
        log.warning("consent_not_begun", error=type(error).__name__, trace=error.trace)
        flash("Intuit did not answer just now. Try again in a minute.", "bad")
        return redirect(url_for("staff.show_connections"))


@doors.get("/quickbooks/callback")
@limiter.limit(DOOR)
@needs_role(OWNER)
def callback() -> ResponseReturnValue:
    """Take Intuit's answer and finish the consent; the first pull begins."""
    rt = runtime()
    if request.args.get("error"):
        flash("QuickBooks was not connected: the consent was not given.", "bad")
        return redirect(url_for("staff.show_connections"))
    try:
        company_id = flow.finish_consent(
            rt,
            state=request.args.get("state", ""),
            code=request.args.get("code", ""),
            realm_id=request.args.get("realmId", ""),
            browser_hash=browser_hash(),
            at_company=member().company.id,
        )
    except WrongInput as error:
        flash(str(error), "bad")
    except GatewayError as error:
        log.warning("consent_not_finished", error=type(error).__name__, trace=error.trace)
        flash("Intuit did not answer just now. Connect again in a minute.", "bad")
    else:
        rt.bell.ring("pull", company_id)
        flash("QuickBooks is connected. Its invoices are being pulled now.", "good")
    return redirect(url_for("staff.show_connections"))


@doors.get("/quickbooks/launch")
def launch() -> ResponseReturnValue:
    """Open the console, as Intuit's app list does."""
    return redirect(url_for("staff.home"))


@doors.get("/quickbooks/reconnect")
def reconnect() -> ResponseReturnValue:
    """Lead to the page where an owner connects again, as Intuit's mails do."""
    return redirect(url_for("staff.show_connections"))


@doors.get("/quickbooks/disconnect")
def disconnected() -> ResponseReturnValue:
    """Say what it means, to somebody who disconnected inside QuickBooks: the tokens are dead already."""
    return render_template("disconnected.html")


@doors.post("/quickbooks/disconnect")
@needs_role(OWNER)
def disconnect() -> ResponseReturnValue:
    """End the connection at Intuit and here."""
    try:
        flow.disconnect(runtime(), member().company.id)
        flash(
            "QuickBooks is disconnected. What is paid meanwhile is kept and posted once it is connected again.", "good"
        )
    except GatewayError as error:
        log.warning("not_disconnected", error=type(error).__name__, trace=error.trace)
        flash("Intuit did not answer just now, so the connection still stands. Try again in a minute.", "bad")
    return redirect(url_for("staff.show_connections"))
