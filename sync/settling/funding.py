"""Naming a surcharge that a payer should not have paid: the card that paid is not a credit card.

Writes in the caller's transaction. Law: only a browser that was tampered with comes here, and still a person is told.
"""

from __future__ import annotations

from sqlmodel import Session

from connector.ledger.money import Money
from connector.store.money import PaymentRow
from connector.stripe.facts import Charge
from connector.words import money_text
from sync import discrepancies
from sync.runtime import Runtime
from sync.settling.words import customer_name

KIND = "surcharged_wrongly"


def check_funding(session: Session, rt: Runtime, row: PaymentRow, charge: Charge) -> None:
    """Name a surcharge on what is no credit card; once for each payment."""
    if not row.surcharge_minor or (charge.method == "card" and charge.funding == "credit"):
        return
    cost = Money(row.surcharge_minor, row.currency)
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind=KIND,
        subject=row.id,
        sentence=f"{customer_name(session, row)} paid a surcharge of {money_text(cost)} with {row.method_label}, which "
        "is no credit card.",
        next_step=f"Refund {money_text(cost)} in Stripe’s dashboard: only credit cards may be surcharged.",
        amount=cost,
        payment_id=row.id,
    )
