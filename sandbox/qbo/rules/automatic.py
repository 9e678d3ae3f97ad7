"""What QuickBooks applies on its own when the company's preferences say so: credits and unapplied payments.

Runs after a document was saved, inside the same change. Law: the oldest open invoice goes first, and nothing is
applied beyond what is open.
"""

from __future__ import annotations

from sandbox.qbo.codec import Body, amount, held
from sandbox.qbo.rules.payments import apply, compose_payment
from sandbox.qbo.unit import Unit


def apply_credits(unit: Unit, before: Body | None, after: Body | None) -> None:
    """With AutoApplyCredit, settle a customer's open invoices by its credit memos: a payment of nothing for each."""
    if after is None or not unit.books.preference("SalesFormsPrefs", "AutoApplyCredit"):
        return
    customer = after["CustomerRef"]["value"]
    for credit in _open(unit, "CreditMemo", customer, "Balance"):
        for invoice in _open(unit, "Invoice", customer, "Balance"):
            left = min(held(unit.read("CreditMemo", credit["Id"]) or {}, "Balance"), held(invoice, "Balance"))
            if left:
                _pair(unit, customer, credit, invoice, left)


def apply_payments(unit: Unit, before: Body | None, after: Body | None) -> None:
    """With AutoApplyPayments, settle a customer's open invoices by what its payments have left."""
    if after is None or not unit.books.preference("SalesFormsPrefs", "AutoApplyPayments"):
        return
    customer = after["CustomerRef"]["value"]
    for payment in _open(unit, "Payment", customer, "UnappliedAmt"):
        lines = []
        left = held(payment, "UnappliedAmt")
        for invoice in _open(unit, "Invoice", customer, "Balance"):
            part = min(left, held(invoice, "Balance"))
            if part:
                lines.append(_line("Invoice", invoice["Id"], part))
                left -= part
        if lines:
            _extend(unit, payment, lines)


def _open(unit: Unit, entity: str, customer: str, field: str) -> list[Body]:
    """Return a customer's documents with something left, oldest first, as this unit sees them."""
    owners = unit.books.docs.column(entity, "CustomerRef")
    keys = {key for key, owner in owners.items() if owner == customer}
    keys |= {key for of, key in unit.changes if of == entity}
    bodies = [body for body in (unit.read(entity, key) for key in keys) if body is not None]
    mine = [body for body in bodies if body["CustomerRef"]["value"] == customer and held(body, field) > 0]
    return sorted(mine, key=lambda body: (str(body.get("DueDate") or body["TxnDate"]), int(body["Id"])))


def _line(kind: str, key: str, minor: int) -> Body:
    return {"Amount": amount(minor), "LinkedTxn": [{"TxnId": key, "TxnType": kind}]}


def _pair(unit: Unit, customer: str, credit: Body, invoice: Body, minor: int) -> None:
    lines = [_line("Invoice", invoice["Id"], minor), _line("CreditMemo", credit["Id"], minor)]
    body: Body = {"CustomerRef": {"value": customer}, "TotalAmt": 0, "Line": lines}
    for field in ("CurrencyRef", "ExchangeRate"):
        if field in invoice:
            body[field] = invoice[field]
    compose_payment(unit, body, None)
    apply(unit, None, unit.create("Payment", body))


def _extend(unit: Unit, payment: Body, lines: list[Body]) -> None:
    before = {**payment, "Line": [dict(line) for line in payment["Line"]]}
    payment["Line"] = [*payment["Line"], *lines]
    compose_payment(unit, payment, before)
    unit.touch("Payment", payment)
    apply(unit, before, payment)
