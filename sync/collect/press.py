"""A press of Pay and the two answers to it: started, or refused with the reason, a sentence and fresh balances.

Values only. Law: a refusal always says that nothing was charged, and what is possible instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.ledger.money import Money
from connector.ledger.payments import PaymentState


@dataclass(frozen=True)
class Press:
    """What came with a press of Pay. `shares` are pairs of invoice id and minor units of `currency`.

    `credits` are pairs of a credit's name and the minor units of the shares that it pays; the rest of them is money.

    An invoice may be paid when its id is in `allowed_invoices` (links that were opened) or its customer in
    `allowed_customers` (those of a signed-in contact).
    """

    company_id: str
    customer_id: str  # for whom the payer came; takes what no share takes
    shares: tuple[tuple[str, int], ...]
    currency: str
    form_nonce: str  # random, of one form; the same form pressed again is the same payment
    deposit_minor: int = 0  # on account of `customer_id`, without an invoice
    credits: tuple[tuple[str, int], ...] = ()  # CreditMemo/73 of a customer in `allowed_customers`
    contact_id: str = ""
    payer_email: str = ""
    note: str = ""  # the payer's own number or words, for the receipt
    method_token: str = ""  # what the browser holds ready to confirm with, where the total hangs on the method
    keep_consent: str = ""  # the words with which the payer let the method be kept; empty where it is not
    consent_from: str = ""  # the network address, as it is kept with those words
    kept_method: str = ""  # or the kept method that it confirms with
    shown_minor: int | None = None  # the total that the payer was shown; None stands for what the rest comes to
    surcharge_minor: int = 0  # what the method costs the payer, once it is known
    surcharge_rate: int = 0  # hundredths of a percent
    on_last_known: bool = False  # the payer was told how old the balances are, and pays all the same
    from_session: str = ""  # hash of the browser's session, against card testing
    from_address: str = ""  # hash of the network address, against card testing
    language: str = ""  # in which the payer reads
    allowed_invoices: frozenset[str] = frozenset()
    allowed_customers: frozenset[str] = frozenset()
    retry_id: str = ""  # the consent by which it is tried again; empty where a person presses
    replaces: frozenset[str] = frozenset()  # payments this browser started: unfinished on these invoices, given up

    @property
    def money_minor(self) -> int:
        """Return what is paid in money: the shares less what credits pay, or a deposit, and what the method costs."""
        paid, lent = (sum(minor for _, minor in part) for part in (self.shares, self.credits))
        return paid - lent + self.deposit_minor + self.surcharge_minor


@dataclass(frozen=True)
class Started:
    """A payment that stands and can be confirmed; `state` says when it was confirmed already.

    One that credits alone pay has succeeded, and has no secret.
    """

    payment_id: str
    client_secret: str
    amount: Money
    state: PaymentState


@dataclass(frozen=True)
class Refused:
    """Why nothing was started.

    Reasons: empty, too_many, unknown_invoice, not_payable, above_balance, under_way, not_positive, other_currency,
    partial, too_small, too_large, other_form, cards_declined, sign_in_first, books_out_of_reach, last_known,
    stripe_out_of_reach, stripe_refused, not_connected, unknown_credit, credit, by_method, paused.
    """

    reason: str
    sentence: str
    invoice_id: str = ""
    balances: Mapping[str, Money] = field(default_factory=dict)  # what may be paid now, by invoice; empty when unknown
    under_way: tuple[str, ...] = ()  # ids of the payments that stand in the way
    credits: Mapping[str, Money] = field(default_factory=dict)  # what is left of each credit, where one has changed
    total: Money | None = None  # what the payer's method makes of the total
    cost: Money | None = None  # of which the method's surcharge, or less its discount
