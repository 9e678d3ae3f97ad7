"""The company whose pages these are, as the pages need it: by its slug for payers, by its id for staff.

Law: a company is looked up by what the address or the session says, never by what a form says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlmodel import col

from connector.ledger.allocation import least_part
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from portal.here import runtime

COLUMNS = (
    *(col(CompanyRow.id), col(CompanyRow.slug), col(CompanyRow.name), col(CompanyRow.phone), col(CompanyRow.email)),
    *(col(CompanyRow.place), col(CompanyRow.address), col(CompanyRow.zone), col(CompanyRow.home_currency)),
    *(col(CompanyRow.accent), col(CompanyRow.allow_partial)),
    *(col(CompanyRow.least_part_minor), col(CompanyRow.spread_rule), col(CompanyRow.pay_on_last_known)),
    *(col(CompanyRow.logo_version), col(CompanyRow.message), col(CompanyRow.custom_css), col(CompanyRow.analytics_id)),
    *(col(CompanyRow.takes_payments), col(CompanyRow.language), col(CompanyRow.host)),
)


@dataclass(frozen=True, slots=True)
class Company:
    """A company's facts that pages show."""

    id: str
    slug: str
    name: str
    phone: str
    email: str
    place: str
    address: str
    zone: str
    home_currency: str
    accent: str
    allow_partial: bool
    least_part_minor: int
    spread_rule: str
    pay_on_last_known: bool
    logo_version: str = ""
    message: str = ""
    custom_css: str = ""
    analytics_id: str = ""
    takes_payments: bool = True
    language: str = "en"
    host: str | None = None

    def least_part(self, currency: str) -> Money:
        """Return the smallest part of an invoice that is taken."""
        return least_part(self.least_part_minor, currency, home=self.home_currency)

    @property
    def logo_wide(self) -> int:
        """Return how many pixels wide the logo is shown; its version ends with its own width and height."""
        *_, wide, high = self.logo_version.split("-")
        return round(int(wide) * 48 / int(high))

    @property
    def today(self) -> date:
        """Return the present day in the company's zone."""
        return runtime().clock.today(self.zone)


def company_of(values: Row[Any] | Sequence[Any]) -> Company:
    """Read a company from the first columns of a row that was selected with COLUMNS."""
    return Company(*values[: len(COLUMNS)])
