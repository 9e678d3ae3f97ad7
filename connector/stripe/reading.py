"""Stripe's objects read into values: pure functions on the plain dictionaries of the API.

Knows no client and no call. Laws: amounts stay the minor units Stripe gave, currencies become upper case, instants are
aware; a field that Stripe left out or did not expand reads as absent, never as zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from connector.ledger.money import Money
from connector.stripe.facts import BalanceTxn, Charge, Deposits, Hint, Intent, Method, Payout, Setup

Raw = Mapping[str, Any]
PAYMENT_KEY = "tieout_payment"  # metadata of what is ours

_BRANDS = {
    "amex": "American Express",
    "cartes_bancaires": "Cartes Bancaires",
    "diners": "Diners Club",
    "discover": "Discover",
    "eftpos_au": "Eftpos Australia",
    "jcb": "JCB",
    "mastercard": "Mastercard",
    "unionpay": "UnionPay",
    "visa": "Visa",
}


def instant_of(seconds: int) -> datetime:
    """Read Unix seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def money_of(minor: int | None, currency: str) -> Money:
    """Read minor units and a lower-case currency."""
    return Money(minor or 0, currency.upper())


def intent_of(raw: Raw) -> Intent:
    """Read a PaymentIntent with its latest charge and balance transaction expanded."""
    metadata = dict(raw.get("metadata") or {})
    error = raw.get("last_payment_error") or {}
    charge = raw.get("latest_charge")
    return Intent(
        intent_id=raw["id"],
        client_secret=raw.get("client_secret") or "",
        status=raw["status"],
        amount=money_of(raw["amount"], raw["currency"]),
        received=money_of(raw.get("amount_received"), raw["currency"]),
        payment_id=metadata.get(PAYMENT_KEY, ""),
        metadata=metadata,
        error_code=error.get("decline_code") or error.get("code") or "",
        error_text=error.get("message") or "",
        method_ref=_id_of(raw.get("payment_method")),
        next_action=(raw.get("next_action") or {}).get("type") or "",
        created_at=instant_of(raw["created"]),
        charge=charge_of(charge) if isinstance(charge, Mapping) else None,
        deposits=_deposits_of(raw),
        advice=error.get("advice_code") or "",
    )


def method_of(raw: Raw) -> Method:
    """Read a payment method."""
    card: Raw = raw.get("card") or {}
    return Method(
        method_ref=raw.get("id") or "",
        customer=_id_of(raw.get("customer")),
        kind=raw.get("type") or "",
        label=method_label(raw),
        expires=f"{card['exp_month']:02}/{card['exp_year'] % 100:02}" if card.get("exp_year") else "",
        funding=card.get("funding") or "",
    )


def chosen_of(raw: Raw) -> Method:
    """Read the method that a confirmation token shows."""
    return method_of(raw.get("payment_method_preview") or {})


def setup_of(raw: Raw) -> Setup:
    """Read a SetupIntent."""
    error = raw.get("last_setup_error") or {}
    return Setup(
        setup_ref=raw["id"],
        client_secret=raw.get("client_secret") or "",
        status=raw["status"],
        customer=_id_of(raw.get("customer")),
        method_ref=_id_of(raw.get("payment_method")),
        deposits=_deposits_of(raw),
        error_code=error.get("code") or "",
    )


def _deposits_of(raw: Raw) -> Deposits | None:
    """Read the small deposits that an intent of either kind waits for; None while it waits for none."""
    waits = (raw.get("next_action") or {}).get("verify_with_microdeposits") or {}
    if not waits.get("hosted_verification_url"):
        return None
    kind = waits.get("microdeposit_type") or "amounts"
    return Deposits(waits["hosted_verification_url"], kind, _day_of(waits.get("arrival_date") or raw["created"]))


def charge_of(raw: Raw) -> Charge:
    """Read a charge with its balance transaction expanded."""
    method: Raw = raw.get("payment_method_details") or {}
    txn = raw.get("balance_transaction")
    return Charge(
        charge_id=raw["id"],
        status=raw["status"],
        amount=money_of(raw["amount"], raw["currency"]),
        method=method.get("type") or "",
        method_label=method_label(method),
        funding=(method.get("card") or {}).get("funding") or "",
        failure_code=raw.get("failure_code") or "",
        failure_text=raw.get("failure_message") or "",
        refunded=money_of(raw.get("amount_refunded"), raw["currency"]),
        disputed=bool(raw.get("disputed")),
        created_at=instant_of(raw["created"]),
        intent_id=_id_of(raw.get("payment_intent")),
        payment_id=(raw.get("metadata") or {}).get(PAYMENT_KEY, ""),
        txn=txn_of(txn) if isinstance(txn, Mapping) else None,
    )


