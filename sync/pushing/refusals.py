"""What QuickBooks' refusals mean for a bookkeeper: why a posting is held, in a sentence, and what to do about it.

Words only; knows no row. Law: one cause gives one subject, so that a hundred postings held by one closed month are one
discrepancy; a code that is not known here still gets QuickBooks' own words, never a code alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why, and what to do. `spans` says what one cause covers: company, customer or posting."""

    why: str
    next_step: str
    spans: str = "posting"
    waits: bool = False  # everything of the company waits and is tried again by itself


_FITS = "Retrying posts what still fits and leaves the rest as the customer's credit."
_OURS = (
    "This is a fault of Tieout, not yours. Nothing is lost: send the line below to support, then retry after the fix."
)

_KNOWN = {
    "6210": Refusal(
        "The period of this date is closed in QuickBooks.",
        "Post it on the first open day, or open the period in QuickBooks and retry.",
        spans="company",
    ),
    "6190": Refusal(
        "QuickBooks takes no entries: its subscription has ended or there is a billing problem.",
        "Renew the subscription in QuickBooks. Everything that waits is then posted by itself.",
        spans="company",
        waits=True,
    ),
    "610": Refusal(
        "Something this entry uses was made inactive or deleted in QuickBooks: the customer, an invoice or an account.",
        f"Make it active again in QuickBooks and retry. {_FITS}",
        spans="customer",
    ),
    "2500": Refusal(
        "Something this entry refers to does not exist in QuickBooks any more: the customer, an invoice or an account.",
        f"Restore it in QuickBooks, or choose another account, and retry. {_FITS} A customer that was merged "
        "into another does not come back: record it by hand for the one that stayed, and drop this posting.",
        spans="customer",
    ),
    "620": Refusal(
        "QuickBooks does not link this payment to its invoice: the invoice was voided or belongs to another customer.",
        f"Look at the invoice in QuickBooks. {_FITS}",
    ),
    "6250": Refusal(
        "QuickBooks does not accept the customer.", "Look at the customer in QuickBooks, then retry.", "customer"
    ),
    "6560": Refusal(
        "QuickBooks does not accept the customer.", "Look at the customer in QuickBooks, then retry.", "customer"
    ),
    "6000": Refusal("A rule of QuickBooks speaks against this entry.", f"Look at what changed in QuickBooks. {_FITS}"),
    "6140": Refusal(
        "Another document in QuickBooks has this number already.",
        "Retrying looks whether it is this one; if it is another, change that document's number first.",
    ),
    "6240": Refusal(
        "A name that is needed is taken by another customer, vendor or account in QuickBooks.",
        "Rename the other one in QuickBooks, inactive ones included, then retry.",
        spans="company",
    ),
    "6540": Refusal(
        "The document lies on a bank deposit in QuickBooks and cannot be changed.",
        "Take it off the deposit in QuickBooks, then retry.",
    ),
    "5010": Refusal(
        "Somebody was changing the same records in QuickBooks, twice in a row.",
        "Retry when they are done.",
    ),
    "5020": Refusal(
        "The person who connected QuickBooks may not do this.", "Reconnect as an administrator, then retry.", "company"
    ),
    "5030": Refusal(
        "This QuickBooks subscription lacks a feature that is needed.",
        "Look at the plan in QuickBooks, then retry.",
        "company",
    ),
    # Reasons of our own, without a call.
    "no_account": Refusal("An account is not chosen yet.", "Choose the account, then retry.", "company"),
    "other_currency": Refusal(
        "The payment is not in the company's home currency, and its exchange rate is a person's decision.",
        "Record it in QuickBooks by hand and drop this posting.",
    ),
    "amount": Refusal(
        "The amount cannot be written as this kind of document.",
        "Record it in QuickBooks by hand and drop this posting.",
    ),
    "credit_used": Refusal(
        "The earlier payment that this one uses was applied elsewhere, or removed, in QuickBooks.",
        "Look at it in QuickBooks. Retrying applies what still fits; what does not stays open on the invoice. Where "
        "nothing of it is left, drop this posting: the invoice stays open.",
    ),
    "closed_earlier": Refusal(
        "The earlier payment that this one uses stands in a period that is closed in QuickBooks.",
        "Open the period in QuickBooks and retry, or apply that payment to its invoice there and drop this posting. "
        "Another date does not help: the payment keeps its own.",
        spans="company",
    ),
    "applied_in_part": Refusal(
        "The earlier payment that this one uses was changed in QuickBooks meanwhile, and pays only a part of this.",
        "Look at that payment in QuickBooks: give its invoice all of this or none of it, then retry.",
    ),
    "differs": Refusal(
        "A document with this payment's reference is in QuickBooks, but it was changed there.",
        "Compare the two. If QuickBooks is right, drop this posting; if Stripe is right, correct it there and retry.",
    ),
    "removed": Refusal(
        "The document was created and then removed in QuickBooks by somebody.",
        "Retrying creates it again. Drop the posting if the removal was meant.",
    ),
    "by_hand": Refusal("A person holds it.", "Retry when it may be posted."),
}

# What means something else where a Payment that QuickBooks has is applied, and is a cause of its own then.
_OF_EARLIER = {"6210": "closed_earlier", "differs": "applied_in_part"}
_QUOTED = frozenset({"6000", "620", "no_account", "other_currency"})
_MALFORMED = frozenset({"500", "2010", "2020", "2050", "2090", "2170", "2210", "4000", "4001", "6070", "6090", "6100"})


def refusal_of(code: str, said: str = "") -> Refusal:
    """Return what a refusal means; `said` are QuickBooks' own words, added where ours cannot say enough."""
    known = _KNOWN.get(code)
    quoted = f" {said}" if said and not code.isdigit() else f" QuickBooks says: {said}" if said else ""
    if known is None and code in _MALFORMED:
        return Refusal(f"QuickBooks did not understand what was sent.{quoted}", _OURS, "company")
    if known is None:
        return Refusal(f"QuickBooks refused this entry.{quoted}", "Look at what changed in QuickBooks, then retry.")
    if code in _QUOTED:
        return Refusal(known.why + quoted, known.next_step, known.spans)
    return known


def cause_of(code: str, *, is_earlier: bool) -> str:
    """Return the code that a posting is held by; `is_earlier` for one that applies a Payment QuickBooks has."""
    return _OF_EARLIER.get(code, code) if is_earlier else code


def subject_of(code: str, spans: str, *, customer_id: str, posting_id: str, currency: str) -> str:
    """Return the cause that a held posting belongs to; amounts of one cause are in one currency."""
    spanned = {"company": "", "customer": customer_id, "posting": posting_id}[spans]
    return "/".join(part for part in (code, spanned, currency) if part)
