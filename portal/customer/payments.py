"""A payment's pages: the status that follows it by itself, and the receipt as a page and as a PDF.

Law: what the page says comes from our rows, which come from Stripe; what the browser brings back in the address is not
believed. Stripe is asked again when the payer comes from paying, and by a page that waits every few seconds at most.
"""

from __future__ import annotations

from datetime import timedelta

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from connector.ledger.payments import OPEN, PaymentState
from jobs.receipts import read_receipt
from portal.customer.again import again_of
from portal.customer.gate import for_payers, pages, visitor
from portal.customer.invoice import pdf_response
from portal.customer.story import Story, story_of
from portal.here import now, runtime
from portal.ring import DOOR, limiter
from sync.collect.look import look_again

LOOK_AGAIN = timedelta(seconds=3)
LOOK_AT_DEBIT = timedelta(minutes=2)


@pages.get("/p/<payment_id>")
@limiter.limit("240 per minute")
@for_payers
def show_payment(payment_id: str) -> ResponseReturnValue:
    """Show where a payment stands; the page asks again by itself until nothing is left to wait for.

    With `seen` in the address only the part that changes is answered, or nothing where it did not.
    """
    story = _story_or_404(payment_id)
    if "seen" in request.args or "check" in request.args:
        story = _looked_again(story, just_paid="seen" not in request.args)
    if "seen" in request.args and request.args["seen"] == story.version:
        return "", 204
    page = "payment_story" if "seen" in request.args else "payment"
    again = again_of(visitor(), story)
    return render_template(f"customer/{page}.html", story=story, again=again, pay_again=_pay_again(story))


@pages.get("/r/<payment_id>")
@for_payers
def show_receipt(payment_id: str) -> ResponseReturnValue:
    """Show the receipt of a payment that succeeded."""
    story = _story_or_404(payment_id)
    if story.state is not PaymentState.SUCCEEDED:
        return redirect(url_for(".show_payment", payment_id=payment_id))
    with runtime().db.read() as session:
        receipt = read_receipt(session, story.company.id, payment_id)
    invoices = [share.invoice_id for share in story.shares]
    one_invoice = invoices[0] if len(invoices) == 1 else ""
    return render_template("customer/receipt.html", receipt=receipt, one_invoice=one_invoice)


@pages.get("/r/<payment_id>/pdf")
@limiter.limit(DOOR)
@for_payers
def download_receipt(payment_id: str) -> ResponseReturnValue:
    """Hand over the receipt as a PDF."""
    from jobs.papers.receipt import receipt_pdf  # late: the typesetter is needed by this door alone

    story = _story_or_404(payment_id)
    if story.state is not PaymentState.SUCCEEDED:
        abort(404)
    pdf = receipt_pdf(runtime(), story.company.id, payment_id)
    return pdf_response(pdf, f"{story.company.slug}-receipt-{story.receipt_number or payment_id}")


def _story_or_404(payment_id: str) -> Story:
    """Return a payment's story, or answer that there is nothing where it is not this visitor's."""
    story = story_of(visitor(), payment_id)
    if story is None:
        abort(404)
    return story


def _looked_again(story: Story, *, just_paid: bool) -> Story:
    """Ask Stripe when the webhook seems late; the page says the same or more afterwards, never less.

    Who comes from paying is not kept waiting: a card declined a second ago may have been followed by a good one.
    """
    if not wants_a_look(story, just_paid=just_paid):
        return story
    look_again(runtime(), story.payment_id)
    return _story_or_404(story.payment_id)


def wants_a_look(story: Story, *, just_paid: bool) -> bool:
    """Tell whether Stripe is to be asked where a payment stands: while it waits, and not more often than that helps."""
    pause = LOOK_AT_DEBIT if story.state is PaymentState.PROCESSING else LOOK_AGAIN
    waits = story.state in OPEN or story.state is PaymentState.PROCESSING
    is_fresh = story.checked_at is not None and now() - story.checked_at < pause
    return waits and (not is_fresh or (just_paid and story.was_declined))


def _pay_again(story: Story) -> str:
    """Return the address of the pay page with the same invoices, or of paying on account."""
    if not story.shares:
        return url_for(".show_deposit")
    return url_for(".show_pay", i=[share.invoice_id for share in story.shares])
