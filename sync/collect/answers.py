"""Refusals in words: what changed, what is possible, and that nothing was charged.

Knows no page and no row. Laws: a guest is never told who else is paying; a refusal is said in the payer's language,
in the midst of work that is said for the record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.clock import day_in
from connector.ledger.allocation import Refusal, is_too_small, least_part, open_amount
from connector.ledger.applying import UNAPPLIED
from connector.ledger.by_method import percent_of
from connector.ledger.credits import BY_BANK, GRANTED, Credit, left_of
from connector.ledger.invoices import Invoice, InvoiceState
from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.companies import CompanyRow
from connector.words import aside, clock_text, day_text, mark, money_text, on_day, owner, quantity, say, short_name
from sync.collect.press import Press, Refused
from sync.collect.reserve import Reservation, reserved_minor

MOST_INVOICES = 250  # in one payment

_PLAIN = {
    "empty": mark("Choose at least one invoice to pay."),
    "too_many": mark("One payment can take up to {most} invoices. Pay the rest in another one."),
    "unknown_credit": mark("One of these credits cannot be used here. Load the page again. Nothing was charged."),
    "unknown_invoice": mark("One of these invoices cannot be paid here. Nothing was charged."),
    "other_form": mark(
        "This page is no longer current. Nothing was charged by this press. Load the page again to go on."
    ),
    "cards_declined": mark(
        "Several cards were declined here. For the safety of their holders no more can be tried for now. Nothing was "
        "charged. Please try again later, or ask how else to pay."
    ),
    "sign_in_first": mark(
        "Nothing was charged. Too many cards were declined here in a short time, so paying needs one more step for "
        "now: sign in with the link we send to your e-mail address, then press Pay again."
    ),
    "stripe_out_of_reach": mark("The payment could not be started. Nothing was charged. Press Pay again in a moment."),
}


@dataclass(frozen=True)
class Scene:
    """What a refusal is told from: the company, the invoices as read a moment ago, and what stands on them."""

    company: CompanyRow
    invoices: Mapping[str, Invoice]
    held: Sequence[Reservation]
    payers: Mapping[str, str]  # names of the contacts who are paying
    now: datetime
    credits: Mapping[str, Credit] = field(default_factory=dict)  # as read a moment ago

    def balances(self, invoice_ids: Sequence[str]) -> dict[str, Money]:
        """Return what may be paid on each invoice now."""
        taken = reserved_minor(self.held)
        return {one: open_amount(self.invoices[one], taken) for one in invoice_ids if one in self.invoices}


@aside()
def plain(reason: str) -> Refused:
    """Refuse for a reason that needs no numbers."""
    return Refused(reason, say(_PLAIN[reason], most=MOST_INVOICES))


@aside()
def of_company(reason: str, company: CompanyRow) -> Refused:
    """Refuse because something of the company's is out of reach."""
    name = short_name(company.name)
    sentences = {
        "not_connected": mark("{company} cannot take payments online at the moment. Nothing was charged."),
        "books_out_of_reach": mark(
            "What is open could not be checked with {company} just now, so nothing was charged. "
            "Please try again in a few minutes."
        ),
        "stripe_refused": mark("{company} cannot take this payment at the moment. Nothing was charged."),
    }
    return Refused(reason, say(sentences[reason], company=name))


@aside()
def paused(company: CompanyRow) -> Refused:
    """Refuse because the company takes no payments online for now, with whom to ask."""
    name, phone, email = short_name(company.name), company.phone, company.email
    if phone and email:
        whom = say("Please call {phone} or write to {email}.", phone=phone, email=email)
    elif phone or email:
        whom = say("Please call {phone}.", phone=phone) if phone else say("Please write to {email}.", email=email)
    else:
        whom = say("Please ask {company} how else to pay.", company=name)
    said = say("{company} has paused online payments. Nothing was charged.", company=name)
    return Refused("paused", f"{said} {whom}")


@aside()
def last_known(company: CompanyRow, read_at: datetime, now: datetime) -> Refused:
    """Tell how old the balances are where QuickBooks cannot be asked, and that they can be paid all the same."""
    sentence = say(
        "{whose} books cannot be asked just now. What is open here was read {when}. "
        "Press Pay again to pay it. Nothing was charged yet.",
        whose=owner(short_name(company.name)),
        when=_when(read_at, company.zone, now),
    )
    return Refused("last_known", sentence)


