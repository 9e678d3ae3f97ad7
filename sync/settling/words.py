"""What is said of a payment when it moves: in its history, in the sync log, and where a person must look.

Reads names from the cache; holds no rule. Law: a sentence says what happened and whose it is, with the amount as a
person writes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.cache import CustomerRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.prepared import Prepared
from connector.words import count, listing, money_text

_NUMBERS_NAMED = 4
_NAME = Prepared(
    pick(col(CustomerRow.name)).where(
        col(CustomerRow.company_id) == bindparam("company"), col(CustomerRow.qbo_id) == bindparam("customer")
    )
)


def history(payment: PaymentRow) -> str:
    """Return the line of a payment's own history for the state it is in now."""
    if payment.method == "credit":
        return "Paid by open credits of the customer; no money moved."
    amount, method = amount_of(payment), payment.method_label or "the chosen method"
    reason = f": {payment.error_text}" if payment.error_text else "."
    declined = f"{method} was declined{reason}" if payment.error_code else "The payer may choose a method again."
    return {
        PaymentState.CREATED: declined,
        PaymentState.REQUIRES_ACTION: "The payer’s bank asks for a confirmation.",
        PaymentState.PROCESSING: f"The bank debit of {amount} from {method} is under way.",
        PaymentState.CANCELED: "Given up before any money moved.",
        PaymentState.FAILED: f"The bank debit of {amount} did not go through{reason}",
        PaymentState.SUCCEEDED: f"{amount} was paid with {method}.",
    }[PaymentState(payment.state)]


def log_line(session: Session, payment: PaymentRow, shares: Sequence[ShareRow]) -> tuple[str, str] | None:
    """Return sentence and detail for the sync log; None for what concerns nobody's books."""
    who, amount = customer_name(session, payment), amount_of(payment)
    sentence = {
        PaymentState.PROCESSING: f"{who} started a bank debit of {amount}",
        PaymentState.FAILED: f"A bank debit of {amount} by {who} did not go through",
        PaymentState.SUCCEEDED: f"{who} paid {amount} with {payment.method_label or 'an unnamed method'}",
    }.get(PaymentState(payment.state))
    if sentence is None:
        return None
    if payment.method == "credit":
        sentence = f"{who} paid with open credits"
    receipt = f"receipt {payment.receipt_number}" if payment.receipt_number else payment.error_text.rstrip(".")
    return sentence, " · ".join(filter(None, (invoices_of(shares), receipt)))


def debit_failed(session: Session, payment: PaymentRow, shares: Sequence[ShareRow]) -> tuple[str, str]:
    """Return subject and text of the notice to staff that a bank debit came back."""
    who, amount = customer_name(session, payment), amount_of(payment)
    reason = f" The bank said: {payment.error_text}" if payment.error_text else ""
    what = f" for {named}" if (named := invoices_of(shares)) else ""
    text = f"The bank debit of {amount} by {who}{what} did not go through.{reason} Nothing was paid, and what it was "
    text += "meant for is open as before. The payer was told how to pay another way."
    return f"A bank debit of {amount} by {who} did not go through", text


def overpaid(session: Session, payment: PaymentRow, shares: Sequence[ShareRow], rest: Money) -> tuple[str, str]:
    """Return sentence and next step for money that found no open invoice."""
    sentence = (
        f"{customer_name(session, payment)} paid {amount_of(payment)} for {invoices_of(shares)}, but when the money "
        f"came {money_text(rest)} of it was no longer open. It is recorded as a credit of the customer."
    )
    return sentence, "Apply the credit to another invoice in QuickBooks, or refund it in Stripe’s dashboard."


def other_currency(session: Session, payment: PaymentRow, settled: Money) -> tuple[str, str]:
    """Return sentence and next step for a charge that Stripe settled in another currency."""
    sentence = (
        f"{customer_name(session, payment)} paid {amount_of(payment)}, which Stripe settled as {money_text(settled)}. "
        f"Tieout does not record a payment in {settled.currency} for an invoice in {payment.currency}."
    )
    return sentence, "Record this payment and its exchange rate in QuickBooks by hand."


def amount_differs(session: Session, payment: PaymentRow, charged: Money) -> tuple[str, str]:
    """Return sentence and next step for a charge of another amount than the payer agreed to."""
    sentence = (
        f"{customer_name(session, payment)} agreed to pay {amount_of(payment)}, but Stripe charged "
        f"{money_text(charged)}. What was charged is recorded."
    )
    return sentence, "Look at the payment in Stripe’s dashboard; refund the difference if it is not yours."


def unknown_payment(amount: Money, payment_id: str) -> tuple[str, str]:
    """Return sentence and next step for a charge that names a payment we do not have."""
    sentence = (
        f"Stripe holds a payment of {money_text(amount)} that was made through Tieout (payment {payment_id}), but its "
        "record is missing here, as after restoring an old backup."
    )
    return sentence, "Record it in QuickBooks by hand, or restore the newer backup. Nothing was posted for it."


def customer_name(session: Session, payment: PaymentRow) -> str:
    """Return the name of the customer a payment came for."""
    row = _NAME.first(session, company=payment.company_id, customer=payment.customer_id)
    [name] = row or [""]
    return name or f"Customer {payment.customer_id}"


def invoices_of(shares: Sequence[ShareRow]) -> str:
    """Return the invoices of shares: invoice 1068, invoices 1068 and 1071, 12 invoices."""
    numbers = [share.number or share.invoice_id for share in shares]
    if len(numbers) > _NUMBERS_NAMED:
        return count(len(numbers), "invoice")
    return f"{'invoice' if len(numbers) == 1 else 'invoices'} {listing(numbers)}" if numbers else ""


def amount_of(payment: PaymentRow) -> str:
    """Return a payment's amount as a person writes it."""
    return money_text(Money(payment.amount_minor, payment.currency))
