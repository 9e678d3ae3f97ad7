"""What is read of each QuickBooks object: the few fields that lists, search and money need, as columns.

Pure: from JSON text to the columns of a row. Tolerates `null` and absent fields as QuickBooks sends them. Laws: money
is read from its digits and never passes through a float; a document that was voided says so in its state.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from connector.ledger.money import MoneyError, digits_of, money_of

ZERO = msgspec.Raw(b"0")
ABSENT = msgspec.Raw()
_PADDING = (b"00", b"0", b"")


class Unreadable(ValueError):
    """An object that lacks what every such object has, or whose money has no meaning."""


class Ref(msgspec.Struct, gc=False):
    """A reference to another object."""

    value: str | None = None


class _Meta(msgspec.Struct, gc=False):
    LastUpdatedTime: str | None = None


class _Mail(msgspec.Struct, gc=False):
    Address: str | None = None


class _Phone(msgspec.Struct, gc=False):
    FreeFormNumber: str | None = None


class Head(msgspec.Struct, rename="pascal", gc=False):
    """What every object has."""

    id: str
    sync_token: str = ""
    meta_data: _Meta | None = None
    currency_ref: Ref | None = None

    @property
    def updated_at(self) -> str:
        """When QuickBooks last changed it, in its own words."""
        return (self.meta_data and self.meta_data.LastUpdatedTime) or ""

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns beside key and version; `home` is the currency where none is named."""
        raise NotImplementedError

    def currency(self, home: str) -> str:
        """Return the object's currency."""
        return _value(self.currency_ref) or home


class Sale(Head, kw_only=True):
    """An invoice or a credit memo."""

    customer_ref: Ref
    txn_date: date
    doc_number: str | None = None
    due_date: date | None = None
    total_amt: msgspec.Raw = ZERO
    balance: msgspec.Raw = ZERO
    remaining_credit: msgspec.Raw = ABSENT
    bill_email: _Mail | None = None
    private_note: str | None = None

    def shared(self, home: str) -> dict[str, Any]:
        """Return the columns that invoices and credit memos share."""
        currency = self.currency(home)
        total = minor_of(self.total_amt, currency)
        return {
            "number": self.doc_number or "",
            "customer_id": self.customer_ref.value or "",
            "issued_day": self.txn_date,
            "currency": currency,
            "total_minor": total,
            "balance_minor": minor_of(self.remaining_credit if len(self.remaining_credit) else self.balance, currency),
            "state": state_of(total, self.private_note),
        }


class Invoice(Sale, kw_only=True):
    """An invoice."""

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of an InvoiceRow."""
        email = (self.bill_email and self.bill_email.Address) or ""
        return self.shared(home) | {"due_day": self.due_date, "email": email}


class Credit(Sale, kw_only=True):
    """A credit memo."""

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of a CreditRow."""
        return self.shared(home)


class Estimate(Sale, kw_only=True):
    """An estimate."""

    expiration_date: date | None = None
    txn_status: str | None = None
    accepted_by: str | None = None
    accepted_date: date | None = None

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of an EstimateRow."""
        shared = self.shared(home)
        del shared["balance_minor"]  # nothing is owed on an estimate
        return shared | {
            "expires_day": self.expiration_date,
            "status": self.txn_status or "",
            "accepted_by": self.accepted_by or "",
            "accepted_day": self.accepted_date,
        }


class Payment(Head, kw_only=True):
    """A payment, ours or anybody's."""

    customer_ref: Ref
    txn_date: date
    total_amt: msgspec.Raw = ZERO
    unapplied_amt: msgspec.Raw = ZERO
    payment_ref_num: str | None = None
    deposit_to_account_ref: Ref | None = None
    private_note: str | None = None

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of a BookPaymentRow."""
        currency = self.currency(home)
        total = minor_of(self.total_amt, currency)
        return {
            "customer_id": self.customer_ref.value or "",
            "paid_day": self.txn_date,
            "currency": currency,
            "total_minor": total,
            "unapplied_minor": minor_of(self.unapplied_amt, currency),
            "reference": self.payment_ref_num or "",
            "account_id": _value(self.deposit_to_account_ref),
            "state": state_of(total, self.private_note),
        }


class Customer(Head, kw_only=True):
    """A customer or sub-customer."""

    display_name: str | None = None
    primary_email_addr: _Mail | None = None
    primary_phone: _Phone | None = None
    parent_ref: Ref | None = None
    balance: msgspec.Raw = ZERO
    active: bool = True

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of a CustomerRow."""
        currency = self.currency(home)
        return {
            "name": self.display_name or "",
            "email": (self.primary_email_addr and self.primary_email_addr.Address) or "",
            "phone": (self.primary_phone and self.primary_phone.FreeFormNumber) or "",
            "parent_id": _value(self.parent_ref),
            "currency": currency,
            "balance_minor": minor_of(self.balance, currency),
            "active": self.active,
            "state": "live",
        }


class Account(Head, kw_only=True):
    """An account of the chart."""

    name: str | None = None
    account_type: str | None = None
    account_sub_type: str | None = None
    current_balance: msgspec.Raw = ZERO
    active: bool = True

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of an AccountRow."""
        currency = self.currency(home)
        return {
            "name": self.name or "",
            "kind": self.account_type or "",
            "detail": self.account_sub_type or "",
            "currency": currency,
            "balance_minor": minor_of(self.current_balance, currency),
            "active": self.active,
            "state": "live",
        }


class Listing(Head, kw_only=True):
    """Any other object: its name, or its number where it has no name."""

    name: str | None = None
    display_name: str | None = None
    company_name: str | None = None
    doc_number: str | None = None
    active: bool = True
    total_amt: msgspec.Raw = ABSENT
    private_note: str | None = None

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of a ListingRow."""
        total = minor_of(self.total_amt, self.currency(home)) if len(self.total_amt) else None
        return {
            "name": self.name or self.display_name or self.doc_number or self.company_name or "",
            "active": self.active,
            "state": state_of(total, self.private_note),
        }


class File(Head, kw_only=True):
    """A file or a note that is attached to documents."""

    file_name: str | None = None

    def columns(self, home: str) -> dict[str, Any]:
        """Return the columns of a ListingRow."""
        return {"name": self.file_name or "", "active": True, "state": "live"}


def state_of(total_minor: int | None, note: str | None) -> str:
    """Return `voided` or `live`: QuickBooks marks a voided document only by its zero and the start of its note."""
    return "voided" if total_minor == 0 and (note or "").startswith("Voided") else "live"


def minor_of(digits: msgspec.Raw, currency: str) -> int:
    """Read a JSON number of major units as minor units, exactly. Raises Unreadable for parts of a cent."""
    text = bytes(digits)
    whole, _, part = text.partition(b".")
    if len(part) <= 2 and digits_of(currency) == 2:
        # The common form by its digits; what is written otherwise takes the long way below.
        try:
            return int(whole + part + _PADDING[len(part)])
        except ValueError:
            pass
    try:
        return 0 if text == b"null" else money_of(Decimal(text.decode().strip('"')), currency).minor
    except (MoneyError, InvalidOperation) as error:
        raise Unreadable(f"{text.decode(errors='replace')} {currency} is no amount") from error


def _value(ref: Ref | None) -> str:
    return (ref and ref.value) or ""
