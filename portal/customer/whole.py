"""Payments for several customers at once, as somebody sees them who acts for some of those alone.

Law: a payment is shown whole to whoever acts for everybody it pays for; others see their own part of it and no more.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, true
from sqlmodel import col

from connector.store.money import PaymentRow, ShareRow
from portal.access.visitors import Visitor
from portal.picking import pick
from sync.reach import reach_of


def is_own(visitor: Visitor) -> ColumnElement[bool]:
    """Return the condition that a share is this contact's: of an own customer, chosen or not, or opened by a link."""
    return col(ShareRow.customer_id).in_(_customers(visitor)) | col(ShareRow.invoice_id).in_(visitor.opened)


def is_whole(visitor: Visitor) -> ColumnElement[bool]:
    """Return the condition that a payment pays for nobody but those for whom this contact acts.

    The holder of links has a rule of his own (`Visitor.may_see_payment`).
    """
    if not visitor.signed_in:
        return true()
    of_it = and_(col(ShareRow.payment_id) == PaymentRow.id, col(ShareRow.company_id) == visitor.company.id)
    return ~pick(ShareRow.payment_id).where(of_it, ~is_own(visitor)).exists()


def _customers(visitor: Visitor) -> Select[Any]:
    return reach_of(visitor.company.id, visitor.contact_id, "")
