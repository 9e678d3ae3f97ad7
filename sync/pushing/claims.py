"""Claiming a posting: one worker, one lease, one fence, and a body that is frozen before anything is sent.

Knows no HTTP. Laws: the bytes sent under one requestid never change; a worker whose lease was taken over can write
nothing but what it saw (the fence); a claim, its frozen body and its first line in the attempt log are one commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_
from sqlalchemy import select as pick
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import Select, SelectOfScalar

from connector.ledger.keys import request_id
from connector.ledger.postings import Kind, Posting
from connector.qbo.applying import applying_body, payment_id_of
from connector.qbo.documents import Chart, NotBookable, bytes_of, document_of, thaw
from connector.qbo.shapes import Document, object_of
from connector.store.built import built
from connector.store.cache import RawRow
from connector.store.companies import MappingRow
from connector.store.money import PaymentRow
from connector.store.outbox import PostingRow
from connector.store.prepared import Prepared
from sync.outbox import Free, is_claimable, posting_of, row_of
from sync.pulling.landing import home_of
from sync.pushing import attempts, held
from sync.pushing.attempts import Step
from sync.pushing.verdicts import Outcome, looks_first
from sync.runtime import Runtime

# Three times what a look-up and a create may take with their time-outs, a token refresh included.
LEASE_SECONDS = 300.0
WRITES = ("create", "update")


@dataclass(frozen=True)
class Claim:
    """A posting in the hands of one worker."""

    row: PostingRow
    posting: Posting
    document: Document
    body: bytes
    fence: int
    came_from: str  # the state before: due, unknown, or leased by a worker that is gone
    look_first: bool

    def step(self, verb: str) -> Step:
        """Return the attempt log's name for a call of this claim: payment.find, payment.create, payment.update."""
        operation = f"{self.document.entity.lower()}.{verb}"
        asks_with = self.row.request_id if verb in WRITES else ""
        return Step(self.row.company_id, self.row.id, self.row.attempt, operation, asks_with)


def claim(rt: Runtime, company_id: str, posting_id: str, *, limits: Mapping[str, int] | None = None) -> Claim | Outcome:
    """Take a posting for sending; FENCED when another worker was first, HELD when it cannot be written yet.

    `limits` are for a body that is yet to be frozen: the minor units still open on each invoice.
    """
    with rt.db.write("claim") as session:
        free = take(session, rt, company_id, posting_id)
        if free is None:
            return Outcome.FENCED
        row, came_from = free
        look_first = looks_first(attempts=row.attempt, came_from=came_from)
        try:
            _freeze(session, row, limits)
        except NotBookable as reason:
            held.hold(session, rt, row, code=_code_of(reason), said=str(reason))
            return Outcome.HELD
        count_try(session, rt, row)
        taken = _claim_of(session, row, came_from=came_from, look_first=look_first)
        write_intent(session, rt, taken, "find" if taken.look_first else "create")
        return taken


def write_intent(session: Session, rt: Runtime, taken: Claim, verb: str) -> None:
    """Log that a call of this claim is about to go out."""
    body = taken.body if verb in WRITES else taken.document.lookup.encode()
    facts = {
        "entity": taken.document.entity,
        "reference": taken.row.reference,
        "generation": taken.row.generation,
        "day": taken.row.day.isoformat(),
        "amount_minor": taken.row.amount_minor,
        "currency": taken.row.currency,
    }
    attempts.write_sent(session, rt, taken.step(verb), body=body, facts=facts)


def conclude(session: Session, taken: Claim, **values: Any) -> bool:
    """Give a posting back with its new state; False when the lease was taken over, and nothing is changed then."""
    concluding = _concluding(tuple(sorted(values)))
    return bool(concluding.change(session, posting=taken.row.id, held_fence=taken.fence, **values))


@cache
def _concluding(names: tuple[str, ...]) -> Prepared:
    mine = update(PostingRow).where(
        col(PostingRow.id) == bindparam("posting"),
        col(PostingRow.fence) == bindparam("held_fence"),
        col(PostingRow.state) == "leased",
    )
    return Prepared(mine.values(lease_owner="", lease_until=None, **{name: bindparam(name) for name in names}))


def draft(session: Session, row: PostingRow, limits: Mapping[str, int] | None = None) -> Document:
    """Return the document a posting would be written as now. Raises NotBookable."""
    refuse_other_currency(session, row)
    posting = posting_of(session, row)
    if posting.kind is Kind.APPLY:  # for looking at: what is sent is made from the Payment as it is read then
        qbo_id = payment_id_of(posting)
        body = _cached_payment(session, row.company_id, qbo_id).one_or_none()
        cached = object_of("Payment", (body or f'{{"Id":"{qbo_id}"}}').encode())
        return thaw(posting, applying_body(posting, cached, limits))
    return document_of(posting, _chart(session, row), limits=limits)


@built
def _cached_payment(company_id: str, qbo_id: str) -> SelectOfScalar[str]:
    return select(RawRow.body).where(
        RawRow.company_id == company_id, RawRow.entity == "Payment", RawRow.qbo_id == qbo_id
    )


