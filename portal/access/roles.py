"""What a person may do for a customer: look, pay, or decide who else may; and for which customers that holds.

Whoever acts for a customer acts for the sub-customers under it in the same role, unless that was taken from him there.
Laws: the reach of a person is one query, so that it can stand inside the query that it scopes; a query may be kept from
one request to the next, what it finds never is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, literal, literal_column, or_
from sqlmodel import Session, col

from connector.ledger.money import Money
from connector.store.access import ContactCustomerRow
from connector.store.cache import CustomerRow
from connector.words import mark
from portal.picking import fetch, pick

VIEW, PAY, MANAGE = "view", "pay", "manage"
PAYERS = (PAY, MANAGE)
ROLES = {
    VIEW: mark("Looks only"),
    PAY: mark("Looks and pays"),
    MANAGE: mark("Pays and manages"),
}
_RANK = {VIEW: 0, PAY: 1, MANAGE: 2}
_TAKEN = ("blocked", "removed")
_YES: ColumnElement[int] = literal_column("1")
_NO: ColumnElement[int] = literal_column("0")
_EVERY = literal("", String)


def higher(one: str, other: str) -> str:
    """Return the role that may do more."""
    return max(one, other, key=lambda role: _RANK.get(role, -1))


def reach(company: Any, contact: Any, chosen: Any, *roles: str) -> Select[Any]:
    """Return the ids of the customers a contact acts for, with all that stand under them, as a subquery.

    `chosen` narrows to one of them and what is under it; empty is all of them. `roles` narrows to those.
    """
    acting = _acting(company, contact, chosen)
    found = pick(acting.c.customer_id).where(acting.c.is_chosen == _YES)
    # Not `in_`, as below.
    return found.where(or_(*(acting.c.role == role for role in roles))) if roles else found


def reaches(company: Any, contact: Any, customer: Any) -> ColumnElement[bool]:
    """Return the condition that a contact acts for one customer: by name, or for one above it."""
    acting = _acting(company, contact, _EVERY)
    return pick(acting.c.customer_id).where(acting.c.customer_id == customer).exists()


def reach_with_roles(company: Any, contact: Any, chosen: Any) -> Select[Any]:
    """Return the reach as `reach` does, each customer with a role; a customer stands twice where two roles meet."""
    acting = _acting(company, contact, chosen)
    return pick(acting.c.customer_id, acting.c.role).where(acting.c.is_chosen == _YES)


@lru_cache(maxsize=256)
def reach_of(company_id: str, contact_id: str, chosen: str, *roles: str) -> Select[Any]:
    """Return the reach of a person as `reach` does. A page asks for it again and again, and building it costs most."""
    return reach(company_id, contact_id, literal(chosen, String), *roles)


def _acting(company: Any, contact: Any, chosen: Any) -> Any:
    """Build the reach: the customers that were given, then level by level what has one of them as its parent."""
    own = and_(col(ContactCustomerRow.company_id) == company, col(ContactCustomerRow.contact_id) == contact)
    given = pick(
        col(ContactCustomerRow.customer_id).label("customer_id"),
        col(ContactCustomerRow.role).label("role"),
        _chosen(col(ContactCustomerRow.customer_id), chosen).label("is_chosen"),
    ).where(own, col(ContactCustomerRow.state) == "active")
    acting = given.cte(recursive=True)
    taken = pick(ContactCustomerRow.state).where(
        own,
        col(ContactCustomerRow.customer_id) == CustomerRow.qbo_id,
        # Not `in_`, whose list is written into the text anew at every execution.
        or_(*(col(ContactCustomerRow.state) == one for one in _TAKEN)),
    )
    under = (
        pick(
            col(CustomerRow.qbo_id),
            acting.c.role,
            case((acting.c.is_chosen == _YES, _YES), else_=_chosen(col(CustomerRow.qbo_id), chosen)),
        )
        .join(acting, col(CustomerRow.parent_id) == acting.c.customer_id)
        .where(col(CustomerRow.company_id) == company, ~taken.exists())
    )
    return acting.union(under)  # not `union_all`: a parent that came round to itself would never end


def _chosen(customer_id: Any, chosen: Any) -> ColumnElement[Any]:
    return case((or_(chosen == "", customer_id == chosen), _YES), else_=_NO)


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
    acting = _acting(company_id, contact_id, _EVERY)
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
