"""The rows of kept payment methods: found and changed by statements that stand ready.

Writes in the caller's transaction. Law: a method is found in its company, and pays only from the state that was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.store.built import built
from connector.store.methods import SavedMethodRow, StripeCustomerRow
from connector.store.prepared import Askable, Prepared
from connector.store.verifying import BankCheckRow
from connector.stripe.facts import Method

_CUSTOMER = Prepared(
    pick(col(StripeCustomerRow.customer_ref), col(StripeCustomerRow.created_at)).where(
        col(StripeCustomerRow.company_id) == bindparam("company"),
        col(StripeCustomerRow.contact_id) == bindparam("contact"),
    )
)
_LATE = Prepared(
    pick(col(SavedMethodRow.setup_ref)).where(
        col(SavedMethodRow.company_id) == bindparam("company"),
        col(SavedMethodRow.state) == "verifying",
        col(BankCheckRow.company_id) == bindparam("company"),
        col(BankCheckRow.subject) == col(SavedMethodRow.id),
        col(BankCheckRow.asked_at) < bindparam("before"),
    )
)
_ONE = (col(SavedMethodRow.company_id) == bindparam("company"), col(SavedMethodRow.id) == bindparam("kept"))
_STANDS = Prepared(pick(col(SavedMethodRow.state), col(SavedMethodRow.is_default)).where(*_ONE))
_SET_UP = Prepared(update(SavedMethodRow).where(*_ONE).values(setup_ref=bindparam("setup")))
_FIRST = Prepared(update(SavedMethodRow).where(*_ONE).values(is_default=True))
_FACTS = ("method_ref", "kind", "label", "expires", "funding")
_PAYS = Prepared(
    update(SavedMethodRow)
    .where(*_ONE, col(SavedMethodRow.state) == bindparam("was"))
    .values(state="ready", verify_url="", **{name: bindparam(name) for name in _FACTS})
)


def customer(reader: Askable, company_id: str, contact_id: str) -> tuple[str, datetime | None]:
    """Return who keeps a contact's methods at Stripe, empty where it is gone, and since when; None before the first."""
    ref, since = _CUSTOMER.first(reader, company=company_id, contact=contact_id) or ("", None)
    return ref, since


@built
def methods_in(company_id: str, contact_id: str, states: Sequence[str]) -> SelectOfScalar[SavedMethodRow]:
    """Ask for a contact's methods in some states, the first choice first."""
    mine = select(SavedMethodRow).where(
        SavedMethodRow.company_id == company_id,
        SavedMethodRow.contact_id == contact_id,
        col(SavedMethodRow.state).in_(states),
    )
    return mine.order_by(col(SavedMethodRow.is_default).desc(), col(SavedMethodRow.id))


@built
def of_contact(company_id: str, contact_id: str, row_id: str) -> SelectOfScalar[SavedMethodRow]:
    """Ask for a contact's own method."""
    return select(SavedMethodRow).where(
        SavedMethodRow.company_id == company_id, SavedMethodRow.contact_id == contact_id, SavedMethodRow.id == row_id
    )


@built
def by_setup(company_id: str, ref: str) -> SelectOfScalar[SavedMethodRow]:
    """Ask for the method of a setup."""
    return select(SavedMethodRow).where(SavedMethodRow.company_id == company_id, SavedMethodRow.setup_ref == ref)


@built
def by_method(company_id: str, ref: str) -> SelectOfScalar[SavedMethodRow]:
    """Ask for a method by what Stripe calls it."""
    return select(SavedMethodRow).where(SavedMethodRow.company_id == company_id, SavedMethodRow.method_ref == ref)


def late_setups(reader: Askable, company_id: str, before: datetime) -> list[str]:
    """Return the setups that wait for their small deposits since before an instant."""
    return [ref for (ref,) in _LATE.all(reader, company=company_id, before=before) if ref]


def has_setup(session: Session, company_id: str, row_id: str, setup_ref: str) -> None:
    """Write down the setup of a method that was begun."""
    _SET_UP.change(session, company=company_id, kept=row_id, setup=setup_ref)


def now_pays(session: Session, row: SavedMethodRow, method_ref: str, method: Method) -> str:
    """Write down that a method can pay; returns its state before, empty where it was taken away or changed.

    A contact's only one that can pay is the first choice.
    """
    mine = {"company": row.company_id, "kept": row.id}
    was, is_default = _STANDS.first(session, **mine)
    facts = {"kind": method.kind, "label": method.label, "expires": method.expires, "funding": method.funding}
    if was == "gone" or not _PAYS.change(session, **mine, was=was, method_ref=method_ref, **facts):
        return ""
    if not is_default and not set(_that_pay(session, row.company_id, row.contact_id)) - {row.id}:
        _FIRST.change(session, **mine)
    return str(was)


@built
def _that_pay(company_id: str, contact_id: str) -> SelectOfScalar[str]:
    return select(SavedMethodRow.id).where(
        SavedMethodRow.company_id == company_id,
        SavedMethodRow.contact_id == contact_id,
        SavedMethodRow.state == "ready",
    )