@aside()
def too_small(smallest: Money) -> Refused:
    """Refuse an amount that no card or bank takes."""
    sentence = say(
        "The smallest amount that can be paid is {amount}. Nothing was charged.", amount=money_text(smallest)
    )
    return Refused("too_small", sentence)


@aside()
def too_large(largest: Money) -> Refused:
    """Refuse an amount beyond what is taken at once."""
    sentence = say("At most {amount} can be paid at once. Nothing was charged.", amount=money_text(largest))
    return Refused("too_large", sentence)


@aside()
def in_part(scene: Scene, press: Press) -> Refused | None:
    """Refuse less than what is open where the company asks for whole invoices, or for a larger part."""
    company, balances = scene.company, scene.balances([invoice_id for invoice_id, _ in press.shares])
    for invoice_id, minor in press.shares:
        left, number = balances[invoice_id], scene.invoices[invoice_id].number
        if not company.allow_partial and minor < left.minor:
            sentence = mark(
                "{company} asks for invoices to be paid in full: {amount} is open on invoice {number}. "
                "Nothing was charged."
            )
            return _too_little(sentence, company, left, number, invoice_id, balances)
        least = least_part(company.least_part_minor, left.currency, home=company.home_currency)
        if is_too_small(Money(minor, left.currency), left, least):
            sentence = mark(
                "{company} takes {amount} or more on invoice {number}, or all that is open. Nothing was charged."
            )
            return _too_little(sentence, company, least, number, invoice_id, balances)
    return None


def _too_little(
    sentence: str, company: CompanyRow, amount: Money, number: str, invoice_id: str, balances: Mapping[str, Money]
) -> Refused:
    said = say(sentence, company=short_name(company.name), amount=money_text(amount), number=number)
    return Refused("partial", said, invoice_id, balances)


@aside()
def of_discount(scene: Scene, press: Press) -> Refused | None:
    """Refuse a discount that is not granted any more, or not as the page showed it, or not for less than the whole."""
    shares, balances = dict(press.shares), scene.balances([one for one, _ in press.shares])
    for name, minor in press.credits:
        invoice_id = name.removeprefix(GRANTED)
        if not name.startswith(GRANTED) or invoice_id not in balances:
            continue
        granted, number = scene.credits.get(name), scene.invoices[invoice_id].number
        if granted is None:
            sentence = say(
                "The discount on invoice {number} is not granted any more. Nothing was charged.", number=number
            )
        elif granted.left.minor != minor or shares[invoice_id] != scene.invoices[invoice_id].balance.minor:
            sentence = say(
                "The discount on invoice {number} is {amount}, if all of it is paid. Nothing was charged.",
                number=number,
                amount=money_text(granted.left),
            )
        else:
            continue
        left = granted.left if granted else Money(0, press.currency)
        return Refused("credit", sentence, invoice_id, balances, credits={name: left})
    return None


@aside()
def of_method(press: Press) -> Refused:
    """Tell what the payer's method makes of the total; nothing is charged before the payer has read it."""
    total, currency = Money(press.money_minor, press.currency), press.currency
    off = sum(minor for name, minor in press.credits if name.startswith(BY_BANK))
    cost = Money(press.surcharge_minor or -off, currency)
    facts = {"amount": money_text(Money(abs(cost.minor), currency)), "total": money_text(total)}
    if press.surcharge_minor:
        said = say(
            "Paying by credit card costs {percent}% more, {amount}: {total} in all. Debit cards and bank accounts cost "
            "nothing more.",
            percent=quantity(percent_of(press.surcharge_rate)),
            **facts,
        )
    elif off:
        said = say("Paying from a bank account takes {amount} off: {total} in all.", **facts)
    else:
        said = say("Paying this way costs nothing more: {total} in all.", **facts)
    next_step = say("Press Pay again to pay it. Nothing was charged yet.")
    return Refused("by_method", f"{said} {next_step}", total=total, cost=cost)


