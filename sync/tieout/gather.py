"""Gathers both sides of the tie-out: what Stripe has and why, what we posted, what the books hold, by currency.

Reads only. Laws: Stripe's balance and the account's balance are read from their owners in the same run; nothing is left
out because it was not expected: what has no known cause is handed on as unmatched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, func

from connector.ledger.matching import ClearingLeg, Entry, Sides, Txn, Why
from connector.ledger.money import Money
from connector.ledger.payments import UNDER_WAY, PaymentState
from connector.ledger.postings import Kind, Role
from connector.qbo.document_effects import Effect
from connector.store.books import DiscrepancyRow
from connector.store.companies import CompanyRow, MappingRow
from connector.store.money import BalanceTxnRow, PaymentRow, PayoutRow
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Prepared
from sync.pulling.landing import home_of
from sync.runtime import Runtime
from sync.tieout.books import read_register

_STATES = {"posted": None, "held": Why.HELD, "dropped": Why.DROPPED}  # every other state is on its way
_ON_ITS_WAY = frozenset({"pending", "in_transit"})


@dataclass(frozen=True)
class Gathered:
    """The sides of every currency, and what a person needs to find an entry of the register."""

    sides: Mapping[str, Sides]
    effects: Mapping[str, Effect]  # by document: entity/id


def gather(rt: Runtime, company_id: str, *, live: bool) -> Gathered:
    """Read everything. Raises NotConnected and GatewayError; nothing is then known and nothing is kept."""
    balances = rt.gateways.stripe(company_id).balance()
    with rt.db.read() as session:
        known = _Known.read(session, company_id)
        owed = _legs(session, company_id)
        legs = {currency: [leg for leg, _ in pairs] for currency, pairs in owed.items()}
        txns = _txns(session, company_id, known)
        clearing = _clearing_accounts(session, company_id)
        since = _first_day(rt, session, company_id)
    sides: dict[str, Sides] = {}
    effects: dict[str, Effect] = {}
    for currency in sorted({known.home, *balances, *legs, *txns, *clearing}):
        balance, entries = Money(0, currency), []
        if account_id := clearing.get(currency):
            register = read_register(rt, company_id, account_id, currency=currency, since=since, live=live)
            found = {f"{effect.entity}/{effect.qbo_id}": effect for effect in register.effects}
            balance, entries = register.balance, [Entry(name, effect.amount) for name, effect in found.items()]
            effects |= found
            legs[currency] = _arrived(owed.get(currency, []), found)
        stripe = balances.get(currency, Money(0, currency))
        one = Sides(currency, stripe, balance, txns.get(currency, []), legs.get(currency, []), entries)
        if _is_used(one, clearing):
            sides[currency] = one
    return Gathered(sides, effects)


def _is_used(sides: Sides, clearing: Mapping[str, str]) -> bool:
    return bool(sides.stripe or sides.txns or sides.legs or sides.currency in clearing)


_MINE: BindParameter[str] = bindparam("company")
_PAYMENTS = Prepared(
    pick(col(PaymentRow.id), col(PaymentRow.charge_id), col(PaymentRow.state)).where(
        col(PaymentRow.company_id) == _MINE
    )
)
_PAYOUTS = Prepared(pick(col(PayoutRow.payout_id), col(PayoutRow.status)).where(col(PayoutRow.company_id) == _MINE))
_NAMED = Prepared(
    pick(col(DiscrepancyRow.subject)).where(
        col(DiscrepancyRow.company_id) == _MINE,
        col(DiscrepancyRow.explains).is_(True),
        col(DiscrepancyRow.closed_at).is_(None),
    )
)


class _Moved(NamedTuple):
    """What is read of a balance transaction."""

    txn_id: str
    net_minor: int
    currency: str
    named_as: str
    payment_id: str
    charge_id: str
    source_id: str


_MOVED = Prepared(
    pick(*(col(getattr(BalanceTxnRow, name)) for name in _Moved._fields))
    .where(col(BalanceTxnRow.company_id) == _MINE)
    .order_by(col(BalanceTxnRow.created_at), col(BalanceTxnRow.txn_id))
)


class _Document(NamedTuple):
    """What a posting's document in the books is known by."""

    kind: str
    reference: str
    object_id: str


