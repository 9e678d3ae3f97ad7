"""Card testing: strangers who try stolen cards on a pay page are stopped, and real payers still get through.

Knows no page and no card: only how often Stripe told of a decline, of which payment, and from where it was pressed.
Laws: a payment takes so many declines and is then given up, so that its secret is worth nothing; what is refused here
says how to pay instead; nothing is counted twice, because each event of Stripe's is stored once.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from connector.errors import GatewayError, NotConnected
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.outbox import InboxRow
from sync import discrepancies
from sync.collect.giving_up import give_up
from sync.collect.press import Press
from sync.runtime import Runtime
from sync.settle import Busy

DECLINED = "payment_intent.payment_failed"
TAKEN = ("payment_intent.succeeded", "payment_intent.processing")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_OF_PAYMENT = 5  # declines, after which a payment is given up
MOST_OF_SESSION = 5  # declines an hour of one browser
MOST_OF_INVOICE = 10  # declines a day
MOST_OF_ADDRESS = 20  # declines an hour from one network address
# Of the last so many tries of an hour at a company; when more than half are declines, strangers must sign in to pay.
LAST_TRIES = 20
UNDER_ATTACK = "card_testing"


def after_decline(rt: Runtime, company_id: str, payment_id: str) -> None:
    """Give a payment up that was declined too often, and tell staff when a company's tries look like card testing.

    Stripe being out of reach leaves it as it is until the next decline, or until it is given up after half an hour.
    """
    now = rt.clock.now()
    with rt.db.read() as session:
        payment = session.exec(_payment(company_id, payment_id)).one_or_none()
        declines = _declines(session, company_id, now - DAY, payment_ids=[payment_id])
        is_attacked = is_under_attack(session, company_id, now)
    if payment is not None and declines >= MOST_OF_PAYMENT:
        with suppress(GatewayError, NotConnected, Busy):
            give_up(rt, payment_id)
    if is_attacked:
        _tell(rt, company_id)


def stops(session: Session, press: Press, now: datetime) -> str:
    """Return why a press may not go on: `cards_declined` or `sign_in_first`; empty where nothing speaks against it."""
    asked = [invoice_id for invoice_id, _ in press.shares]
    if asked and _declines(session, press.company_id, now - DAY, invoice_ids=asked) >= MOST_OF_INVOICE:
        return "cards_declined"
    for column, value, most in (
        (PaymentRow.from_session, press.from_session, MOST_OF_SESSION),
        (PaymentRow.from_address, press.from_address, MOST_OF_ADDRESS),
    ):
        if value and _declines(session, press.company_id, now - HOUR, where=col(column) == value) >= most:
            return "cards_declined"
    return "sign_in_first" if not press.contact_id and is_under_attack(session, press.company_id, now) else ""


def is_under_attack(session: Session, company_id: str, now: datetime) -> bool:
    """Tell whether more than half of the last tries of this hour at a company were declined."""
    tries = select(InboxRow.kind).where(
        InboxRow.company_id == company_id,
        col(InboxRow.kind).in_((DECLINED, *TAKEN)),
        col(InboxRow.received_at) > now - HOUR,
    )
    last = session.exec(tries.order_by(col(InboxRow.received_at).desc()).limit(LAST_TRIES)).all()
    return len(last) == LAST_TRIES and last.count(DECLINED) * 2 > LAST_TRIES


def _declines(
    session: Session,
    company_id: str,
    since: datetime,
    *,
    payment_ids: Collection[str] = (),
    invoice_ids: Collection[str] = (),
    where: Any = None,
) -> int:
    """Count the declines of payments: of these, of those on these invoices, or of those where something holds."""
    told = (
        select(func.count())
        .select_from(InboxRow)
        .join(
            PaymentRow,
            (col(PaymentRow.company_id) == InboxRow.company_id) & (col(PaymentRow.intent_id) == InboxRow.object_id),
        )
        .where(
            InboxRow.company_id == company_id,
            InboxRow.kind == DECLINED,
            col(InboxRow.received_at) > since,
        )
    )
    if payment_ids:
        told = told.where(col(PaymentRow.id).in_(payment_ids))
    if invoice_ids:
        shares = select(ShareRow.payment_id).where(
            ShareRow.company_id == company_id, col(ShareRow.invoice_id).in_(invoice_ids)
        )
        told = told.where(col(PaymentRow.id).in_(shares))
    if where is not None:
        told = told.where(where)
    return int(session.exec(told).one())


def _payment(company_id: str, payment_id: str) -> Any:
    return select(PaymentRow).where(PaymentRow.company_id == company_id, PaymentRow.id == payment_id)


def _tell(rt: Runtime, company_id: str) -> None:
    """Open the discrepancy of an attack; it stays open until a person has looked."""
    with rt.db.write("card_testing") as session:
        company = session.get_one(CompanyRow, company_id)
        discrepancies.open_one(
            session,
            rt,
            company_id,
            kind=UNDER_ATTACK,
            subject="pay page",
            sentence=f"More than half of the last {LAST_TRIES} cards on your pay pages were declined: somebody may be "
            "trying stolen cards. Until this calms down, payers have to sign in by mail before they can pay.",
            next_step="Look at the declined payments in Stripe, switch Radar’s rules on there, and revoke the invoice "
            "links that were used. Payers who are signed in can pay as always.",
            amount=Money(0, company.home_currency),
        )
