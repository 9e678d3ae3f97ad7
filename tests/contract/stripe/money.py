"""Payments to dispute, refund and pay out, and what was told about them: shared by the tests of money."""

from __future__ import annotations

import stripe

from tests.stripe_standin import Running


def paid(client: stripe.StripeClient, amount: int = 10_000, token: str = "pm_card_visa") -> stripe.Charge:
    """Return the succeeded charge of a card payment, its transaction booked."""
    intent = client.v1.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "confirm": True,
            "payment_method": token,
            "capture_method": "automatic",
            "expand": ["latest_charge"],
        }
    )
    assert isinstance(intent.latest_charge, stripe.Charge)
    return intent.latest_charge


def debited(
    standin: Running, client: stripe.StripeClient, amount: int = 10_000, account: str = "000123456789"
) -> stripe.Charge:
    """Return the succeeded charge of a bank debit."""
    intent = client.v1.payment_intents.create({"amount": amount, "currency": "usd"})
    standin.control("pay", payment_intent=intent.id, bank_account=account)
    charge = standin.control("settle_debit", payment_intent=intent.id)["charge"]
    return client.v1.charges.retrieve(charge["id"])


def told(client: stripe.StripeClient, after: int = 0) -> list[str]:
    """Return the event types since a number of events, oldest first."""
    return [event.type for event in client.v1.events.list({"limit": 100}).data][::-1][after:]


def net(client: stripe.StripeClient) -> int:
    """Return the whole balance, available and pending, of all currencies."""
    balance = client.v1.balance.retrieve()
    return sum(part.amount for part in [*balance.available, *balance.pending])
