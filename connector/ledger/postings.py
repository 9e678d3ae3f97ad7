"""Postings: what one fact at Stripe does to the books, as legs that sum to zero.

Knows no QuickBooks document: `connector.qbo.documents` says in which document a posting of a kind is written. Laws:
legs of a posting sum to zero; every clearing leg cites its balance transaction; over all postings that cite a balance
transaction the clearing legs sum to its net. The recipes stand in docs/money.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.ledger.allocation import Share, by_customer, sum_of
from connector.ledger.applying import UNAPPLIED, split
from connector.ledger.credits import GRANTED, Use
from connector.ledger.keys import PostingKey
from connector.ledger.money import Money, MoneyError


class Role(StrEnum):
    """What an account is for; the company's own accounts are chosen once for each role."""

    CLEARING = "clearing"  # one for each Stripe account and settlement currency
    RECEIVABLE = "receivable"
    FEES = "fees"
    DISCOUNTS = "discounts"
    SURCHARGES = "surcharges"  # income
    BANK = "bank"


class Kind(StrEnum):
    """Which fact a posting is made from."""

    CHARGE = "charge"
    FEE = "fee"
    DISCOUNT = "discount"
    SURCHARGE = "surcharge"
    PAYOUT = "payout"
    APPLY = "apply"  # money that lay unapplied on a customer pays invoices


PAYS = (Kind.CHARGE.value, Kind.APPLY.value)  # what brings a payment to its invoices


# On a receivable leg: it pays the invoice of the charge's own surcharge, whose id is known only once it is posted.
SURCHARGED = "surcharge"


@dataclass(frozen=True)
class Leg:
    """One side of a posting: plus is a debit, minus a credit."""

    role: Role
    amount: Money
    cites: str = ""  # the balance transaction, on every clearing leg
    invoice_id: str = ""  # on a receivable leg, the invoice it pays
    credit: str = ""  # on a receivable leg, the credit it uses up: entity/id; or SURCHARGED, which it pays


@dataclass(frozen=True)
class Posting:
    """One document owed to QuickBooks."""

    key: PostingKey
    kind: Kind
    day: date  # of the company's zone; a payout's arrival is a UTC date
    legs: tuple[Leg, ...]
    memo: str

    def __post_init__(self) -> None:
        if not self.legs:
            raise MoneyError("a posting has legs")
        if sum(leg.amount.minor for leg in self.legs) != 0 or len({leg.amount.currency for leg in self.legs}) != 1:
            raise MoneyError(f"legs of {self.key} do not sum to zero in one currency")
        if any(leg.role is Role.CLEARING and not leg.cites for leg in self.legs):
            raise MoneyError(f"a clearing leg of {self.key} cites no balance transaction")

    @property
    def currency(self) -> str:
        """Return the one currency of the legs."""
        return self.legs[0].amount.currency

    def clearing(self) -> Money:
        """Return what the posting does to the clearing account."""
        return self.of(Role.CLEARING)

    def of(self, role: Role) -> Money:
        """Return what the posting does to the accounts of a role."""
        return Money(sum(leg.amount.minor for leg in self.legs if leg.role is role), self.currency)


@dataclass(frozen=True)
class ChargeFact:
    """A succeeded charge, as the gateway read it back: amounts in the settlement currency."""

    stripe_account: str
    charge_id: str
    payment_id: str
    balance_txn: str
    gross: Money
    fee: Money
    day: date
    shares: tuple[Share, ...]
    customer_id: str  # who gets what no share takes
    uses: tuple[Use, ...] = ()  # credits that pay part of the shares
    surcharge: Money | None = None  # part of the gross that pays for the method, not for invoices

    def __post_init__(self) -> None:
        if self.gross.minor < 0 or not (self.gross or self.uses):
            raise MoneyError(f"nothing was charged by {self.charge_id}")
        if self.unapplied.minor < 0:
            raise MoneyError(f"shares of {self.charge_id} exceed what was charged and the credits used")

    @property
    def unapplied(self) -> Money:
        """Return what no share takes."""
        lent = sum(use.amount.minor for use in self.uses)
        rest = self.gross - sum_of(self.shares, self.gross.currency) + Money(lent, self.gross.currency)
        return rest - self.surcharge if self.surcharge else rest

    @property
    def surcharged(self) -> str:
        """Return the customer who is surcharged: the one the payment came for, if it pays for that one at all."""
        customers = [share.customer_id for share in self.shares]
        return self.customer_id if not customers or self.customer_id in customers else customers[0]


