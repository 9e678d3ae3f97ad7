"""Application fees: the platform's share of a direct charge, taken from the connected account's balance.

Law: what the connected account is charged is what the platform receives; a debit that fails gives it back.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import balance, events, lists
from sandbox.stripe.accounts import client_id
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id


def refuse_unless_direct(scope: Scope, fee: int | None, amount: int) -> None:
    """Raise ApiError for a fee on the platform's own payment, or one that is more than the payment."""
    if fee is None:
        return
    if scope.account == scope.ground.platform:
        message = (
            "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an "
            "OAuth key or Stripe-Account header)."
        )
        raise bad_parameter("application_fee_amount", message)
    if not 0 < fee <= amount:
        message = "The application fee must be positive and not more than the amount."
        raise bad_parameter("application_fee_amount", message)


def collect(scope: Scope, charge: Obj, amount: int, currency: str) -> None:
    """Give the platform its share of a charge that was just booked; the caller took it from the connected account."""
    if not amount:
        return
    platform = Scope(scope.ground, scope.ground.platform, scope.asker)
    fee: Obj = {
        "id": new_id("fee_"),
        "object": "application_fee",
        "account": scope.account,
        "amount": amount,
        "amount_refunded": 0,
        "application": client_id(scope.ground),
        "balance_transaction": None,
        "charge": charge["id"],
        "created": scope.now,
        "currency": currency,
        "fee_source": {"type": "charge", "charge": charge["id"]},
        "livemode": False,
        "originating_transaction": None,
        "refunded": False,
    }
    fee["refunds"] = {
        "object": "list",
        "url": f"/v1/application_fees/{fee['id']}/refunds",
        "has_more": False,
        "data": [],
    }
    booked = balance.book(platform, "application_fee", amount, source=fee["id"], description=None, currency=currency)
    fee["balance_transaction"] = booked["id"]
    platform.keep(fee)
    scope.change(charge, application_fee=fee["id"])
    events.emit(platform, "application_fee.created", fee)


def give_back(scope: Scope, charge: Obj) -> None:
    """Take the platform's share back, as the charge came to nothing."""
    platform = Scope(scope.ground, scope.ground.platform, scope.asker)
    fee = platform.find(charge["application_fee"])
    if fee is None or fee["refunded"]:
        return
    balance.book(
        platform,
        "application_fee_refund",
        -fee["amount"],
        source=fee["id"],
        description=None,
        currency=fee["currency"],
    )
    previous = platform.change(fee, amount_refunded=fee["amount"], refunded=True)
    events.emit(platform, "application_fee.refunded", fee, previous)


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one fee of the platform."""
    return scope.need("application_fees", key, "id")


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of the platform's fees."""
    rows = lists.matching(scope.all("application_fees"), params, "created", "charge")
    return lists.page(rows, params, "/v1/application_fees")
