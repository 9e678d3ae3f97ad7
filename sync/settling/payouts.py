"""Payouts: one that was paid is owed to the books once, one that came back is told.

Knows no call. Laws: a payout is posted only when Stripe says it was paid, for exactly its amount, on the day it
arrives; one that failed before it was ever posted needs no posting, for its two movements come to nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, and_, col, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.clock import day_in
from connector.ledger.keys import PostingKey
from connector.ledger.money import Money
from connector.ledger.postings import Kind, PayoutFact, payout_posting
from connector.store.built import built
from connector.store.cache import CursorRow
from connector.store.companies import ConnectionRow
from connector.store.money import BalanceTxnRow, PayoutRow
from connector.store.outbox import LegRow, PostingRow
from connector.store.prepared import Askable, Prepared
from oauth import connections
from sync import discrepancies, log
from sync.outbox import write_postings
from sync.runtime import Runtime
from sync.settling import feed_words

FEED = "stripe"  # the feed's cursor
NOTHING = "nothing/"  # named_as of movements that cancel each other out
_BEGAN = Prepared(
    pick(col(ConnectionRow.account), col(ConnectionRow.connected_at), col(CursorRow.started_at))
    .outerjoin(
        CursorRow,
        and_(col(CursorRow.company_id) == ConnectionRow.company_id, col(CursorRow.entity) == FEED),
    )
    .where(col(ConnectionRow.company_id) == bindparam("company"), col(ConnectionRow.which) == connections.STRIPE)
)


def book_payouts(rt: Runtime, company_id: str) -> int:
    """Owe the books every paid payout that is not yet owed, and tell of failed ones; returns how many were owed."""
    with rt.db.read() as session:
        account, began = _account(session, company_id)
        paid = [row for row in _unposted(session, company_id) if _is_ours(row, began)]
        failed = _untold(session, company_id).all()
    for row in paid:
        with rt.db.write("payout") as session:
            _book(session, rt, account, row)
        rt.bell.ring("push", company_id)
    for row in failed:
        with rt.db.write("payout_failed") as session:
            _tell(session, rt, row)
    return len(paid)


@built
def _unposted(company_id: str) -> SelectOfScalar[PayoutRow]:
    posted = (
        select(PostingRow.id)
        .where(
            PostingRow.company_id == company_id,
            PostingRow.kind == Kind.PAYOUT.value,
            PostingRow.object_id == PayoutRow.payout_id,
        )
        .exists()
    )
    paid = select(PayoutRow).where(PayoutRow.company_id == company_id, PayoutRow.status == "paid", ~posted)
    return paid.order_by(col(PayoutRow.arrival_day), col(PayoutRow.payout_id))


def began_at(reader: Askable, company_id: str) -> datetime:
    """Return since when a company's movements are ours to record: its first connection, which a new key keeps."""
    return _account(reader, company_id)[1]


def _account(reader: Askable, company_id: str) -> tuple[str, datetime]:
    """Return a company's account, and since when its movements are ours."""
    account, connected_at, started_at = _BEGAN.first(reader, company=company_id)
    return account, min(connected_at, started_at) if started_at else connected_at


def _is_ours(row: PayoutRow, began: datetime) -> bool:
    """Tell whether a payout belongs to our time: made, or still on its way, when Stripe was connected."""
    return row.created_at >= began or row.arrival_day > day_in("UTC", began)


def _book(session: Session, rt: Runtime, account: str, row: PayoutRow) -> None:
    amount = Money(row.amount_minor, row.currency)
    fact = PayoutFact(account, row.payout_id, row.balance_txn, amount, row.arrival_day)
    posting = payout_posting(fact)
    assert str(posting.key) == str(PostingKey(account, row.payout_id, Kind.PAYOUT.value))
    [posting_id] = write_postings(session, rt, row.company_id, [posting])
    sentence, detail = feed_words.paid_out(row)
    log.write(
        session,
        rt,
        row.company_id,
        kind="settle",
        state="noted",
        sentence=sentence,
        detail=detail,
        money=amount,
        posting_id=posting_id,
    )


@built
def _untold(company_id: str) -> SelectOfScalar[PayoutRow]:
    """Return payouts that came back and whose movements nobody has named yet."""
    unnamed = (
        select(BalanceTxnRow.txn_id)
        .where(
            BalanceTxnRow.company_id == company_id,
            BalanceTxnRow.source_id == PayoutRow.payout_id,
            col(BalanceTxnRow.kind).in_(("payout_failure", "payout_cancel")),
            BalanceTxnRow.named_as == "",
        )
        .exists()
    )
    back = select(PayoutRow).where(
        PayoutRow.company_id == company_id, col(PayoutRow.status).in_(("failed", "canceled")), unnamed
    )
    return back.order_by(col(PayoutRow.payout_id))


def _tell(session: Session, rt: Runtime, row: PayoutRow) -> None:
    """Name the money that came back: as a difference where the payout was posted, as nothing where it was not."""
    cited = session.exec(
        select(LegRow.posting_id).where(LegRow.company_id == row.company_id, LegRow.cites == row.balance_txn)
    ).first()
    moves = session.exec(
        select(BalanceTxnRow).where(
            BalanceTxnRow.company_id == row.company_id, BalanceTxnRow.source_id == row.payout_id
        )
    ).all()
    back = [move for move in moves if move.txn_id != row.balance_txn]
    for move in back if cited else moves:
        move.named_as = row.payout_id if cited else NOTHING + row.payout_id
    sentence, next_step = feed_words.payout_failed(row, is_posted=cited is not None)
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind="payout_failed",
        subject=row.payout_id,
        sentence=sentence,
        next_step=next_step,
        amount=Money(sum(move.net_minor for move in back), row.currency),
        explains=cited is not None,
        posting_id=cited or "",
    )
