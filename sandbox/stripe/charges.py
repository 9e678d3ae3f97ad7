"""Charges: one for each attempt that reached a card or a bank, and the booking of those that succeeded.

Card charges are `ch_`, bank debits `py_`. Law: a charge is booked exactly once.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import application_fees, balance, calendar, cards, currencies, events, lists, methods, prices
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id, random_text

_SCORES = {"normal": 21, "elevated": 68, "highest": 91}


def new(scope: Scope, intent: Obj, method: Obj, *, status: str, details: Obj) -> Obj:
    """Return a stored charge of an intent's amount by a payment method; nothing is booked yet."""
    bank = method["type"] == "us_bank_account"
    paid = status != "failed"
    key = new_id("py_" if bank else "ch_")
    charge: Obj = {
        "id": key,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if status == "succeeded" else 0,
        "amount_refunded": 0,
        "application": intent["application"],
        "application_fee": None,
        "application_fee_amount": intent["application_fee_amount"],
        "balance_transaction": None,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": _descriptor(scope, intent),
        "captured": paid,
        "created": scope.now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": None,
        "outcome": outcome(method),
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {method["type"]: details, "type": method["type"]},
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "receipt_number": None,
        "receipt_url": f"{scope.ground.public_url}/receipts/{scope.account}/{key}" if paid else None,
        "refunded": False,
        "review": None,
        "shipping": intent["shipping"],
        "source_transfer": None,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
        "status": status,
        "transfer_data": None,
        "transfer_group": intent["transfer_group"],
        "_number": method["_number"],
        "_booking": None,
    }
    return scope.keep(charge)


def _descriptor(scope: Scope, intent: Obj) -> str:
    name = scope.need("accounts", scope.account, "account")["settings"]["payments"]["statement_descriptor"]
    suffix = intent["statement_descriptor_suffix"]
    return str(intent["statement_descriptor"] or (f"{name}* {suffix}" if suffix else name))[:22]


def outcome(method: Obj, no: cards.Decline | None = None, risk: str = "normal") -> Obj:
    """Return how the network and the risk rules answered."""
    blocked = risk == "highest"
    verdict: Obj = {
        "advice_code": no.advice if no else None,
        "network_advice_code": None,
        "network_decline_code": no.network_code if no and not blocked else None,
        "network_status": "not_sent_to_network" if blocked else "declined_by_network" if no else "approved_by_network",
        "reason": ("highest_risk_level" if blocked else no.decline_code or no.code) if no else None,
        "seller_message": "Payment complete.",
        "type": "blocked" if blocked else "issuer_declined" if no else "authorized",
    }
    if no:
        verdict["seller_message"] = "Stripe blocked this payment." if blocked else "The bank declined the payment."
    if method["type"] == "card":
        verdict |= {"risk_level": risk, "risk_score": _SCORES[risk]}
    return verdict


def book_card(scope: Scope, charge: Obj, *, announce: bool) -> None:
    """Book a succeeded card charge; `announce` says so with charge.updated, as automatic_async does a beat later."""
    if charge["balance_transaction"] is not None:
        return
    card = cards.BY_NUMBER[charge["_number"]]
    days = scope.switches["card_available_days"]
    available_at = calendar.day_start(calendar.business_days_later(charge["created"], days))
    into = settlement_currency(scope, charge["currency"])
    foreign = into != charge["currency"]
    amount = currencies.converted(scope.switches, charge["amount_captured"], charge["currency"], into)
    share = currencies.converted(scope.switches, charge["application_fee_amount"] or 0, charge["currency"], into)
    transaction = balance.book(
        scope,
        "charge",
        amount,
        source=charge["id"],
        description=charge["description"],
        currency=into,
        fee=prices.card_fee(scope.switches, amount),
        conversion_fee=prices.conversion_fee(scope.switches, amount) if foreign else 0,
        application_fee=share,
        exchange_rate=float(currencies.rate(scope.switches, charge["currency"], into)) if foreign else None,
        available_at=0 if card.available_at_once else available_at,
    )
    previous = scope.change(charge, balance_transaction=transaction["id"], _booking=None)
    application_fees.collect(scope, charge, share, into)
    if announce:
        events.emit(scope, "charge.updated", charge, previous)


def settlement_currency(scope: Scope, currency: str) -> str:
    """Return the currency in which a charge reaches the balance: its own where the account has a bank for it."""
    account = scope.need("accounts", scope.account, "account")
    return currency if currency in account["_currencies"] else str(account["default_currency"])


def let_go(scope: Scope, charge: Obj) -> None:
    """Give up an authorised charge: nothing was taken, and Stripe tells it as refunded."""
    scope.change(charge, amount_refunded=charge["amount"], refunded=True)
    events.emit(scope, "charge.refunded", charge)


def left_of(charge: Obj) -> int:
    """Return how much of a charge was not given back yet, in minor units; of a debit under way, its whole amount."""
    return int((charge["amount_captured"] or charge["amount"]) - charge["amount_refunded"])


def book_debit(scope: Scope, charge: Obj, *, available: bool) -> None:
    """Book a bank debit: at success it is available at once, at submission it waits for the debit to settle."""
    if charge["balance_transaction"] is not None:
        return
    settles_at = calendar.business_days_later(charge["created"], scope.switches["debit_settle_days"])
    transaction = balance.book(
        scope,
        "payment",
        charge["amount"],
        source=charge["id"],
        description=charge["description"],
        currency=charge["currency"],
        fee=prices.debit_fee(scope.switches, charge["amount"]),
        application_fee=charge["application_fee_amount"] or 0,
        available_at=0 if available else settles_at,
    )
    scope.change(charge, balance_transaction=transaction["id"])
    application_fees.collect(scope, charge, charge["application_fee_amount"] or 0, charge["currency"])


def ensure_booked(scope: Scope, charge: Obj) -> None:
    """Book a succeeded charge now if its transaction is still to come (a refund cannot wait for it)."""
    if charge["balance_transaction"] is None and charge["status"] == "succeeded" and charge["captured"]:
        if charge["_booking"]:
            scope.ground.agenda.cancel(charge["_booking"])
        book_card(scope, charge, announce=True)


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one charge."""
    return scope.need("charges", key, "id")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of charges."""
    rows = lists.matching(scope.all("charges"), params, "created", "customer", "payment_intent", "transfer_group")
    return lists.page(rows, params, "/v1/charges")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change what may be changed of a charge once made."""
    charge = retrieve(scope, params, key)
    plain = ("description", "receipt_email", "transfer_group")
    fields: Obj = {name: params[name] for name in plain if name in params}
    if "customer" in params and charge["customer"] not in (None, params["customer"]):
        raise bad_parameter("customer", "You may not change the customer of a charge.")
    if "shipping" in params:
        fields["shipping"] = {"carrier": None, "phone": None, "tracking_number": None, **params["shipping"]}
    if "fraud_details" in params:
        report = params["fraud_details"]["user_report"]
        fields["fraud_details"] = {"user_report": report} if report else {}
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(charge["metadata"], params["metadata"])
    previous = scope.change(charge, **fields)
    if previous:
        events.emit(scope, "charge.updated", charge, previous)
    return charge


def payment_reference() -> str:
    """Return a trace number as a bank would print it."""
    return "SBX" + random_text(9).upper()
