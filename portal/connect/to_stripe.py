"""Connecting to Stripe by consent: to Stripe and back, and ending it.

Knows no key. Laws: a connection begins and ends only by an owner's press; the way back is believed only with the
consent's own state, in the browser and the company that began it; an address that carries a code answers by leading
away from it.
"""

from __future__ import annotations

import structlog
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import GatewayError, WrongInput
from oauth import joining
from portal.access.members import OWNER
from portal.access.tokens import browser_hash
from portal.connect.gate import doors
from portal.here import runtime
from portal.ring import DOOR, limiter
from portal.staff.gate import member, needs_role
from sync.wallets import offer_wallets

log = structlog.get_logger()


@doors.post("/stripe/start")
@needs_role(OWNER)
def start_stripe() -> ResponseReturnValue:
    """Begin a consent and lead to Stripe."""
    try:
        return redirect(joining.begin_joining(runtime(), member().company.id, browser_hash()), 303)
    except WrongInput as error:
        flash(str(error), "bad")
        return _back()


@doors.get("/stripe/callback")
@limiter.limit(DOOR)
@needs_role(OWNER)
def back_from_stripe() -> ResponseReturnValue:
    """Take Stripe's answer and finish the consent; what moved on the account is read at once."""
    rt = runtime()
    if request.args.get("error"):
        flash("Stripe was not connected: the consent was not given.", "bad")
        return _back()
    given = {name: request.args.get(name, "") for name in ("state", "code")}
    try:
        connected = joining.finish_joining(rt, **given, browser_hash=browser_hash(), at_company=member().company.id)
    except WrongInput as error:
        flash(str(error), "bad")
        return _back()
    flash(f"Connected to Stripe account {connected.account}.", "good")
    if not connected.may_charge:
        flash("Stripe lets this account take no payments yet. Stripe’s dashboard says what it still asks for.", "bad")
    offer_wallets(rt, connected.company_id)
    rt.bell.ring("feed", connected.company_id)
    return _back()


@doors.post("/stripe/disconnect")
@needs_role(OWNER)
def disconnect_stripe() -> ResponseReturnValue:
    """End the connection here, and at Stripe where it was by consent."""
    try:
        joining.disconnect_stripe(runtime(), member().company.id)
        flash("Stripe is disconnected. Nothing can be paid online until it is connected again.", "good")
    except GatewayError as error:
        log.warning("stripe_not_disconnected", error=type(error).__name__, trace=error.trace)
        flash("Stripe did not answer just now, so the connection still stands. Try again in a minute.", "bad")
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("staff.show_connections"))
