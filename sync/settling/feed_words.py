"""What is said of movements on the Stripe account: payouts, and everything that no posting records.

Reads names from the cache; holds no rule. Law: a sentence says what moved and whose it is; the next step says who does
what, where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session, col, or_, select

from connector.clock import day_in
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.store.money import BalanceTxnRow, PaymentRow, PayoutRow
from connector.words import count, day_text, money_text
from sync.settling.facts import DEBITS
from sync.settling.words import customer_name

Words = tuple[str, str]
_BY_HAND = "Record it in QuickBooks by hand, out of the Stripe clearing account"


def paid_out(row: PayoutRow) -> Words:
    """Return sentence and detail for a payout that reached the bank, or a draw from it."""
    amount = Money(row.amount_minor, row.currency)
    sentence = f"Stripe paid out {money_text(amount)} to the bank"
    if amount.minor < 0:
        sentence = f"Stripe drew {money_text(-amount)} from the bank"
    trace = f"trace {row.trace}" if row.trace else ""
    return sentence, " · ".join(filter(None, (f"on {day_text(row.arrival_day)}", trace)))


def payout_failed(row: PayoutRow, *, is_posted: bool) -> Words:
    """Return sentence and next step for a payout that came back."""
    became = "was called back" if row.status == "canceled" else "did not reach the bank"
    reason = f" ({row.failure.rstrip('.')})" if row.failure else ""
    sentence = (
        f"The payout of {_payout_amount(row)} of {day_text(row.arrival_day)} {became}{reason}. The money is on the "
        "Stripe account again."
    )
    if not is_posted:
        return sentence, "Check the bank account in Stripe’s dashboard. Nothing was recorded for this payout."
    return sentence, "Delete its transfer in QuickBooks, or record one back from the bank to the clearing account."


def payout_differs(row: PayoutRow, found: Money) -> Words:
    """Return sentence and next step for a payout that is not the sum of what Stripe lists in it."""
    sentence = (
        f"The payout of {_payout_amount(row)} of {day_text(row.arrival_day)} lists movements of {money_text(found)}."
    )
    return sentence, "Compare the payout with its list in Stripe’s dashboard, and ask Stripe’s support."


def _payout_amount(row: PayoutRow) -> str:
    return money_text(Money(row.amount_minor, row.currency))


def movement(
    session: Session, company: CompanyRow, row: BalanceTxnRow, kind: str, *, amount: Money, number: int
) -> Words:
    """Return sentence and next step for a movement, or for `number` of them that come to `amount`."""
    return _WRITERS[kind](_Movement(session, company, row, amount, number))


@dataclass(frozen=True)
class _Movement:
    """What a writer has before it."""

    session: Session
    company: CompanyRow
    row: BalanceTxnRow
    amount: Money
    number: int

    @property
    def size(self) -> str:
        return money_text(Money(abs(self.amount.minor), self.amount.currency))

    @property
    def day(self) -> str:
        return day_text(day_in(self.company.zone, self.row.created_at))

    @property
    def payment(self) -> PaymentRow | None:
        by_charge = col(PaymentRow.charge_id) == self.row.charge_id if self.row.charge_id else col(PaymentRow.id) == ""
        found = select(PaymentRow).where(
            PaymentRow.company_id == self.company.id, or_(col(PaymentRow.id) == self.row.payment_id, by_charge)
        )
        return self.session.exec(found).first()

    @property
    def who(self) -> str:
        return customer_name(self.session, self.payment) if self.payment else "A customer"

    @property
    def receipt(self) -> str:
        return f" (receipt {self.payment.receipt_number})" if self.payment and self.payment.receipt_number else ""


def _refund(move: _Movement) -> Words:
    if move.amount.minor > 0:
        sentence = (
            f"A refund of {move.size} to {move.who} failed on {move.day}. The money is on the Stripe account again."
        )
        return sentence, "Pay the customer another way, and undo the refund in QuickBooks."
    sentence = f"{move.who} was refunded {move.size}{move.receipt} on {move.day} in Stripe’s dashboard."
    return sentence, f"{_BY_HAND}, as a refund receipt of {move.size}. Tieout does not record refunds yet."


def _dispute(move: _Movement) -> Words:
    if move.row.category == "dispute_reversal":
        sentence = f"A dispute of {move.who}{move.receipt} was won on {move.day}: Stripe gave back {move.size}."
        return sentence, "Record it in QuickBooks by hand, into the Stripe clearing account."
    fee = money_text(Money(move.row.fee_minor, move.row.currency))
    taken = f"Stripe took {move.size} from the balance, its fee of {fee} included."
    if move.payment and move.payment.method in DEBITS:
        sentence = f"The bank debit of {move.who}{move.receipt} was returned on {move.day}. {taken}"
        return sentence, f"Ask the customer to pay again. {_BY_HAND}, and open the invoice again."
    sentence = f"The bank of {move.who} disputed a payment{move.receipt} on {move.day}. {taken}"
    return sentence, f"Answer the dispute in Stripe’s dashboard. {_BY_HAND}."


def _debit_taken_back(move: _Movement) -> Words:
    sentence = f"The bank debit of {move.who}{move.receipt} was taken back on {move.day}: {move.size}."
    return sentence, f"Ask the customer to pay again. {_BY_HAND}."


def _charged_twice(move: _Movement) -> Words:
    sentence = (
        f"{move.who} was charged a second time for one payment{move.receipt} on {move.day}: {move.size} after fees."
    )
    return sentence, "Refund the second charge in Stripe’s dashboard."


def _unknown(move: _Movement) -> Words:
    sentence = (
        f"Stripe took {move.size} after fees on {move.day} for a payment that was made through Tieout (payment "
        f"{move.row.payment_id}), but its record is missing here, as after restoring an old backup."
    )
    return sentence, "Record it in QuickBooks by hand, or restore the newer backup. Nothing was posted for it."


def _fee(move: _Movement) -> Words:
    what = f" ({move.row.description})" if move.row.description else ""
    if move.amount.minor > 0:
        return f"Stripe gave back a fee of {move.size} on {move.day}{what}.", "Record it in QuickBooks by hand."
    return f"Stripe charged {move.size} on {move.day}{what}.", f"{_BY_HAND}, to your fees account."


def _activity(move: _Movement) -> Words:
    what = move.row.description or move.row.kind.replace("_", " ")
    way = "added to" if move.amount.minor > 0 else "taken from"
    return f"{move.size} was {way} the Stripe account on {move.day}: {what}.", "Record it in QuickBooks by hand."


def _others(move: _Movement) -> Words:
    way = "added" if move.amount.minor >= 0 else "took"
    sentence = f"{count(move.number, 'movement')} on {move.day} that did not come through Tieout {way} {move.size}."
    return sentence, "Record them in QuickBooks where they belong: another program uses the same Stripe account."


def _opening(move: _Movement) -> Words:
    became = "were on" if move.amount.minor >= 0 else "were missing from"
    sentence = f"{move.size} {became} the Stripe account before it was connected to Tieout."
    return sentence, "Make one opening entry in QuickBooks for the Stripe clearing account, dated the day before."


_WRITERS: dict[str, Callable[[_Movement], Words]] = {
    "refund_unposted": _refund,
    "dispute_unposted": _dispute,
    "debit_taken_back": _debit_taken_back,
    "charged_twice": _charged_twice,
    "unknown_payment": _unknown,
    "fee_unposted": _fee,
    "activity_unposted": _activity,
    "other_activity": _others,
    "opening_balance": _opening,
}
