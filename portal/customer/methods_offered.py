"""What a payer can pay with on the pay page and on the page of deposits: kept methods, their order, what each costs.

Knows no template. Laws: what a method costs is said before anything is pressed, and decided by `sync.collect` alone; a
method is kept with its payment only for who signed in, by the words on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam
from sqlmodel import Session, col

from connector.ledger.by_method import Rates, percent_of
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.prepared import Prepared
from connector.words import quantity, say, short_name
from portal.access.visitors import Visitor
from portal.picking import pick
from sync.collect import saved
from sync.collect.by_method import rates_on


@dataclass(frozen=True)
class Offered:
    """The ways to pay that a page offers."""

    kept: Sequence[SavedMethodRow]
    bank_first: bool
    rates: Rates
    keep_words: str  # to be agreed to before a new one is kept; empty where none may be

    @property
    def has_costs(self) -> bool:
        """Tell whether the total hangs on the method: then the page keeps a place for what it costs."""
        return self.rates != Rates()

    @property
    def with_wallets(self) -> bool:
        """Tell whether wallets may be shown: their sheet names the total before the card in them is known."""
        return not self.rates.surcharge

    @property
    def surcharge_percent(self) -> str:
        """Return what a credit card costs, as the page says it; empty where nothing."""
        return quantity(percent_of(self.rates.surcharge)) if self.rates.surcharge else ""

    @property
    def bank_percent(self) -> str:
        """Return what a bank account saves, as the page says it; empty where nothing."""
        return quantity(percent_of(self.rates.bank_discount)) if self.rates.bank_discount else ""


def words_to_keep(session: Session, who: Visitor) -> str:
    """Return what a visitor agrees to who keeps the method that is paid with; empty where that cannot be."""
    if not who.signed_in or len(saved.shown_to(session, who.company.id, who.contact_id)) >= saved.MOST_KEPT:
        return ""
    return say(
        "Keep this card or bank account with Stripe for next time. {company} uses it only for payments that I start "
        "myself, and I can remove it in my account at any time.",
        company=short_name(who.company.name),
    )


def offered_to(session: Session, who: Visitor, invoice_ids: Sequence[str], currency: str) -> Offered:
    """Return what a visitor can pay invoices with, or a deposit where there are none."""
    rates = rates_on(session, who.company.id, invoice_ids, currency)
    (bank_first,) = _BANK_FIRST.first(session, company=who.company.id)
    return Offered(
        keep_words=words_to_keep(session, who),
        kept=saved.methods_of(session, who.company.id, who.contact_id) if who.signed_in else [],
        bank_first=bank_first or rates != Rates(),
        rates=rates,
    )


_BANK_FIRST = Prepared(pick(CompanyRow.bank_first).where(col(CompanyRow.id) == bindparam("company")))
