"""The table of QuickBooks entities: a few lines of data each, and the only place of the pull that names one.

Which table an entity's head lands in, what is read of it, whether the change feed tells of it, and how a person reads
of its changes. Law: `sync.engine` works from these rows and knows no entity by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Table
from sqlmodel import SQLModel

from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.shapes import RawObject
from connector.store.cache import AccountRow, BookPaymentRow, CreditRow, CustomerRow, InvoiceRow, ListingRow
from connector.store.papers import EstimateRow
from sync.pulling import heads
from sync.pulling.attached import note_attached
from sync.pulling.change import After
from sync.pulling.companies import take_currency, take_facts
from sync.pulling.contacts import note_emails

FEED = "*"  # the cursor of the change feed of all entities


@dataclass(frozen=True)
class Entity:
    """One entity of QuickBooks."""

    name: str  # as QuickBooks writes it
    noun: str
    row: type[SQLModel]
    head: type[heads.Head]
    plural: str = ""
    in_feed: bool = True  # otherwise it is asked for once a day
    single: Callable[[QuickBooksGateway], RawObject] | None = None  # one object for the company is read, not paged
    also: tuple[str, ...] = ()  # columns that QuickBooks may change without a new version
    title: str = ""  # the column a person knows it by, after the noun: Invoice 1074
    tells: tuple[tuple[str, str], ...] = ()  # amounts whose change is told, and their words
    after: After | None = None  # what else follows from changed objects, in the same commit

    @cached_property
    def table(self) -> Table:
        """The table its head stands in."""
        table: Table = self.row.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
        return table

    @cached_property
    def is_listed(self) -> bool:
        """Tell whether its table is shared, so that the entity's name is part of the key."""
        return "entity" in self.table.c

    @property
    def nouns(self) -> str:
        """The noun for several."""
        return self.plural or self.noun + "s"


def _listing(name: str, noun: str, **more: Any) -> Entity:
    return Entity(name, noun, ListingRow, heads.Listing, **more)


ENTITIES: tuple[Entity, ...] = (
    _listing(
        "CompanyInfo",
        "company",
        plural="companies",
        single=QuickBooksGateway.company_info,
        in_feed=False,
        after=take_facts,
    ),
    _listing(
        "Preferences",
        "preferences",
        plural="preferences",
        single=QuickBooksGateway.preferences,
        in_feed=False,
        after=take_currency,
    ),
    Entity("Account", "account", AccountRow, heads.Account, also=("balance_minor",)),
    _listing("Term", "term"),
    _listing("PaymentMethod", "payment method"),
    _listing("TaxCode", "tax code", in_feed=False),
    _listing("TaxRate", "tax rate", in_feed=False),
    _listing("Item", "item"),
    _listing("Vendor", "vendor"),
    Entity("Customer", "customer", CustomerRow, heads.Customer, also=("balance_minor",), after=note_emails),
    Entity(
        "Invoice",
        "invoice",
        InvoiceRow,
        heads.Invoice,
        title="number",
        tells=(("total_minor", "total"), ("balance_minor", "open balance")),
    ),
    Entity(
        "CreditMemo",
        "credit memo",
        CreditRow,
        heads.Credit,
        title="number",
        tells=(("total_minor", "total"), ("balance_minor", "remaining credit")),
    ),
    Entity(
        "Payment",
        "payment",
        BookPaymentRow,
        heads.Payment,
        title="reference",
        tells=(("total_minor", "amount"), ("unapplied_minor", "unapplied amount")),
    ),
    Entity("Estimate", "estimate", EstimateRow, heads.Estimate, title="number", tells=(("total_minor", "total"),)),
    Entity("Attachable", "attachment", ListingRow, heads.File, after=note_attached),
    _listing("SalesReceipt", "sales receipt"),
    _listing("RefundReceipt", "refund receipt"),
    _listing("Purchase", "expense"),
    _listing("Transfer", "transfer"),
    _listing("Deposit", "deposit"),
    _listing("JournalEntry", "journal entry", plural="journal entries"),
)
BY_NAME = {entity.name: entity for entity in ENTITIES}