def charge_postings(fact: ChargeFact) -> list[Posting]:
    """Post a charge: one document for each customer, a leg for each invoice and credit; the rest is unapplied.

    Where credits pay everything no money moved: the posting has no clearing leg, and cites nothing. What unapplied
    payments pay is no part of it: they have postings of their own.
    """
    anew, applied = split(fact.shares, fact.uses)
    groups = by_customer(anew)
    if fact.unapplied or not (groups or applied):
        groups.setdefault(fact.customer_id, [])
    if fact.surcharge:
        groups.setdefault(fact.surcharged, [])
    postings = []
    for customer_id, shares in groups.items():
        legs = [Leg(Role.RECEIVABLE, -share.amount, invoice_id=share.invoice_id) for share in shares]
        lent = [use for use in fact.uses if use.customer_id == customer_id and not use.name.startswith(UNAPPLIED)]
        legs += [Leg(Role.RECEIVABLE, use.amount, credit=use.name) for use in lent]
        if customer_id == fact.surcharged and fact.surcharge:
            legs.append(Leg(Role.RECEIVABLE, -fact.surcharge, credit=SURCHARGED))
        if customer_id == fact.customer_id and fact.unapplied:
            legs.append(Leg(Role.RECEIVABLE, -fact.unapplied))
        cash = Money(-sum(leg.amount.minor for leg in legs), fact.gross.currency)
        key = PostingKey(fact.stripe_account, fact.charge_id, Kind.CHARGE.value, customer_id)
        memo = f"Stripe {fact.charge_id}; Tieout {fact.payment_id}" if fact.gross else f"Tieout {fact.payment_id}"
        if cash:
            legs.insert(0, Leg(Role.CLEARING, cash, cites=fact.balance_txn))
        postings.append(Posting(key, Kind.CHARGE, fact.day, tuple(legs), memo))
    return postings


def apply_postings(fact: ChargeFact) -> list[Posting]:
    """Post what unapplied payments pay beside a charge: each changes its own Payment in QuickBooks."""
    postings = []
    for one in split(fact.shares, fact.uses)[1]:
        kind = f"{Kind.APPLY.value}-{one.qbo_id}"
        key = PostingKey(fact.stripe_account, fact.charge_id, kind, one.customer_id)
        legs = [Leg(Role.RECEIVABLE, -part.amount, invoice_id=part.invoice_id) for part in one.parts]
        legs.append(Leg(Role.RECEIVABLE, sum_of(one.parts, fact.gross.currency), credit=one.name))
        postings.append(Posting(key, Kind.APPLY, fact.day, tuple(legs), f"Tieout {fact.payment_id}"))
    return postings


def discount_postings(fact: ChargeFact) -> list[Posting]:
    """Post the discounts that a charge's payment was granted: a credit for each customer, which the charge uses up."""
    granted: dict[str, int] = {}
    for use in fact.uses:
        if use.name.startswith(GRANTED):
            granted[use.customer_id] = granted.get(use.customer_id, 0) + use.amount.minor
    postings = []
    for customer_id, minor in granted.items():
        amount = Money(minor, fact.gross.currency)
        key = PostingKey(fact.stripe_account, fact.charge_id, Kind.DISCOUNT.value, customer_id)
        legs = (Leg(Role.DISCOUNTS, amount), Leg(Role.RECEIVABLE, -amount))
        memo = f"Discount of {fact.charge_id}; Tieout {fact.payment_id}"
        postings.append(Posting(key, Kind.DISCOUNT, fact.day, legs, memo))
    return postings


def surcharge_posting(fact: ChargeFact) -> Posting | None:
    """Post what a charge's method cost its payer: an invoice of its own, which the charge pays; None where nothing."""
    if not fact.surcharge:
        return None
    key = PostingKey(fact.stripe_account, fact.charge_id, Kind.SURCHARGE.value, fact.surcharged)
    legs = (Leg(Role.RECEIVABLE, fact.surcharge), Leg(Role.SURCHARGES, -fact.surcharge))
    memo = f"Card surcharge of {fact.charge_id}; Tieout {fact.payment_id}"
    return Posting(key, Kind.SURCHARGE, fact.day, legs, memo)


def fee_posting(fact: ChargeFact) -> Posting | None:
    """Post a charge's fee out of clearing; None where Stripe took none."""
    if not fact.fee:
        return None
    key = PostingKey(fact.stripe_account, fact.charge_id, Kind.FEE.value)
    legs = (Leg(Role.CLEARING, -fact.fee, cites=fact.balance_txn), Leg(Role.FEES, fact.fee))
    return Posting(key, Kind.FEE, fact.day, legs, f"Stripe fee of {fact.charge_id}; Tieout {fact.payment_id}")


def in_steps(fact: ChargeFact) -> list[list[Posting]]:
    """Return everything that a charge owes the books, in steps: what it uses up and pays first, then itself, then the
    earlier payments that are applied beside it, and its fee.
    """
    surcharge, fee = surcharge_posting(fact), fee_posting(fact)
    first = [discount_postings(fact), [surcharge] if surcharge else []]
    return [*first, charge_postings(fact), [*apply_postings(fact), *([fee] if fee else [])]]


@dataclass(frozen=True)
class PayoutFact:
    """A payout that was paid: negative when Stripe drew money from the bank."""

    stripe_account: str
    payout_id: str
    balance_txn: str
    amount: Money
    arrival_day: date


def payout_posting(fact: PayoutFact) -> Posting:
    """Post a payout: clearing to bank for exactly the bank line, or the other way for a negative one."""
    key = PostingKey(fact.stripe_account, fact.payout_id, Kind.PAYOUT.value)
    legs = (Leg(Role.CLEARING, -fact.amount, cites=fact.balance_txn), Leg(Role.BANK, fact.amount))
    return Posting(key, Kind.PAYOUT, fact.arrival_day, legs, f"Stripe payout {fact.payout_id}")


def clearing_by_citation(postings: Sequence[Posting]) -> dict[str, int]:
    """Return for each cited balance transaction the minor units its clearing legs come to."""
    sums: dict[str, int] = {}
    for posting in postings:
        for leg in posting.legs:
            if leg.role is Role.CLEARING:
                sums[leg.cites] = sums.get(leg.cites, 0) + leg.amount.minor
    return sums