@dataclass(frozen=True)
class _Known:
    """What tells why a balance transaction has no posting."""

    home: str
    payments: Mapping[str, str]  # state by payment id and by charge id
    payouts: Mapping[str, str]  # status by payout id
    named: frozenset[str]  # subjects of open discrepancies that explain an amount

    @classmethod
    def read(cls, session: Session, company_id: str) -> _Known:
        rows = _PAYMENTS.all(session, company=company_id)
        payments = {name: state for *names, state in rows for name in names if name}
        payouts = dict(_PAYOUTS.all(session, company=company_id))
        named = frozenset(subject for (subject,) in _NAMED.all(session, company=company_id))
        return cls(home_of(session, company_id), payments, payouts, named)

    def txn(self, row: _Moved) -> Txn:
        """Return a balance transaction with what it is as long as no posting cites it."""
        net = Money(row.net_minor, row.currency)
        name = row.named_as or (row.txn_id if row.txn_id in self.named else "")
        if name:
            return Txn(row.txn_id, net, Why.NAMED if name in self.named else Why.CLOSED, name)
        return Txn(row.txn_id, net, self._why(row))

    def _why(self, row: _Moved) -> Why:
        state = self.payments.get(row.payment_id) or self.payments.get(row.charge_id or row.source_id)
        if state == PaymentState.PROCESSING:
            return Why.DEBIT
        if state in UNDER_WAY or state == PaymentState.SUCCEEDED:
            return Why.SETTLING
        payout = self.payouts.get(row.source_id)
        if payout is None:
            return Why.UNMATCHED
        return Why.IN_TRANSIT if payout in _ON_ITS_WAY else Why.SETTLING if payout == "paid" else Why.UNMATCHED


_OWED = Prepared(
    pick(
        *(col(LegRow.cites), col(LegRow.amount_minor), col(LegRow.currency), col(PostingRow.id)),
        *(col(PostingRow.state), col(PostingRow.entity), col(PostingRow.remote_id)),
        *(col(getattr(PostingRow, name)) for name in _Document._fields),
    )
    .where(
        col(LegRow.company_id) == _MINE,
        col(LegRow.role) == Role.CLEARING.value,
        col(PostingRow.company_id) == _MINE,
        col(PostingRow.id) == col(LegRow.posting_id),
    )
    .order_by(col(PostingRow.created_at), col(PostingRow.id), col(LegRow.n))
)


def _legs(session: Session, company_id: str) -> dict[str, list[tuple[ClearingLeg, _Document]]]:
    legs: dict[str, list[tuple[ClearingLeg, _Document]]] = {}
    rows = _OWED.all(session, company=company_id)
    for cites, minor, currency, posting_id, posting_state, entity, remote_id, *known_by in rows:
        state = _STATES.get(posting_state, Why.PENDING)
        document = f"{entity}/{remote_id}" if state is None else ""
        clearing = ClearingLeg(posting_id, cites, Money(minor, currency), state, document)
        legs.setdefault(currency, []).append((clearing, _Document(*known_by)))
    return legs


def _arrived(owed: Sequence[tuple[ClearingLeg, _Document]], found: Mapping[str, Effect]) -> list[ClearingLeg]:
    """Take a posting for posted whose document stands in the books under its reference, though we do not know it yet.

    Otherwise an answer that was lost would make our own document look like somebody else's.
    """
    known = {leg.document for leg, _ in owed}
    unknown = {name: effect for name, effect in found.items() if name not in known}
    return [
        replace(leg, state=None, document=name) if leg.state and (name := _standing(posting, unknown)) else leg
        for leg, posting in owed
    ]


def _standing(posting: _Document, unknown: Mapping[str, Effect]) -> str:
    """Return the entry that is a posting's document: by its reference, a transfer by the Stripe id in its note."""
    for name, effect in unknown.items():
        is_transfer = effect.entity == "Transfer" and posting.kind == Kind.PAYOUT
        if effect.reference == posting.reference or (is_transfer and posting.object_id in effect.note):
            return name
    return ""


def _txns(session: Session, company_id: str, known: _Known) -> dict[str, list[Txn]]:
    txns: dict[str, list[Txn]] = {}
    for row in map(_Moved._make, _MOVED.all(session, company=company_id)):
        txns.setdefault(row.currency, []).append(known.txn(row))
    return txns


def _clearing_accounts(session: Session, company_id: str) -> dict[str, str]:
    return dict(_CLEARING.all(session, company=company_id))


_CLEARING = Prepared(
    pick(col(MappingRow.currency), col(MappingRow.qbo_id)).where(
        col(MappingRow.company_id) == _MINE, col(MappingRow.role) == Role.CLEARING.value
    )
)
_FIRST_DAY = Prepared(pick(func.min(PostingRow.day)).where(col(PostingRow.company_id) == _MINE))
_ZONE = Prepared(pick(col(CompanyRow.zone)).where(col(CompanyRow.id) == _MINE))


def _first_day(rt: Runtime, session: Session, company_id: str) -> date:
    """Return the first day anything of ours is dated in the books."""
    (first,) = _FIRST_DAY.first(session, company=company_id)
    (zone,) = _ZONE.first(session, company=company_id)
    return first or rt.clock.today(zone)
