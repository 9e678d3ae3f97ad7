"""What a way to pay costs, in every fourth seed: credit cards more, bank debits less, as an owner switches it on.

There a press names what its payer holds ready, as the pay page does. Law: the seed alone decides which company asks.
"""

from __future__ import annotations

from sqlmodel import col, update

from connector.store.companies import CompanyRow
from sync.runtime import Runtime

EVERY = 4  # of so many seeds one
SURCHARGE, BANK_DISCOUNT = 300, 100  # hundredths of a percent
SURCHARGE_ROLE = "surcharge"


def asks(seed: int) -> bool:
    """Tell whether the company of a seed asks more for cards."""
    return seed % EVERY == 0


def switch_on(rt: Runtime, company_id: str) -> None:
    """Ask for it from now on; the items that it is booked on are there."""
    with rt.db.write("rates") as session:
        mine = update(CompanyRow).where(col(CompanyRow.id) == company_id)
        session.exec(mine.values(card_surcharge=SURCHARGE, bank_discount=BANK_DISCOUNT))
