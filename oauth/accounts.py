"""Which company a Stripe account belongs to: it is stored here, however it was connected.

Law: an account belongs to one company, and a company keeps its account; the database has the last word.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from connector.errors import WrongInput
from connector.store.companies import CompanyRow, ConnectionRow
from oauth import connections
from oauth.connections import STRIPE
from oauth.desk import Desk

_TAKEN = "This Stripe account is connected to another company in Tieout already."
_OTHER = "This is a different Stripe account than the one this company uses. Choose the same one again."


def store(desk: Desk, company_id: str, account: str, **columns: Any) -> None:
    """Connect a company to its account; what the columns do not say is emptied. Raises WrongInput for another's."""
    fresh = {"secret_cipher": "", "webhook_cipher": "", "publishable_key": "", "last_error": "", **columns}
    try:
        with desk.db.write("connect_stripe") as session:
            _check(session, company_id, account)
            connections.put(session, desk, company_id, STRIPE, {"account": account, **fresh})
    except IntegrityError:  # two companies chose the same account at the same moment
        raise WrongInput(_TAKEN) from None


def is_reached_by_consent(session: Session, account: str) -> bool:
    """Tell whether some company works on an account through the platform."""
    through = select(ConnectionRow.company_id).where(
        ConnectionRow.which == STRIPE,
        ConnectionRow.account == account,
        ConnectionRow.through_platform,
        ConnectionRow.state != "disconnected",
    )
    return session.exec(through).first() is not None


def _check(session: Session, company_id: str, account: str) -> None:
    session.exec(select(CompanyRow.id).where(CompanyRow.id == company_id).with_for_update())  # of two owners, one first
    others = select(ConnectionRow).where(
        ConnectionRow.which == STRIPE, ConnectionRow.account == account, ConnectionRow.company_id != company_id
    )
    if session.exec(others).first() is not None:
        raise WrongInput(_TAKEN)
    row = connections.find(session, company_id, STRIPE)
    if row is not None and row.account not in ("", account):
        raise WrongInput(_OTHER)
