"""Naming: movements on the Stripe account that no posting cites become discrepancies with their amount.

A refund, a dispute, a fee of Stripe's, another program's charge: each is somebody's to record. Laws: a movement is
named once, and a person who closed its discrepancy is not asked again; a discrepancy's amount is the sum of its
movements that no posting cites.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.clock import day_in
from connector.ledger.money import Money
from connector.ledger.payments import PaymentState
from connector.store.books import DiscrepancyRow
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.money import BalanceTxnRow, PaymentRow
from connector.store.outbox import LegRow
from connector.store.prepared import Prepared
from sync import discrepancies
from sync.runtime import Runtime
from sync.settling import feed_words
from sync.settling.payouts import NOTHING, began_at

CHARGES = frozenset({"charge", "payment"})
PAYOUTS = frozenset({"payout", "payout_failure", "payout_cancel"})
REFUNDS = frozenset({"refund", "payment_refund", "refund_failure", "payment_reversal"})
FEES = frozenset({"stripe_fee", "stripe_fx_fee", "tax_fee", "application_fee"})
DEBIT_TAKEN_BACK = "payment_failure_refund"
OPENING = "opening_balance"
DISPUTES = frozenset({"dispute", "dispute_reversal"})
_CHUNK = 500


@dataclass(frozen=True)
class Name:
    """Under which discrepancy a movement stands."""

    kind: str
    subject: str
    payment_id: str = ""


def name_movements(rt: Runtime, company_id: str) -> int:
    """Name every movement that no posting cites and that is not on its way; returns how many were named."""
    named, after = 0, ""
    while chunk := _nameless(rt, company_id, after):
        named += _name(rt, company_id, chunk)
        after = chunk[-1]
    _renew_opening(rt, company_id)
    return named


def _nameless(rt: Runtime, company_id: str, after: str) -> Sequence[str]:
    with rt.db.asking() as reader:
        return [txn_id for (txn_id,) in _NAMELESS.all(reader, company=company_id, after=after, most=_CHUNK)]


def _cited(company_id: str | BindParameter[str]) -> ColumnElement[bool]:
    """Return the condition that a posting cites a movement."""
    legs = select(LegRow.n).where(col(LegRow.company_id) == company_id, LegRow.cites == BalanceTxnRow.txn_id)
    return legs.exists()


_NAMELESS = Prepared(
    pick(col(BalanceTxnRow.txn_id))
    .where(
        col(BalanceTxnRow.company_id) == bindparam("company"),
        col(BalanceTxnRow.named_as) == "",
        col(BalanceTxnRow.txn_id) > bindparam("after"),
        ~_cited(bindparam("company")),
    )
    .order_by(col(BalanceTxnRow.txn_id))
    .limit(bindparam("most"))
)


def _name(rt: Runtime, company_id: str, txn_ids: Sequence[str]) -> int:
    """Name one chunk in one commit, and tell of each name once, with all that stands under it."""
    with rt.db.write("feed_name") as session:
        place = _Place.of(session, company_id)
        told: dict[Name, BalanceTxnRow] = {}
        done = 0
        for txn_id in txn_ids:
            row = session.get_one(BalanceTxnRow, (company_id, txn_id))
            if name := place.name_of(row):
                row.named_as = name.subject
                told[name] = row
                done += 1
        session.flush()
        for name, row in told.items():
            _tell(session, rt, row, name, place)
        return done


def _renew_opening(rt: Runtime, company_id: str) -> None:
    """Take out of the opening balance what was posted since: a payout that was on its way when Stripe was connected."""
    with rt.db.write("feed_opening") as session:
        subjects = discrepancies.open_subjects(session, company_id, OPENING)
        if not subjects:
            return
        place = _Place.of(session, company_id)
        for subject in subjects:
            member = select(BalanceTxnRow).where(
                BalanceTxnRow.company_id == company_id, BalanceTxnRow.named_as == subject
            )
            if row := session.exec(member.limit(1)).first():
                _tell(session, rt, row, Name(OPENING, subject), place)


@dataclass(frozen=True)
class _Place:
    """What naming needs to know of a company."""

    session: Session
    company: CompanyRow
    began_at: datetime

    @classmethod
    def of(cls, session: Session, company_id: str) -> _Place:
        return cls(session, _company(session, company_id).one(), began_at(session, company_id))

    def name_of(self, row: BalanceTxnRow) -> Name | None:
        """Return how a movement is named; None while it is on its way to a posting."""
        if row.kind in PAYOUTS:
            return self._before_us(row)
        payment = self._payment(row)
        if payment is None:
            return self._before_us(row) or self._not_ours(row)
        if row.kind in CHARGES or row.kind == DEBIT_TAKEN_BACK:
            return self._of_charge(row, payment)
        if row.kind in REFUNDS:
            return Name("refund_unposted", row.txn_id, payment.id)
        if row.category in DISPUTES:
            return Name("dispute_unposted", row.txn_id, payment.id)
        return Name("activity_unposted", row.txn_id, payment.id)

    def _before_us(self, row: BalanceTxnRow) -> Name | None:
        return Name(OPENING, f"opening/{row.currency}") if row.created_at < self.began_at else None

    def _not_ours(self, row: BalanceTxnRow) -> Name:
        if row.kind in CHARGES and row.payment_id:
            return Name("unknown_payment", row.payment_id, row.payment_id)
        if row.kind in FEES:
            return Name("fee_unposted", row.txn_id)
        return Name("other_activity", self._day_group(row))

    def _of_charge(self, row: BalanceTxnRow, payment: PaymentRow) -> Name | None:
        """Name a charge that was taken back, or taken twice; any other is on its way to its posting."""
        moves = self._moves_of_charge(row.charge_id)
        if any(one.kind == DEBIT_TAKEN_BACK for one in moves):
            if any(self._is_cited(one) for one in moves):
                return Name("debit_taken_back", row.txn_id, payment.id)
            if sum(one.net_minor for one in moves) == 0:
                return Name("", NOTHING + row.charge_id)
            return Name("debit_taken_back", row.charge_id, payment.id)
        is_other = payment.state == PaymentState.SUCCEEDED and row.charge_id != payment.charge_id
        return Name("charged_twice", row.txn_id, payment.id) if is_other else None

    def _moves_of_charge(self, charge_id: str) -> Sequence[BalanceTxnRow]:
        moves = select(BalanceTxnRow).where(
            BalanceTxnRow.company_id == self.company.id,
            BalanceTxnRow.charge_id == charge_id,
            col(BalanceTxnRow.kind).in_((*CHARGES, DEBIT_TAKEN_BACK)),
        )
        return self.session.exec(moves).all()

    def _is_cited(self, row: BalanceTxnRow) -> bool:
        legs = select(LegRow.n).where(LegRow.company_id == self.company.id, LegRow.cites == row.txn_id)
        return self.session.exec(legs).first() is not None

    def _payment(self, row: BalanceTxnRow) -> PaymentRow | None:
        """Return the payment a movement is about: by what its charge says, or by the charge we know."""
        mine = select(PaymentRow).where(PaymentRow.company_id == self.company.id)
        if row.payment_id:
            return self.session.exec(mine.where(PaymentRow.id == row.payment_id)).one_or_none()
        if not row.charge_id:
            return None
        if found := self.session.exec(mine.where(PaymentRow.charge_id == row.charge_id)).first():
            return found
        other = select(BalanceTxnRow.payment_id).where(
            BalanceTxnRow.company_id == self.company.id,
            BalanceTxnRow.charge_id == row.charge_id,
            BalanceTxnRow.payment_id != "",
        )
        payment_id = self.session.exec(other).first()
        return self.session.exec(mine.where(PaymentRow.id == payment_id)).one_or_none() if payment_id else None

    def _day_group(self, row: BalanceTxnRow) -> str:
        """Return the day under which another program's movements stand together; a closed day is not opened again."""
        day = f"{day_in(self.company.zone, row.created_at).isoformat()}/{row.currency}"
        closed = select(func.count()).where(
            DiscrepancyRow.company_id == self.company.id,
            DiscrepancyRow.kind == "other_activity",
            col(DiscrepancyRow.subject).startswith(day, autoescape=True),
            col(DiscrepancyRow.closed_at).is_not(None),
        )
        number = self.session.exec(closed).one()
        return f"{day}/{number + 1}" if number else day


@built
def _company(company_id: str) -> SelectOfScalar[CompanyRow]:
    return select(CompanyRow).where(CompanyRow.id == company_id)


def _tell(session: Session, rt: Runtime, row: BalanceTxnRow, name: Name, place: _Place) -> None:
    """Open the discrepancy of a name, or renew it with the sum of what now stands under it."""
    if not name.kind:
        return
    members = select(func.count(), func.sum(BalanceTxnRow.net_minor)).where(
        BalanceTxnRow.company_id == place.company.id,
        BalanceTxnRow.named_as == name.subject,
        ~_cited(place.company.id),
    )
    number, net = session.exec(members).one()
    amount = Money(int(net or 0), row.currency)
    sentence, next_step = feed_words.movement(session, place.company, row, name.kind, amount=amount, number=number)
    discrepancies.open_one(
        session,
        rt,
        place.company.id,
        kind=name.kind,
        subject=name.subject,
        sentence=sentence,
        next_step=next_step,
        amount=amount,
        explains=True,
        payment_id=name.payment_id,
    )
