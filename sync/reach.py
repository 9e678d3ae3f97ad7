"""For which customers a person acts: those that were given, and all that stand under them, in one query.

Whoever acts for a customer acts for the sub-customers under it in the same role, unless that was taken from him there.
Laws: the reach of a person is one query, so that it can stand inside the query that it scopes; a query may be kept from
one request to the next, what it finds never is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, literal, literal_column, or_, select
from sqlmodel import col

from connector.store.access import ContactCustomerRow
from connector.store.cache import CustomerRow

VIEW, PAY, MANAGE = "view", "pay", "manage"
PAYERS = (PAY, MANAGE)
_TAKEN = ("blocked", "removed")
_YES: ColumnElement[int] = literal_column("1")
_NO: ColumnElement[int] = literal_column("0")
_EVERY = literal("", String)


def reach(company: Any, contact: Any, chosen: Any, *roles: str) -> Select[Any]:
    """Return the ids of the customers a contact acts for, with all that stand under them, as a subquery.

    `chosen` narrows to one of them and what is under it; empty is all of them. `roles` narrows to those.
    """
    acting = acting_for(company, contact, chosen)
    found = select(acting.c.customer_id).where(acting.c.is_chosen == _YES)
    # Not `in_`, as below.
    return found.where(or_(*(acting.c.role == role for role in roles))) if roles else found


def reaches(company: Any, contact: Any, customer: Any) -> ColumnElement[bool]:
    """Return the condition that a contact acts for one customer: by name, or for one above it."""
    acting = acting_for(company, contact)
    return select(acting.c.customer_id).where(acting.c.customer_id == customer).exists()


def reach_with_roles(company: Any, contact: Any, chosen: Any) -> Select[Any]:
    """Return the reach as `reach` does, each customer with a role; a customer stands twice where two roles meet."""
    acting = acting_for(company, contact, chosen)
    return select(acting.c.customer_id, acting.c.role).where(acting.c.is_chosen == _YES)


@lru_cache(maxsize=256)
def reach_of(company_id: str, contact_id: str, chosen: str, *roles: str) -> Select[Any]:
    """Return the reach of a person as `reach` does. A page asks for it again and again, and building it costs most."""
    return reach(company_id, contact_id, literal(chosen, String), *roles)


def acting_for(company: Any, contact: Any, chosen: Any = _EVERY) -> Any:
    """Build the reach as a table of customers, roles and whether they are chosen.

    It holds the customers that were given, then level by level what has one of them as its parent.
    """
    own = and_(col(ContactCustomerRow.company_id) == company, col(ContactCustomerRow.contact_id) == contact)
    given = select(
        col(ContactCustomerRow.customer_id).label("customer_id"),
        col(ContactCustomerRow.role).label("role"),
        _chosen(col(ContactCustomerRow.customer_id), chosen).label("is_chosen"),
    ).where(own, col(ContactCustomerRow.state) == "active")
    acting = given.cte(recursive=True)
    taken = select(col(ContactCustomerRow.state)).where(
        own,
        col(ContactCustomerRow.customer_id) == CustomerRow.qbo_id,
        # Not `in_`, whose list is written into the text anew at every execution.
        or_(*(col(ContactCustomerRow.state) == one for one in _TAKEN)),
    )
    columns: Any = (
        col(CustomerRow.qbo_id),
        acting.c.role,
        case((acting.c.is_chosen == _YES, _YES), else_=_chosen(col(CustomerRow.qbo_id), chosen)),
    )
    under = (
        select(*columns)
        .join(acting, col(CustomerRow.parent_id) == acting.c.customer_id)
        .where(col(CustomerRow.company_id) == company, ~taken.exists())
    )
    return acting.union(under)  # not `union_all`: a parent that came round to itself would never end


def _chosen(customer_id: Any, chosen: Any) -> ColumnElement[Any]:
    return case((or_(chosen == "", customer_id == chosen), _YES), else_=_NO)
