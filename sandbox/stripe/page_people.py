"""Customers and what they pay with, as rows for the pages.

Reads only. Law: what is shown of a card or an account is what Stripe shows: brand, bank and last four.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe.page_rows import SHOWN, moment, payment_row
from sandbox.stripe.scope import Obj, Scope


def customers(scope: Scope) -> dict[str, Any]:
    """Return the customers, the newest first."""
    everyone = [row for row in scope.all("customers") if not row.get("deleted")][::-1]
    rows = [_customer_row(scope, row) for row in everyone[:SHOWN]]
    return {"customers": rows, "more": max(0, len(everyone) - SHOWN)}


def _customer_row(scope: Scope, customer: Obj) -> dict[str, Any]:
    methods = [row for row in scope.all("payment_methods") if row["customer"] == customer["id"]]
    return {
        "id": customer["id"],
        "name": customer["name"] or customer["email"] or customer["id"],
        "email": customer["email"] or "",
        "methods": ", ".join(method_words(row) for row in methods),
        "at": moment(customer["created"]),
    }


def customer(scope: Scope, found: Obj) -> dict[str, Any]:
    """Return one customer with what is kept to pay with, and every payment."""
    methods = [row for row in scope.all("payment_methods") if row["customer"] == found["id"]]
    intents = [row for row in scope.all("payment_intents") if row["customer"] == found["id"]][::-1]
    return {
        "customer": _customer_row(scope, found),
        "raw": found,
        "methods": [{"id": row["id"], "words": method_words(row), "at": moment(row["created"])} for row in methods],
        "payments": [payment_row(scope, row) for row in intents[:SHOWN]],
    }


def method_words(method: Obj) -> str:
    """Return what a saved method is, as a person says it."""
    if method["type"] == "card":
        card = method["card"]
        return f"{card['brand'].title()} •••• {card['last4']}, {card['exp_month']:02d}/{card['exp_year']}"
    if method["type"] == "us_bank_account":
        bank = method["us_bank_account"]
        return f"{bank['bank_name']} •••• {bank['last4']}"
    return str(method["type"]).replace("_", " ").capitalize()
