"""A refused payment that its payer lets be tried again by itself: offered on its page, agreed to, stopped.

The rules are `sync.retrying`'s; here are the words. Laws: what is agreed to is on the page in full, with every day, the
amount and how to end it, and is stored as it was read; only who pressed Pay, signed in, may agree or stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, select

from connector.clock import day_in
from connector.store.methods import SavedMethodRow
from connector.words import day_text, known, language, listing, mark, money_text, say, short_name
from portal.access.limits import address
from portal.access.tokens import digest
from portal.access.visitors import Visitor
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.story import Story, story_of
from portal.here import runtime
from portal.ring import DOOR, limiter
from sync.retrying import rows
from sync.retrying.agreeing import Consent, Offer, agree, offer_of, stop

# How it ended, where something is left for the payer to do.
_ENDS = {
    "tries": mark("It was tried again several times, and the bank refused it each time."),
    "method": mark("It is not tried again: the payment method cannot be used any more."),
    "asks": mark("It is not tried again: your bank wants you to confirm this payment yourself."),
    "changed": mark("It is not tried again: what you wanted to pay has changed since you agreed."),
    "late": mark("It is not tried again: it could not be tried on the days that you agreed to."),
    "person": mark("It is not tried again."),
}


@dataclass(frozen=True)
class Choice:
    """A kept method that may be tried."""

    method_id: str
    label: str


@dataclass(frozen=True)
class Again:
    """What a payment's page says about trying it again: an offer, the next day, or how it ended; or nothing."""

    choices: Sequence[Choice] = ()
    consent: str = ""  # the words that are agreed to with one of them
    shown: str = ""  # names those words: what is agreed to is what was read, though its days may have changed since
    next_on: str = ""  # the day of the next try, while a consent is in force
    method: str = ""
    is_under_way: bool = False  # a try is being made
    may_stop: bool = False
    first_id: str = ""  # the payment that was refused, where this one came of it
    ended: str = ""


def again_of(who: Visitor, story: Story) -> Again:
    """Return what a payment's page says about trying it again."""
    rt = runtime()
    if not who.signed_in:
        return Again()
    with rt.db.read() as session:
        offer = offer_of(session, rt, who.company.id, who.contact_id, story.payment_id)
        if offer is not None:
            choices = [Choice(one.id, one.name or one.label) for one in offer.methods]
            words = _consent(who, offer)
            return Again(choices=choices, consent=words, shown=_name(words))
        return _so_far(session, who, story.payment_id)


@pages.post("/p/<payment_id>/again")
@limiter.limit(DOOR)
@for_contacts
def agree_to_retry(payment_id: str) -> ResponseReturnValue:
    """Take the consent to have a payment tried again, in the words of the page."""
    who, rt = visitor(), runtime()
    _seen_or_404(who, payment_id)
    with rt.db.read() as session:
        offer = offer_of(session, rt, who.company.id, who.contact_id, payment_id)
    words = _consent(who, offer) if offer else ""
    method = next((one for one in offer.methods if one.id == request.form.get("method")), None) if offer else None
    if offer is None or method is None:
        flash(say("This payment cannot be tried again by itself any more. You can pay another way."), "bad")
    elif request.form.get("shown") != _name(words):
        flash(say("What you would agree to has changed since you opened this page. Read it again."), "bad")
    else:
        agreed = words if len(offer.methods) == 1 else f"{method.label}: {words}"
        agree(rt, offer, method, Consent(agreed, language(), address()))
    return redirect(url_for(".show_payment", payment_id=payment_id))


@pages.post("/p/<payment_id>/again/stop")
@limiter.limit(DOOR)
@for_contacts
def stop_retry(payment_id: str) -> ResponseReturnValue:
    """End the consent: what was not begun is not tried any more."""
    who, rt = visitor(), runtime()
    _seen_or_404(who, payment_id)
    if stop(rt, who.company.id, payment_id, by="The payer", contact_id=who.contact_id):
        flash(say("Stopped. It is not tried again."), "good")
    return redirect(url_for(".show_payment", payment_id=payment_id))


def _consent(who: Visitor, offer: Offer) -> str:
    """Return the words that are agreed to: what, how much, on which days, until when, how to end it."""
    days = [_day(one, who) for one in offer.days]
    only = offer.methods[0].label if len(offer.methods) == 1 else say("the card or account chosen here")
    told = {"company": short_name(who.company.name), "amount": money_text(offer.amount), "method": only}
    return say(
        "{company} may charge up to {amount} to {method} on {day}, without my being there, and, if it is not paid "
        "then, again on {days}. It is charged once, and nothing is charged that was paid otherwise. I can stop it on "
        "this page at any time.",
        **{**told, "day": days[0], "days": listing(days[1:])},
    )


def _name(words: str) -> str:
    return digest(words)[:24]


def _so_far(session: Session, who: Visitor, payment_id: str) -> Again:
    """Return how far a consent has come, of this payment or the one that this payment came of."""
    payment = rows.pressed_by(session, who.company.id, who.contact_id, payment_id).one_or_none()
    row = rows.newest_of(session, who.company.id, payment) if payment else None
    if payment is None or row is None:
        return Again()
    first_id = row.payment_id if payment.retry_id else ""
    if row.state != rows.ON:
        return Again(first_id=first_id, ended=known(_ENDS.get(row.why, "")) if row.state == rows.OVER else "")
    kept = select(SavedMethodRow).where(SavedMethodRow.company_id == row.company_id, SavedMethodRow.id == row.method_id)
    method = session.exec(kept).one_or_none()
    under_way = rows.try_of(session, row)
    return Again(
        next_on=_day(day_in(who.company.zone, row.next_at), who),
        method=method.label if method else "",
        is_under_way=under_way is not None,
        may_stop=not first_id,
        first_id=first_id,
    )


def _seen_or_404(who: Visitor, payment_id: str) -> None:
    if story_of(who, payment_id) is None:
        abort(404)


def _day(day: date, who: Visitor) -> str:
    return day_text(day, weekday=True, this_year=who.company.today.year)
