"""What a person may do for a customer: look, pay, or decide who else may; and the customers as he sees them.

Law: a customer stands after the one it is under, once, in the highest of its roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.cache import CustomerRow
from connector.words import mark
from portal.picking import fetch, pick
from sync.reach import MANAGE, PAY, PAYERS, VIEW, acting_for

ROLES = {
    VIEW: mark("Looks only"),
    PAY: mark("Looks and pays"),
    MANAGE: mark("Pays and manages"),
}
_RANK = {VIEW: 0, PAY: 1, MANAGE: 2}


def higher(one: str, other: str) -> str:
    """Return the role that may do more."""
    return max(one, other, key=lambda role: _RANK.get(role, -1))


@dataclass(frozen=True)
class Acted:
    """A customer that somebody acts for."""

    qbo_id: str
    name: str
    email: str
    balance: Money
    parent_id: str
    role: str
    depth: int = 0  # under how many others of the same person's it stands

    @property
    def pays(self) -> bool:
        """Tell whether its invoices may be paid."""
        return self.role in PAYERS


def acted_for(session: Session, company_id: str, contact_id: str) -> list[Acted]:
    """Return the customers a contact acts for, by name, each sub-customer after its parent."""
    acting = acting_for(company_id, contact_id)
    found = (
        pick(
            *(CustomerRow.qbo_id, CustomerRow.name, CustomerRow.email, CustomerRow.balance_minor, CustomerRow.currency),
            *(CustomerRow.parent_id, acting.c.role),
        )
        .join(acting, col(CustomerRow.qbo_id) == acting.c.customer_id)
        .where(col(CustomerRow.company_id) == company_id)
        .order_by(col(CustomerRow.name), col(CustomerRow.qbo_id))
    )
    seen: dict[str, Acted] = {}
    for qbo_id, name, email, minor, currency, parent_id, role in fetch(session, found):
        best = higher(role, seen[qbo_id].role) if qbo_id in seen else role
        seen[qbo_id] = Acted(qbo_id, name, email, Money(minor, currency), parent_id, best)
    return _as_tree(list(seen.values()))


def _as_tree(customers: Sequence[Acted]) -> list[Acted]:
    """Put each customer after its parent; one whose parent is not among them, or is itself, stands at the top."""
    known = {one.qbo_id for one in customers}
    under: dict[str, list[Acted]] = {}
    for one in customers:
        under.setdefault(one.parent_id if one.parent_id in known else "", []).append(one)
    placed: dict[str, Acted] = {}

    def place(parent_id: str, depth: int) -> None:
        for one in under.get(parent_id, ()):
            if one.qbo_id not in placed:
                placed[one.qbo_id] = replace(one, depth=depth)
                place(one.qbo_id, depth + 1)

    place("", 0)
    return [*placed.values(), *(one for one in customers if one.qbo_id not in placed)]


def tops(customers: Sequence[Acted]) -> list[Acted]:
    """Return those that stand under no other."""
    return [one for one in customers if not one.depth]
