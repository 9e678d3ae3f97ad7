"""Paying: the page with Stripe's form, and the press of Pay.

The page may be as old as it likes: the press is checked against the live books (`sync.collect`). Laws: card and bank
details go from the browser to Stripe and never here; the amount confirmed is the amount shown; one form is one
payment, however often it is pressed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from connector.errors import WrongInput
from connector.ledger.allocation import Rule
from connector.ledger.credits import discount_name
from connector.ledger.money import Money
from connector.words import figure, mark, money_text, say
from portal import security
from portal.access.limits import Limit, address, count_try
from portal.access.visitors import Visitor
from portal.customer.basket import Basket, basket_of
from portal.customer.gate import for_contacts, for_payers, pages, visitor
from portal.customer.keys import publishable_key
from portal.customer.methods_offered import offered_to
from portal.customer.presses import read_press
from portal.customer.started import remember_started, started_here
from portal.here import home, runtime
from portal.ring import PRESS, limiter
from sync.collect.press import Press, Refused, Started
from sync.collect.start import start_payment

# How one amount goes to several invoices, in the payer's words.
RULES = {
    Rule.OLDEST: mark("What was due first is paid first."),
    Rule.SMALLEST: mark("As many invoices as possible are paid off."),
    Rule.EVENLY: mark("Each invoice gets the same part of what is open on it."),
}


@pages.get("/pay")
@for_payers
def show_pay() -> ResponseReturnValue:
    """Show what will be paid and the form for card or bank."""
    return _pay_page(visitor(), request.args)


def _pay_page(who: Visitor, asked: MultiDict[str, str], said: str = "", status: int = 200) -> ResponseReturnValue:
    """Show the page of the invoices, amounts and credits in an address or a form; `said` is why a press was refused."""
    ids = asked.getlist("i")
    basket = _basket_in(who, asked)
    if not basket.items:
        return _nothing_to_pay(who, [head.invoice.qbo_id for head in basket.dropped], ids)
    if not who.company.takes_payments:
        basket = replace(basket, credits=())  # nothing can be used now
    key = publishable_key(who.company)
    if key:
        security.money_page()
    rt = runtime()
    with rt.db.read() as session:
        invoices = [item.head.invoice.qbo_id for item in basket.items]
        offered = offered_to(session, who, invoices, basket.currency)
    page = render_template(
        "customer/pay.html",
        basket=basket,
        asked=ids,
        said_of_press=said,
        offered=offered,
        rule=say(RULES[Rule(who.company.spread_rule)]),
        publishable_key=key,
        stripe_js=rt.settings.stripe_js_url,
        form_nonce=rt.clock.new_token(),
    )
    return page, status


def _basket_in(who: Visitor, asked: MultiDict[str, str]) -> Basket:
    typed = {name[2:]: value for name, value in asked.items() if name.startswith("a.")}
    return basket_of(who, asked.getlist("i"), typed, whole=asked.get("whole", ""), chosen=asked.getlist("c"))


def _nothing_to_pay(who: Visitor, dropped: list[str], asked: list[str]) -> ResponseReturnValue:
    if asked and not dropped:
        abort(404)
    return redirect(url_for(".show_invoice", invoice_id=dropped[0]) if dropped else url_for(".home"))


@pages.post("/pay")
@limiter.limit(PRESS)
def press_pay() -> ResponseReturnValue:
    """Start the payment of a press, or say what changed; JSON, for the script of the pay page."""
    who = visitor()
    if not (who.opened or who.signed_in):
        abort(404)
    try:
        press = read_press(request.get_json(), who, replaces=started_here())
    except WrongInput as error:
        return jsonify(reason="wrong_input", text=str(error)), 422
    count_try(_limits(who, press))
    answer = start_payment(runtime(), press)
    return _refused(answer) if isinstance(answer, Refused) else _started(answer)


@pages.post("/pay/credit")
@limiter.limit(PRESS)
@for_contacts
def press_credit() -> ResponseReturnValue:
    """Pay invoices with open credits alone: no card is needed, and no script."""
    who = visitor()
    basket = _basket_in(who, request.form)
    if not basket.items:
        return _nothing_to_pay(who, [head.invoice.qbo_id for head in basket.dropped], request.form.getlist("i"))
    try:
        press = read_press(_message_of(basket, request.form.get("form_nonce", "")), who, replaces=started_here())
    except WrongInput as error:
        return _pay_page(who, request.form, str(error), 422)
    if press.money_minor:  # a credit has less left than the page showed
        return _pay_page(who, request.form, say("The balance has changed"), 409)
    count_try(_limits(who, press))
    answer = start_payment(runtime(), press)
    if isinstance(answer, Refused):
        return _pay_page(who, request.form, answer.sentence, 409)
    remember_started(answer.payment_id)
    return redirect(url_for(".show_payment", payment_id=answer.payment_id))


def _message_of(basket: Basket, nonce: str) -> dict[str, Any]:
    """Return the message that the page's script would send for a basket."""
    return {
        "shares": [{"invoice": item.head.invoice.qbo_id, "amount": item.typed} for item in basket.items],
        "credits": [
            *(
                {"credit": discount_name(one.head.invoice.qbo_id), "minor": one.off.minor}
                for one in basket.items
                if one.off
            ),
            *({"credit": one.credit.name, "minor": one.used.minor} for one in basket.credits if one.used),
        ],
        "form_nonce": nonce,
        "shown_minor": basket.money.minor,
        "email": "",
    }


def _limits(who: Visitor, press: Press) -> list[Limit]:
    """Return the counters of a press: who tries many cards presses often."""
    half_hour, day = timedelta(minutes=30), timedelta(days=1)
    per_invoice = [
        Limit("pay/invoice", f"{who.company.id}/{invoice_id}", 30, day) for invoice_id, _ in press.shares[:3]
    ]
    return [
        Limit("pay/session", who.session_hash, 15, half_hour),
        Limit("pay/address", address(), 60, half_hour),
        *per_invoice,
    ]


def _started(answer: Started) -> ResponseReturnValue:
    remember_started(answer.payment_id)
    return jsonify(
        payment=answer.payment_id,
        client_secret=answer.client_secret,
        state=answer.state.value,
        text=money_text(answer.amount),
        minor=answer.amount.minor,
        return_url=home() + url_for(".show_payment", payment_id=answer.payment_id, check=1),
    )


def _refused(answer: Refused) -> ResponseReturnValue:
    return (
        jsonify(
            reason=answer.reason,
            text=answer.sentence,
            invoice=answer.invoice_id,
            balances={one: _shown(left) for one, left in answer.balances.items()},
            credits={name: _shown(left) for name, left in answer.credits.items()},
            sign_in=url_for(".show_sign_in") if answer.reason == "sign_in_first" else "",
            total=_shown(answer.total) if answer.total is not None else None,
            cost=_shown(answer.cost) if answer.cost is not None else None,
            under_way=[url_for(".show_payment", payment_id=one) for one in _own(answer.under_way)],
            form_nonce=runtime().clock.new_token(),
        ),
        409,
    )


def _shown(left: Money) -> dict[str, Any]:
    return {"minor": left.minor, "figure": figure(left), "text": money_text(left)}


def _own(payment_ids: Iterable[str]) -> list[str]:
    """Keep the payments that this browser began: it may be led to them, and to nobody else's."""
    return sorted(started_here().intersection(payment_ids))
