"""The items of a company's QuickBooks, for settings that book something on one of them.

Law: the query names the company; what is inactive or gone is not offered.
"""

from __future__ import annotations

from sqlmodel import Session, col

from connector.store.cache import ListingRow
from portal.picking import fetch, pick


def items_of(session: Session, company_id: str) -> list[tuple[str, str]]:
    """Return the company's items, by id and name."""
    found = pick(ListingRow.qbo_id, ListingRow.name).where(
        col(ListingRow.company_id) == company_id,
        col(ListingRow.entity) == "Item",
        col(ListingRow.active),
        col(ListingRow.state) == "live",
    )
    return [(qbo_id, name) for qbo_id, name in fetch(session, found.order_by(col(ListingRow.name)))]
