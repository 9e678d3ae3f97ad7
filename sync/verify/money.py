"""Invariants of money that rows alone can show: I-1 to I-7, I-18 and I-19.

Reads only. Law: every sum is compared with what Stripe said of the same object, kept in another row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlmodel import Session, col, func, select

from connector.ledger.payments import PaymentState
from connector.ledger.postings import Kind, Role
from connector.store.books import TieoutRow
from connector.store.companies import CountRow
from connector.store.money import BalanceTxnRow, CreditUseRow, PaymentRow, PayoutRow, ShareRow
from connector.store.outbox import LegRow, MailRow, PostingRow
from sync.runtime import Runtime
from sync.settling.feed_names import REFUNDS
from sync.verify.broken import Broken
from sync.verify.named import Named

SUCCEEDED = PaymentState.SUCCEEDED.value
_FROM_CHARGE = (Kind.CHARGE.value, Kind.FEE.value, Kind.DISCOUNT.value, Kind.SURCHARGE.value, Kind.APPLY.value)


def once_in_the_books(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-1: a settled payment's postings sum to its charge, or it is named; no document stands for two postings."""
    named = Named.read(session, company_id, ever=True)
    owed: Counter[str] = Counter()
    for row in _postings(session, company_id, Kind.CHARGE.value):
        owed[row.payment_id] += row.amount_minor
    for payment in _payments(session, company_id, PaymentRow.state == SUCCEEDED, PaymentRow.balance_txn != ""):
        if owed[payment.id] != payment.amount_minor and not named.has(payment.id, payment.balance_txn):
            said = f"{payment.amount_minor} was charged, {owed[payment.id]} is owed to the books, nobody is told"
            yield Broken("I-1", payment.id, said)
    documents = (
        select(PostingRow.entity, PostingRow.remote_id, func.count())
        .where(
            PostingRow.company_id == company_id,
            PostingRow.state == "posted",
            PostingRow.kind != Kind.APPLY.value,  # which changes a document that another posting may have made
        )
        .group_by(col(PostingRow.entity), col(PostingRow.remote_id))
        .having(func.count() > 1)
    )
    for entity, remote_id, number in session.exec(documents):
        yield Broken("I-1", f"{entity}/{remote_id}", f"one document stands for {number} postings")