def txn_of(raw: Raw, *, payout_id: str = "") -> BalanceTxn:
    """Read a balance transaction; it does not say its payout, so whoever asked by payout tells."""
    source = raw.get("source")
    about: Raw = source if isinstance(source, Mapping) else {}
    is_charge = about.get("object") == "charge"
    return BalanceTxn(
        txn_id=raw["id"],
        kind=raw["type"],
        category=raw.get("reporting_category") or "",
        source_id=_id_of(source),
        amount=money_of(raw["amount"], raw["currency"]),
        fee=money_of(raw.get("fee"), raw["currency"]),
        net=money_of(raw["net"], raw["currency"]),
        status=raw.get("status") or "",
        created_at=instant_of(raw["created"]),
        available_at=instant_of(raw["available_on"]),
        description=raw.get("description") or "",
        payout_id=payout_id,
        charge_id=about["id"] if is_charge else _id_of(about.get("charge")),
        payment_id=(about.get("metadata") or {}).get(PAYMENT_KEY, "") if is_charge else "",
    )


def payout_of(raw: Raw) -> Payout:
    """Read a payout. Its arrival is a date, which Stripe writes as midnight in UTC."""
    trace = raw.get("trace_id") or {}
    return Payout(
        payout_id=raw["id"],
        amount=money_of(raw["amount"], raw["currency"]),
        status=raw["status"],
        automatic=bool(raw.get("automatic")),
        reconciled=raw.get("reconciliation_status") == "completed",
        method=raw.get("method") or "",
        arrival_day=_day_of(raw["arrival_date"]),
        balance_txn=_id_of(raw.get("balance_transaction")),
        trace=trace.get("value") or "",
        failure=raw.get("failure_message") or raw.get("failure_code") or "",
        created_at=instant_of(raw["created"]),
    )


def balance_of(raw: Raw) -> dict[str, Money]:
    """Read a balance: what is available and what is pending, added up by currency."""
    sums: dict[str, Money] = {}
    for part in [*raw.get("available", ()), *raw.get("pending", ())]:
        amount = money_of(part["amount"], part["currency"])
        sums[amount.currency] = sums.get(amount.currency, Money(0, amount.currency)) + amount
    return sums


def hint_of(raw: Raw) -> Hint:
    """Read an event as the hint it is. Raises KeyError, TypeError or ValueError for anything else than an event."""
    if raw["object"] != "event":
        raise ValueError("not an event of the first API generation")
    about: Raw = raw["data"]["object"]
    return Hint(
        event_id=_text(raw["id"]),
        kind=_text(raw["type"]),
        object_id=_text(_id_of(about.get("payment_intent")) or about.get("id", "")),
        account=_text(raw.get("account") or ""),
        livemode=_flag(raw["livemode"]),
        created_at=instant_of(int(raw["created"])),
    )


def method_label(method: Raw) -> str:
    """Return how a person knows a payment method: Visa 4242, Test Bank 6789, Cash App Pay."""
    kind = method.get("type") or ""
    details: Raw = method.get(kind) or {}
    if kind == "card":
        brand = details.get("brand") or "card"
        wallet = ((details.get("wallet") or {}).get("type") or "").replace("_", " ").title()
        card = f"{_BRANDS.get(brand, brand.title())} {details.get('last4') or ''}".strip()
        return f"{card} ({wallet})" if wallet else card
    if kind == "us_bank_account":
        return f"{details.get('bank_name') or 'Bank account'} {details.get('last4') or ''}".strip()
    return str(kind).replace("_", " ").title()


def _id_of(value: Any) -> str:
    """Return the id of a reference, expanded or not; empty when there is none."""
    return str((value["id"] if isinstance(value, Mapping) else value) or "")


def _day_of(seconds: int) -> date:
    return instant_of(seconds).date()


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 255:
        raise ValueError("not a short text")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("not true or false")
    return value