@aside()
def of_credit(scene: Scene, press: Press, refusal: Refusal) -> Refused:
    """Tell that a credit is not what the page showed, with what is left of every credit asked for."""
    taken = reserved_minor(scene.held)
    left = {name: left_of(scene.credits[name], taken) for name, _ in press.credits if name in scene.credits}
    credit = scene.credits.get(refusal.invoice_id)
    if credit is None or refusal.possible is None:
        return plain("unknown_credit")
    day = day_text(credit.day, this_year=0)
    facts = {"number": credit.number or credit.name.rpartition("/")[2], "amount": money_text(refusal.possible)}
    if credit.name.startswith(UNAPPLIED) and refusal.possible:
        sentence = say("{amount} is left now of the payment of {day}. Nothing was charged.", day=day, **facts)
    elif credit.name.startswith(UNAPPLIED):
        sentence = say("The payment of {day} has been used meanwhile. Nothing was charged.", day=day)
    elif refusal.possible:
        sentence = say("Credit {number} has {amount} left now. Nothing was charged.", **facts)
    else:
        sentence = say("Credit {number} has been used meanwhile. Nothing was charged.", **facts)
    return Refused("credit", sentence, balances=scene.balances([one for one, _ in press.shares]), credits=left)


@aside()
def because(scene: Scene, press: Press, refusal: Refusal) -> Refused:
    """Tell a refusal of the ledger to the payer, with what is possible on every invoice asked for."""
    asked = [invoice_id for invoice_id, _ in press.shares]
    invoice = scene.invoices.get(refusal.invoice_id)
    if invoice is None or refusal.reason in ("unknown_invoice", "empty"):
        return plain(refusal.reason)
    blocking = [one for one in scene.held if one.invoice_id == refusal.invoice_id]
    reason, sentence = _reason(scene, press, refusal, invoice, blocking)
    unharmed = say("Nothing was charged.")
    return Refused(
        reason,
        f"{sentence} {unharmed}",
        refusal.invoice_id,
        scene.balances(asked),
        tuple(one.payment_id for one in blocking) if reason == "under_way" else (),
    )


def _reason(
    scene: Scene, press: Press, refusal: Refusal, invoice: Invoice, blocking: Sequence[Reservation]
) -> tuple[str, str]:
    if refusal.reason in ("nothing_left", "above_balance"):
        return _too_much(scene, press, refusal, invoice, blocking)
    number = invoice.number
    if refusal.reason == "not_payable":
        return "not_payable", say(_GONE[invoice.state], number=number)
    if refusal.reason == "other_currency":
        currency = invoice.balance.currency
        return refusal.reason, say(
            "Invoice {number} is in {currency} and is paid on its own.", number=number, currency=currency
        )
    return "not_positive", say("Enter an amount above zero for invoice {number}.", number=number)


_GONE = {
    InvoiceState.LIVE: mark("Invoice {number} has been paid; nothing is open on it."),
    InvoiceState.VOIDED: mark("Invoice {number} was voided; nothing is open on it."),
    InvoiceState.DELETED: mark("Invoice {number} was deleted; nothing is open on it."),
}


def _too_much(
    scene: Scene, press: Press, refusal: Refusal, invoice: Invoice, blocking: Sequence[Reservation]
) -> tuple[str, str]:
    possible = refusal.possible or Money(0, invoice.balance.currency)
    if not blocking:
        amount = money_text(possible)
        return "above_balance", say("{amount} is open on invoice {number} now.", amount=amount, number=invoice.number)
    left = " " + say("{amount} is left to pay.", amount=money_text(possible)) if possible else ""
    return "under_way", _standing(scene, press, blocking[0], invoice) + left


def _standing(scene: Scene, press: Press, one: Reservation, invoice: Invoice) -> str:
    """Say which payment stands in the way, and by whom only to a person who signed in."""
    name = scene.payers.get(one.contact_id, "") if press.contact_id else ""
    facts = {
        "amount": money_text(one.amount),
        "payer": name,
        "number": invoice.number,
        "when": _when(one.created_at, scene.company.zone, scene.now),
    }
    if one.state is PaymentState.SUCCEEDED:
        if name:
            return say("A payment of {amount} by {payer} for invoice {number} was made {when}.", **facts)
        return say("A payment of {amount} for invoice {number} was made {when}.", **facts)
    if name:
        return say("A payment of {amount} by {payer} for invoice {number} is under way since {when}.", **facts)
    return say("A payment of {amount} for invoice {number} is under way since {when}.", **facts)


def _when(instant: datetime, zone: str, now: datetime) -> str:
    day, today = day_in(zone, instant), day_in(zone, now)
    return say("{time} today", time=clock_text(instant, zone)) if day == today else on_day(day, today)
