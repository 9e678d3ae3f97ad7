"""Imports at once what the SDK imports at its first call, for a process that forks a child for each piece of work.

Knows no key and opens nothing; importing it is all there is to it. Law: it names every service that the gateway calls
and every object that answers.
"""

from __future__ import annotations

import stripe

SERVICES = (
    *("accounts", "balance", "balance_transactions", "charges", "payment_intents", "payouts"),
    *("confirmation_tokens", "customers", "payment_methods", "payment_method_domains", "setup_intents"),
)
OBJECTS = (
    *("Account", "Balance", "BalanceTransaction", "Charge", "ListObject", "PaymentIntent", "Payout"),
    *("ConfirmationToken", "Customer", "PaymentMethod", "PaymentMethodDomain", "SetupIntent"),
)

_v1 = stripe.StripeClient("no key: nothing is called").v1
for _name in SERVICES:
    getattr(_v1, _name)
for _name in OBJECTS:
    getattr(stripe, _name)
