"""Kept payment methods of a contact: the list, a new one in Stripe's own form, its name, the first choice, removal.

Card and bank details go from the browser to Stripe and never here. Laws: a contact sees and changes own methods alone;
one is added only soon after signing in; it is kept only after its owner agreed to words that are stored with the time
and the network address, and each one kept or gone is told by mail.
"""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.errors import GatewayError, NotConnected
from connector.words import language, mark, say, short_name
from portal import security
from portal.access.limits import Limit, address, count_try
from portal.access.visitors import Visitor
from portal.customer.gate import AGAIN, for_contacts, is_fresh, pages, visitor
from portal.customer.keys import publishable_key
from portal.here import home, runtime
from portal.ring import DOOR, limiter
from sync.collect import saved

_CONSENT = mark(
    "I allow {company} to keep this payment method with Stripe, for payments that I start myself. I can remove it here "
    "at any time."
)
_AWAY = mark("This cannot be done just now. Nothing was changed. Please try again in a minute.")


@pages.get("/account/methods")
@for_contacts
def show_methods() -> ResponseReturnValue:
    """Show what is kept."""
    who = visitor()
    with runtime().db.read() as session:
        kept = saved.shown_to(session, who.company.id, who.contact_id)
    return render_template(
        "customer/methods.html",
        methods=kept,
        consent=_consent(who),
        may_add=bool(publishable_key(who.company)) and len(kept) < saved.MOST_KEPT,
        signed_in_lately=is_fresh(),
        again=say(AGAIN),
    )


@pages.post("/account/methods")
@limiter.limit(DOOR)
@for_contacts
def add_method() -> ResponseReturnValue:
    """Write the consent down and lead on to Stripe's form."""
    who = visitor()
    if not publishable_key(who.company):
        flash(say(_AWAY), "bad")
        return redirect(url_for(".show_methods"))
    if not is_fresh():
        flash(say(AGAIN), "bad")
        return redirect(url_for(".show_methods"))
    if request.form.get("agreed") != "yes":
        flash(say("Tick the box first: without your consent nothing is kept."), "bad")
        return redirect(url_for(".show_methods"))
    with runtime().db.read() as session:
        if len(saved.shown_to(session, who.company.id, who.contact_id)) >= saved.MOST_KEPT:
            abort(409)
    count_try([Limit("methods/contact", f"{who.company.id}/{who.contact_id}", 10, saved.TRIES_IN)])
    try:
        row_id = saved.begin(
            runtime(),
            who.company.id,
            who.contact_id,
            email=who.email,
            consent=_consent(who),
            consent_from=address(),
        )
    except (GatewayError, NotConnected):
        flash(say(_AWAY), "bad")
        return redirect(url_for(".show_methods"))
    return redirect(url_for(".enter_method", method_id=row_id))


@pages.get("/account/methods/<method_id>")
@for_contacts
def enter_method(method_id: str) -> ResponseReturnValue:
    """Show Stripe's form for a method that was begun; for any other lead back to the list."""
    who, rt = visitor(), runtime()
    key = publishable_key(who.company)
    try:
        secret = saved.secret_of(rt, who.company.id, who.contact_id, method_id)
    except (GatewayError, NotConnected):
        flash(say(_AWAY), "bad")
        secret = ""
    if secret is None:
        abort(404)
    if not (secret and key):
        return redirect(url_for(".show_methods"))
    security.money_page()
    back = home() + url_for(".method_entered", method_id=method_id)
    return render_template(
        "customer/method.html", publishable_key=key, secret=secret, back=back, stripe_js=rt.settings.stripe_js_url
    )


@pages.get("/account/methods/<method_id>/entered")
@limiter.limit(DOOR)
@for_contacts
def method_entered(method_id: str) -> ResponseReturnValue:
    """Look at Stripe what became of a method, and say it on the list."""
    who = visitor()
    try:
        row = saved.look(runtime(), who.company.id, who.contact_id, method_id, language())
    except (GatewayError, NotConnected):
        flash(say("It is being checked. Look again in a minute."), "wait")
        return redirect(url_for(".show_methods"))
    if row is None:
        abort(404)
    if row.state == "ready":
        flash(say("{method} is kept.", method=row.label), "good")
    elif row.state == "verifying":
        flash(say("Your bank gets one or two small deposits within two business days. Then verify it here."), "wait")
    return redirect(url_for(".show_methods"))


@pages.post("/account/methods/<method_id>/<decision>")
@for_contacts
def change_method(method_id: str, decision: str) -> ResponseReturnValue:
    """Name a method, make it the first choice, or take it away."""
    who, rt = visitor(), runtime()
    mine = (who.company.id, who.contact_id, method_id)
    if decision == "remove":
        try:
            done = saved.remove(rt, *mine, language())
        except (GatewayError, NotConnected):
            flash(say(_AWAY), "bad")
            return redirect(url_for(".show_methods"))
    elif decision in ("name", "default"):
        with rt.db.write("method.change") as session:
            name = request.form.get("name", "")
            done = saved.rename(session, *mine, name) if decision == "name" else saved.prefer(session, *mine)
    else:
        abort(404)
    if not done:
        abort(404)
    flash(say("Removed.") if decision == "remove" else say("Saved."), "good")
    return redirect(url_for(".show_methods"))


def _consent(who: Visitor) -> str:
    return say(_CONSENT, company=short_name(who.company.name))
