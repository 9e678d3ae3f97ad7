"""Balance transactions and payouts as rows: written again whenever they are seen, changed only where Stripe's word did.

Knows no call and no posting. Law: what was learned beside the transaction itself (its payout, its name in the tie-out)
is not lost when it is seen again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.store.built import built
from connector.store.money import BalanceTxnRow, PayoutRow
from connector.store.upsert import new_row, upsert
from connector.stripe.facts import BalanceTxn, Payout

_SAID = ("status", "payout_id", "charge_id", "payment_id", "available_at")
_PAYOUT_SAID = ("status", "balance_txn", "arrival_day", "trace", "failure")


def keep_txns(session: Session, company_id: str, txns: Sequence[BalanceTxn]) -> int:
    """Write balance transactions; returns how many were new or had changed."""
    known = _known(session, company_id, [txn.txn_id for txn in txns])
    before = {txn_id: _Learned(*learned) for txn_id, *learned in known}
    rows = [_txn_row(company_id, txn, before.get(txn.txn_id, _Learned())) for txn in txns]
    return upsert(session, BalanceTxnRow.__table__, rows, unless_same=_SAID)  # type: ignore[attr-defined]


class _Learned(NamedTuple):
    """What is known of a transaction beside Stripe's word of it."""

    charge_id: str = ""
    payment_id: str = ""
    payout_id: str = ""
    named_as: str = ""


@built
def _known(company_id: str, txn_ids: Collection[str]) -> Select[str, str, str, str, str]:
    learned = (getattr(BalanceTxnRow, name) for name in _Learned._fields)
    known: Select[str, str, str, str, str] = Select(col(BalanceTxnRow.txn_id), *learned)
    return known.where(col(BalanceTxnRow.company_id) == company_id, col(BalanceTxnRow.txn_id).in_(txn_ids))


def keep_payouts(session: Session, company_id: str, payouts: Sequence[Payout]) -> int:
    """Write payouts; returns how many were new or had changed."""
    sorted_ids = set(_sorted(session, company_id, [payout.payout_id for payout in payouts]))
    rows = [_payout_row(company_id, payout, payout.payout_id in sorted_ids) for payout in payouts]
    return upsert(session, PayoutRow.__table__, rows, unless_same=_PAYOUT_SAID)  # type: ignore[attr-defined]


@built
def _sorted(company_id: str, payout_ids: Collection[str]) -> SelectOfScalar[str]:
    return select(PayoutRow.payout_id).where(
        PayoutRow.company_id == company_id,
        col(PayoutRow.payout_id).in_(payout_ids),
        col(PayoutRow.is_sorted),
    )


def _txn_row(company_id: str, txn: BalanceTxn, before: _Learned) -> dict[str, Any]:
    return new_row(
        BalanceTxnRow,
        company_id=company_id,
        txn_id=txn.txn_id,
        kind=txn.kind,
        category=txn.category,
        source_id=txn.source_id,
        charge_id=txn.charge_id or before.charge_id,
        payment_id=txn.payment_id or before.payment_id,
        amount_minor=txn.amount.minor,
        fee_minor=txn.fee.minor,
        net_minor=txn.net.minor,
        currency=txn.net.currency,
        status=txn.status,
        payout_id=txn.payout_id or before.payout_id,
        description=txn.description,
        named_as=before.named_as,
        created_at=txn.created_at,
        available_at=txn.available_at,
    )


def _payout_row(company_id: str, payout: Payout, is_sorted: bool) -> dict[str, Any]:
    return new_row(
        PayoutRow,
        company_id=company_id,
        payout_id=payout.payout_id,
        amount_minor=payout.amount.minor,
        currency=payout.amount.currency,
        status=payout.status,
        automatic=payout.automatic,
        method=payout.method,
        balance_txn=payout.balance_txn,
        arrival_day=payout.arrival_day,
        trace=payout.trace,
        failure=payout.failure,
        is_sorted=is_sorted,
        created_at=payout.created_at,
    )