def never_charged_twice(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-2: a charge belongs to one payment, and a payment's shares are all that was agreed to."""
    doubled = (
        select(PaymentRow.charge_id, func.count())
        .where(PaymentRow.company_id == company_id, PaymentRow.state == SUCCEEDED, PaymentRow.charge_id != "")
        .group_by(col(PaymentRow.charge_id))
        .having(func.count() > 1)
    )
    for charge_id, number in session.exec(doubled):
        yield Broken("I-2", charge_id, f"{number} payments say they are this charge")
    twice = (
        select(BalanceTxnRow.payment_id, func.count())
        .where(
            BalanceTxnRow.company_id == company_id,
            BalanceTxnRow.payment_id != "",
            col(BalanceTxnRow.kind).in_(("charge", "payment")),
            BalanceTxnRow.charge_id == BalanceTxnRow.source_id,
        )
        .group_by(col(BalanceTxnRow.payment_id))
        .having(func.count() > 1)
    )
    for payment_id, number in session.exec(twice):
        yield Broken("I-2", payment_id, f"Stripe took money {number} times for one press of Pay")
    again = (
        select(PaymentRow.retry_id, func.count())
        .where(
            PaymentRow.company_id == company_id,
            PaymentRow.retry_id != "",
            col(PaymentRow.state).in_((SUCCEEDED, PaymentState.PROCESSING)),
        )
        .group_by(col(PaymentRow.retry_id))
        .having(func.count() > 1)
    )
    for retry_id, number in session.exec(again):
        yield Broken("I-2", retry_id, f"{number} payments came of one consent to try again")


def nothing_from_nothing(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-3: every posting of a charge has a payment that succeeded, every payout one that Stripe paid."""
    known = select(PaymentRow.id, PaymentRow.state).where(PaymentRow.company_id == company_id)
    states = dict(session.exec(known).all())
    for row in _postings(session, company_id, *_FROM_CHARGE):
        state = states.get(row.payment_id, "in no row")
        if state != SUCCEEDED:
            yield Broken("I-3", row.id, f"a {row.kind} of {row.object_id} is owed, its payment is {state}")
    paid = select(PayoutRow.payout_id, PayoutRow.status).where(PayoutRow.company_id == company_id)
    payouts = dict(session.exec(paid).all())
    for row in _postings(session, company_id, Kind.PAYOUT.value):
        if payouts.get(row.object_id) not in ("paid", "failed", "canceled"):
            status = payouts.get(row.object_id, "in no row")
            yield Broken("I-3", row.id, f"{row.object_id} is owed to the books, Stripe says {status}")


def cited_to_the_cent(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-4: clearing legs that cite a balance transaction sum to its net, and the last tie-out left nothing over."""
    cited = (
        select(LegRow.cites, func.sum(LegRow.amount_minor))
        .where(LegRow.company_id == company_id, LegRow.role == Role.CLEARING.value)
        .group_by(col(LegRow.cites))
    )
    txns = select(BalanceTxnRow.txn_id, BalanceTxnRow.net_minor).where(BalanceTxnRow.company_id == company_id)
    nets = dict(session.exec(txns).all())
    for txn_id, minor in session.exec(cited):
        if txn_id in nets and int(minor) != nets[txn_id]:
            yield Broken("I-4", txn_id, f"postings say {int(minor)}, Stripe moved {nets[txn_id]}")
    named = Named.read(session, company_id)
    rows = select(TieoutRow).where(TieoutRow.company_id == company_id)
    newest = {row.currency: row for row in session.exec(rows.order_by(col(TieoutRow.at), col(TieoutRow.id)))}
    for currency, tieout in newest.items():
        if not tieout.ties and not named.kinds:
            said = f"the last tie-out left {tieout.unexplained_minor} unexplained, and nobody is told"
            yield Broken("I-4", currency, said)


def payouts_tie(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-5: a payout is the sum of its balance transactions, and its posting is for exactly its amount."""
    named = Named.read(session, company_id, ever=True)
    owed = {row.object_id: row for row in _postings(session, company_id, Kind.PAYOUT.value)}
    inside = (
        select(BalanceTxnRow.payout_id, func.sum(BalanceTxnRow.net_minor))
        .where(BalanceTxnRow.company_id == company_id, ~col(BalanceTxnRow.kind).startswith("payout"))
        .group_by(col(BalanceTxnRow.payout_id))
    )
    sums = {payout_id: int(minor) for payout_id, minor in session.exec(inside)}
    for payout in session.exec(select(PayoutRow).where(PayoutRow.company_id == company_id)):
        found = sums.get(payout.payout_id, 0)
        if payout.is_sorted and found != payout.amount_minor and not named.has(payout.payout_id):
            yield Broken("I-5", payout.payout_id, f"{payout.amount_minor} was paid out of movements of {found}")
        posting = owed.get(payout.payout_id)
        if posting and posting.amount_minor != payout.amount_minor:
            said = f"{payout.amount_minor} was paid out, {posting.amount_minor} is owed to the books"
            yield Broken("I-5", payout.payout_id, said)


def shares_fit(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-6: shares are positive and sum to their payment and its credits, surcharge apart; a posting's legs to zero."""
    amounts = select(PaymentRow.id, PaymentRow.amount_minor - PaymentRow.surcharge_minor)
    agreed = Counter(dict(session.exec(amounts.where(PaymentRow.company_id == company_id)).all()))
    for use in session.exec(select(CreditUseRow).where(CreditUseRow.company_id == company_id)):
        agreed[use.payment_id] += use.amount_minor
        if use.amount_minor <= 0:
            yield Broken("I-6", use.payment_id, f"a use of {use.amount_minor} of {use.credit}")
    shares: Counter[str] = Counter()
    for share in session.exec(select(ShareRow).where(ShareRow.company_id == company_id)):
        shares[share.payment_id] += share.amount_minor
        if share.amount_minor <= 0:
            yield Broken("I-6", share.payment_id, f"a share of {share.amount_minor} on invoice {share.invoice_id}")
    for payment_id, minor in shares.items():
        if minor > agreed[payment_id]:
            yield Broken("I-6", payment_id, f"shares of {minor} in a payment and credits of {agreed[payment_id]}")
    legs = (
        select(LegRow.posting_id, func.sum(LegRow.amount_minor))
        .where(LegRow.company_id == company_id)
        .group_by(col(LegRow.posting_id))
        .having(func.sum(LegRow.amount_minor) != 0)
    )
    for posting_id, minor in session.exec(legs):
        yield Broken("I-6", posting_id, f"its legs come to {int(minor)}, not to nothing")


def refunds_fit(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-7: no charge gives back more than it took, unless it is named."""
    named = Named.read(session, company_id, ever=True)
    rows = select(BalanceTxnRow).where(BalanceTxnRow.company_id == company_id, BalanceTxnRow.charge_id != "")
    taken: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for row in session.exec(rows):
        (back if row.kind in REFUNDS else taken)[row.charge_id] += row.amount_minor
    for charge_id, minor in back.items():
        if charge_id in taken and -minor > taken[charge_id] and not named.has(charge_id):
            yield Broken("I-7", charge_id, f"{-minor} went back of {taken[charge_id]}")


def shown_is_charged(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-18: what was agreed to is shares less credits plus surcharge, and what Stripe charged, or it is named."""
    named = Named.read(session, company_id, ever=True)
    shares = (
        select(ShareRow.payment_id, func.sum(ShareRow.amount_minor))
        .where(ShareRow.company_id == company_id)
        .group_by(col(ShareRow.payment_id))
    )
    sums = {payment_id: int(minor) for payment_id, minor in session.exec(shares)}
    for use in session.exec(select(CreditUseRow).where(CreditUseRow.company_id == company_id)):
        sums[use.payment_id] = sums.get(use.payment_id, 0) - use.amount_minor
    txns = select(BalanceTxnRow.txn_id, BalanceTxnRow.amount_minor, BalanceTxnRow.currency).where(
        BalanceTxnRow.company_id == company_id
    )
    charged = {txn_id: (minor, currency) for txn_id, minor, currency in session.exec(txns)}
    for payment in _payments(session, company_id):
        agreed = (payment.amount_minor, payment.currency)
        if payment.id in sums and sums[payment.id] + payment.surcharge_minor != payment.amount_minor:
            parts = f"its shares are {sums[payment.id]}, its surcharge {payment.surcharge_minor}"
            yield Broken("I-18", payment.id, f"{payment.amount_minor} was shown, {parts}")
        took = charged.get(payment.balance_txn, agreed)
        if took != agreed and not named.has(payment.id, payment.balance_txn):
            yield Broken("I-18", payment.id, f"{agreed[0]} {agreed[1]} was agreed, {took[0]} {took[1]} was charged")


def one_receipt(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-19: each success has one receipt number below the count, no number is used twice, each owes one mail."""
    numbers: Counter[int] = Counter()
    last = session.exec(
        select(CountRow.value).where(CountRow.company_id == company_id, CountRow.name == "receipt")
    ).one_or_none()
    owed = set(
        session.exec(select(MailRow.payment_id).where(MailRow.company_id == company_id, MailRow.kind == "receipt"))
    )
    for payment in _payments(session, company_id):
        has_one = payment.receipt_number is not None
        if has_one != (payment.state == SUCCEEDED):
            yield Broken("I-19", payment.id, f"{payment.state}, receipt number {payment.receipt_number}")
        if payment.receipt_number is not None:
            numbers[payment.receipt_number] += 1
            if payment.receipt_number > (last or 0):
                yield Broken("I-19", payment.id, f"receipt {payment.receipt_number} was never counted")
            if payment.payer_email and payment.id not in owed:
                yield Broken("I-19", payment.id, "no receipt is owed to its payer")
    for number, times in numbers.items():
        if times > 1:
            yield Broken("I-19", str(number), f"{times} payments have this receipt number")


def _payments(session: Session, company_id: str, *where: object) -> Sequence[PaymentRow]:
    rows = select(PaymentRow).where(PaymentRow.company_id == company_id, *where)  # type: ignore[arg-type]
    return session.exec(rows.order_by(col(PaymentRow.id))).all()


def _postings(session: Session, company_id: str, *kinds: str) -> Sequence[PostingRow]:
    rows = select(PostingRow).where(PostingRow.company_id == company_id, col(PostingRow.kind).in_(kinds))
    return session.exec(rows.order_by(col(PostingRow.id))).all()