def refuse_other_currency(session: Session, row: PostingRow) -> None:
    """Raise NotBookable for what is not in the currency of the books."""
    home = home_of(session, row.company_id)
    if row.currency != home:
        raise NotBookable("other_currency", f"It is in {row.currency}, and the books are kept in {home}.")


def take(session: Session, rt: Runtime, company_id: str, posting_id: str) -> tuple[PostingRow, str] | None:
    """Lease a posting for one worker; returns its row and the state it had, None when another worker was first.

    The row is nobody's object: what the worker changes in it before it sends, `count_try` writes.
    """
    came_from, seen_fence = _standing(session, company_id, posting_id).one()
    now = rt.clock.now()
    values = {"now": now, "by": rt.clock.new_id(), "end": now + timedelta(seconds=LEASE_SECONDS)}
    if not _taking(is_claimable).change(session, posting=posting_id, seen_fence=seen_fence, **values):
        return None
    return row_of(session, company_id, posting_id), came_from


@built
def _standing(company_id: str, posting_id: str) -> Select[str, int]:
    return select(PostingRow.state, PostingRow.fence).where(
        PostingRow.company_id == company_id, PostingRow.id == posting_id
    )


@cache
def _taking(is_free: Free) -> Prepared:
    free = update(PostingRow).where(
        col(PostingRow.id) == bindparam("posting"),
        col(PostingRow.fence) == bindparam("seen_fence"),
        is_free(bindparam("now")),
    )
    return Prepared(
        free.values(
            state="leased", fence=PostingRow.fence + 1, lease_owner=bindparam("by"), lease_until=bindparam("end")
        )
    )


def count_try(session: Session, rt: Runtime, row: PostingRow) -> None:
    """Write that a taken posting is tried once more, and what was frozen of it."""
    row.attempt += 1
    row.first_sent_at = row.first_sent_at or rt.clock.now()
    _TRIED.change(
        session,
        posting=row.id,
        held_fence=row.fence,
        number=row.attempt,
        first=row.first_sent_at,
        body=row.request_body,
        asks_with=row.request_id,
    )


_TRIED = Prepared(
    update(PostingRow)
    .where(col(PostingRow.id) == bindparam("posting"), col(PostingRow.fence) == bindparam("held_fence"))
    .values(
        attempt=bindparam("number"),
        first_sent_at=bindparam("first"),
        request_body=bindparam("body"),
        request_id=bindparam("asks_with"),
    )
)


def _freeze(session: Session, row: PostingRow, limits: Mapping[str, int] | None) -> None:
    """Make the body and requestid of the posting's generation, unless they were made before."""
    if not row.request_body:
        row.request_body = bytes_of(draft(session, row, limits)).decode()
        row.request_id = request_id(row.key, row.generation)


def _claim_of(session: Session, row: PostingRow, *, came_from: str, look_first: bool) -> Claim:
    posting = posting_of(session, row)
    body = row.request_body.encode()
    return Claim(row, posting, thaw(posting, body), body, row.fence, came_from, look_first)


_CHOSEN = Prepared(
    pick(col(MappingRow.role), col(MappingRow.qbo_id)).where(
        col(MappingRow.company_id) == bindparam("company"),
        or_(col(MappingRow.currency) == bindparam("currency"), col(MappingRow.currency) == ""),
    )
)
_PAID_BY = Prepared(
    pick(col(PaymentRow.method)).where(
        col(PaymentRow.company_id) == bindparam("company"), col(PaymentRow.id) == bindparam("payment")
    )
)


def _chart(session: Session, row: PostingRow) -> Chart:
    chosen = dict(_CHOSEN.all(session, company=row.company_id, currency=row.currency))
    method = ""
    if row.kind == Kind.CHARGE and row.payment_id:
        (paid_by,) = _PAID_BY.first(session, company=row.company_id, payment=row.payment_id) or ("",)
        is_bank = paid_by.endswith("bank_account")
        method = chosen.get("method_bank" if is_bank else "method_card", "")
    names = ("clearing", "fees", "bank", "vendor", "discount", "surcharge")
    return Chart(
        **{name: chosen.get(name, "") for name in names},
        method=method,
        discount_memo=beside(session, row, Kind.DISCOUNT),
        surcharge_invoice=beside(session, row, Kind.SURCHARGE),
    )


def beside(session: Session, row: PostingRow, kind: Kind) -> str:
    """Return the discounts' credit memo, or the surcharge's invoice, that a charge takes in: it was posted first.

    Empty where there is none, where a person dropped it, and for what is no charge.
    """
    if row.kind != Kind.CHARGE:
        return ""
    posted = _posted(session, row.company_id, kind.value, row.object_id, row.customer_id)
    return posted.one_or_none() or ""


@built
def _posted(company_id: str, kind: str, object_id: str, customer_id: str) -> SelectOfScalar[str]:
    return select(PostingRow.remote_id).where(
        PostingRow.company_id == company_id,
        PostingRow.kind == kind,
        PostingRow.object_id == object_id,
        PostingRow.customer_id == customer_id,
        PostingRow.state == "posted",
    )


def _code_of(reason: NotBookable) -> str:
    return reason.needs if reason.needs in ("other_currency", "amount", "credit_used") else "no_account"
