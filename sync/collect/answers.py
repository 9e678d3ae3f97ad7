"""Refusals in words: what changed, what is possible, and that nothing was charged.

Knows no page and no row. Law: a guest is never told who else is paying.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.clock import day_in
from connector.ledger.allocation import Refusal, open_amount
from connector.ledger.invoices import Invoice, InvoiceState
from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow
from connector.words import clock_text, money_text, on_day, short_name
from sync.collect.press import Press, Refused
from sync.collect.reserve import Reservation, reserved_minor

MOST_INVOICES = 250  # in one payment

_PLAIN = {
    "empty": "Choose at least one invoice to pay.",
    "too_many": f"One payment can take up to {MOST_INVOICES} invoices. Pay the rest in another one.",
    "unknown_invoice": "One of these invoices cannot be paid here. Nothing was charged.",
    "other_form": "This page is no longer current. Nothing was charged by this press. Load the page again to go on.",
    "stripe_out_of_reach": "The payment could not be started. Nothing was charged. Press Pay again in a moment.",
}


@dataclass(frozen=True)
class Scene:
    """What a refusal is told from: the company, the invoices as read a moment ago, and what stands on them."""

    company: CompanyRow
    invoices: Mapping[str, Invoice]
    held: Sequence[Reservation]
    payers: Mapping[str, str]  # names of the contacts who are paying
    now: datetime

    def balances(self, invoice_ids: Sequence[str]) -> dict[str, Money]:
        """Return what may be paid on each invoice now."""
        taken = reserved_minor(self.held)
        return {one: open_amount(self.invoices[one], taken) for one in invoice_ids if one in self.invoices}


def plain(reason: str) -> Refused:
    """Refuse for a reason that needs no numbers."""
    return Refused(reason, _PLAIN[reason])


def of_company(reason: str, company: CompanyRow) -> Refused:
    """Refuse because something of the company's is out of reach."""
    name = short_name(company.name)
    sentences = {
        "not_connected": f"{name} cannot take payments online at the moment. Nothing was charged.",
        "books_out_of_reach": (
            f"What is open could not be checked with {name} just now, so nothing was charged. "
            "Please try again in a few minutes."
        ),
        "stripe_refused": f"{name} cannot take this payment at the moment. Nothing was charged.",
    }
    return Refused(reason, sentences[reason])


def too_small(smallest: Money) -> Refused:
    """Refuse an amount that no card or bank takes."""
    return Refused("too_small", f"The smallest amount that can be paid is {money_text(smallest)}. Nothing was charged.")


def too_large(largest: Money) -> Refused:
    """Refuse an amount beyond what is taken at once."""
    return Refused("too_large", f"At most {money_text(largest)} can be paid at once. Nothing was charged.")


def in_part(scene: Scene, press: Press) -> Refused | None:
    """Refuse less than what is open where the company asks for whole invoices."""
    if scene.company.allow_partial:
        return None
    balances = scene.balances([invoice_id for invoice_id, _ in press.shares])
    for invoice_id, minor in press.shares:
        if minor < balances[invoice_id].minor:
            number = scene.invoices[invoice_id].number
            sentence = (
                f"{short_name(scene.company.name)} asks for invoices to be paid in full: "
                f"{money_text(balances[invoice_id])} is open on invoice {number}. Nothing was charged."
            )
            return Refused("partial", sentence, invoice_id, balances)
    return None


def because(scene: Scene, press: Press, refusal: Refusal) -> Refused:
    """Tell a refusal of the ledger to the payer, with what is possible on every invoice asked for."""
    asked = [invoice_id for invoice_id, _ in press.shares]
    invoice = scene.invoices.get(refusal.invoice_id)
    if invoice is None or refusal.reason in ("unknown_invoice", "empty"):
        return plain(refusal.reason)
    blocking = [one for one in scene.held if one.invoice_id == refusal.invoice_id]
    reason, sentence = _reason(scene, press, refusal, invoice, blocking)
    return Refused(
        reason,
        f"{sentence} Nothing was charged.",
        refusal.invoice_id,
        scene.balances(asked),
        tuple(one.payment_id for one in blocking) if reason == "under_way" else (),
    )


def _reason(
    scene: Scene, press: Press, refusal: Refusal, invoice: Invoice, blocking: Sequence[Reservation]
) -> tuple[str, str]:
    if refusal.reason in ("nothing_left", "above_balance"):
        return _too_much(scene, press, refusal, invoice, blocking)
    if refusal.reason == "not_payable":
        became = "has been paid" if invoice.state is InvoiceState.LIVE else f"was {invoice.state.value}"
        return "not_payable", f"Invoice {invoice.number} {became}; nothing is open on it."
    if refusal.reason == "other_currency":
        return "other_currency", f"Invoice {invoice.number} is in {invoice.balance.currency} and is paid on its own."
    return "not_positive", f"Enter an amount above zero for invoice {invoice.number}."


def _too_much(
    scene: Scene, press: Press, refusal: Refusal, invoice: Invoice, blocking: Sequence[Reservation]
) -> tuple[str, str]:
    possible = refusal.possible or Money(0, invoice.balance.currency)
    if not blocking:
        return "above_balance", f"{money_text(possible)} is open on invoice {invoice.number} now."
    left = f" {money_text(possible)} is left to pay." if possible else ""
    return "under_way", _standing(scene, press, blocking[0], invoice) + left


def _standing(scene: Scene, press: Press, one: Reservation, invoice: Invoice) -> str:
    """Say which payment stands in the way, and by whom only to a person who signed in."""
    name = scene.payers.get(one.contact_id, "") if press.contact_id else ""
    by = f" by {name}" if name else ""
    became = "was made" if one.state is PaymentState.SUCCEEDED else "is under way since"
    payment = f"A payment of {money_text(one.amount)}{by} for invoice {invoice.number}"
    return f"{payment} {became} {_when(one.created_at, scene)}."


def _when(instant: datetime, scene: Scene) -> str:
    zone = scene.company.zone
    day, today = day_in(zone, instant), day_in(zone, scene.now)
    return f"{clock_text(instant, zone)} today" if day == today else on_day(day, today)
