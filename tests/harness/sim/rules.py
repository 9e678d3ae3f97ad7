"""The rules of the company that a seed plays with, as an owner switches them on.

In every fourth seed credit cards cost more and bank debits less: there a press names what its payer holds ready, as the
pay page does. In two of three it takes payments on the balance last read while QuickBooks cannot be asked. Law: the
seed alone decides.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import col, update

from connector.store.companies import CompanyRow
from sync.runtime import Runtime

SURCHARGE, BANK_DISCOUNT = 300, 100  # hundredths of a percent
SURCHARGE_ROLE = "surcharge"


def asks_by_method(seed: int) -> bool:
    """Tell whether the company of a seed asks more for cards."""
    return seed % 4 == 0


def takes_last_known(seed: int) -> bool:
    """Tell whether it takes payments on what was last read."""
    return seed % 3 != 0


def switch_on(rt: Runtime, company_id: str, seed: int) -> None:
    """Switch a seed's rules on; the items that a cost is booked on are there."""
    rules: dict[str, Any] = {"pay_on_last_known": takes_last_known(seed)}
    if asks_by_method(seed):
        rules |= {"card_surcharge": SURCHARGE, "bank_discount": BANK_DISCOUNT}
    with rt.db.write("rules") as session:
        session.exec(update(CompanyRow).where(col(CompanyRow.id) == company_id).values(**rules))
