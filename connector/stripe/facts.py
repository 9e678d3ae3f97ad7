"""What the Stripe gateway gives: plain values read from Stripe's objects, and what it takes for a new intent.

Values only; `connector.stripe.reading` makes them. Law: amounts are minor units as Stripe gives them, currencies upper
case, instants aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from connector.ledger.money import Money


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Whose key it is."""

    account: str
    livemode: bool
    name: str
    may_charge: bool  # false until Stripe has what it asks of the business


@dataclass(frozen=True, slots=True)
class NewIntent:
    """A PaymentIntent to create."""

    payment_id: str
    amount: Money
    description: str
    metadata: Mapping[str, str]  # tieout_payment, and the shares in compact form
    statement_suffix: str = ""
    customer: str = ""  # whose kept methods may confirm it
    keeps: bool = False  # the method that pays it is kept for this customer
    without_payer: bool = False  # nobody is there who could be led to another page


@dataclass(frozen=True, slots=True)
class Method:
    """A payment method: one that is kept, or one that a browser holds ready and that has no id yet."""

    method_ref: str
    customer: str  # empty once it was taken away
    kind: str
    label: str
    expires: str  # of a card: 04/29
    funding: str  # of a card: credit | debit | prepaid | unknown


@dataclass(frozen=True, slots=True)
class Deposits:
    """The small deposits by which a bank account is verified, while Stripe waits for them."""

    url: str  # Stripe's page where they are told
    kind: str  # descriptor_code | amounts
    arrival_day: date


@dataclass(frozen=True, slots=True)
class Setup:
    """A SetupIntent: a method on its way to be kept, without a payment."""

    setup_ref: str
    client_secret: str
    status: str
    customer: str
    method_ref: str
    deposits: Deposits | None
    error_code: str = ""  # of the last try


@dataclass(frozen=True, slots=True)
class BalanceTxn:
    """A move of money on a Stripe account."""

    txn_id: str
    kind: str
    category: str
    source_id: str
    amount: Money
    fee: Money
    net: Money
    status: str
    created_at: datetime
    available_at: datetime
    description: str = ""
    payout_id: str = ""  # known only when asked for by payout
    charge_id: str = ""  # the charge it is about: itself, or the one refunded or disputed
    payment_id: str = ""  # ours, from the charge's metadata; both need the source expanded


@dataclass(frozen=True, slots=True)
class Charge:
    """The charge of an intent, as refetched."""

    charge_id: str
    status: str  # succeeded | pending | failed
    amount: Money
    method: str  # card | us_bank_account ...
    method_label: str  # "Visa 4242", "Test Bank 6789"
    funding: str  # of a card: credit | debit | prepaid | unknown
    failure_code: str
    failure_text: str
    refunded: Money
    disputed: bool
    created_at: datetime
    intent_id: str
    payment_id: str  # from the metadata, as the intent had it
    txn: BalanceTxn | None  # comes a beat after success


@dataclass(frozen=True, slots=True)
class Intent:
    """A PaymentIntent as it stands now."""

    intent_id: str
    client_secret: str
    status: str
    amount: Money
    received: Money
    payment_id: str  # from the metadata; empty when it is not ours
    metadata: Mapping[str, str]
    error_code: str  # last_payment_error, in Stripe's words
    error_text: str
    method_ref: str  # what it was confirmed with last
    next_action: str  # what the payer's bank asks for: redirect_to_url, verify_with_microdeposits ...
    created_at: datetime
    charge: Charge | None
    deposits: Deposits | None = None
    advice: str = ""  # Stripe's on the error: try_again_later | do_not_try_again | confirm_card_data


@dataclass(frozen=True, slots=True)
class Payout:
    """A payout; negative when Stripe draws from the bank."""

    payout_id: str
    amount: Money
    status: str  # pending | in_transit | paid | failed | canceled
    automatic: bool
    reconciled: bool  # its balance transactions can be listed, all of them
    method: str
    arrival_day: date
    balance_txn: str
    trace: str
    failure: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook says: only that something happened to an object."""

    event_id: str
    kind: str
    object_id: str  # what to look at again: the intent where the object belongs to one, else the object
    account: str
    livemode: bool
    created_at: datetime
