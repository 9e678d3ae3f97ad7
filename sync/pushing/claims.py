"""Claiming a posting: one worker, one lease, one fence, and a body that is frozen before anything is sent.

Knows no HTTP. Laws: the bytes sent under one requestid never change; a worker whose lease was taken over can write
nothing but what it saw (the fence); a claim, its frozen body and its first line in the attempt log are one commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from connector.ledger.keys import request_id
from connector.ledger.postings import Kind, Posting
from connector.qbo.applying import applying_body, payment_id_of
from connector.qbo.documents import Chart, NotBookable, bytes_of, document_of, thaw
from connector.qbo.shapes import Document, object_of
from connector.store.cache import RawRow
from connector.store.companies import CompanyRow, MappingRow
from connector.store.money import PaymentRow
from connector.store.outbox import PostingRow
from sync.outbox import is_claimable, posting_of
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
        row = session.exec(
            select(PostingRow).where(PostingRow.company_id == company_id, PostingRow.id == posting_id)
        ).one()
        came_from, attempts_before = row.state, row.attempt
        if not take(session, rt, row):
            return Outcome.FENCED
        session.refresh(row)
        try:
            _freeze(session, row, limits)
        except NotBookable as reason:
            held.hold(session, rt, row, code=_code_of(reason), said=str(reason))
            return Outcome.HELD
        row.attempt += 1
        row.first_sent_at = row.first_sent_at or rt.clock.now()
        session.flush()
        look_first = looks_first(attempts=attempts_before, came_from=came_from)
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
    mine = update(PostingRow).where(
        col(PostingRow.id) == taken.row.id, col(PostingRow.fence) == taken.fence, col(PostingRow.state) == "leased"
    )
    return bool(session.exec(mine.values(lease_owner="", lease_until=None, **values)).rowcount)


def draft(session: Session, row: PostingRow, limits: Mapping[str, int] | None = None) -> Document:
    """Return the document a posting would be written as now. Raises NotBookable."""
    refuse_other_currency(session, row)
    posting = posting_of(session, row)
    if posting.kind is Kind.APPLY:  # for looking at: what is sent is made from the Payment as it is read then
        mine = select(RawRow.body).where(
            RawRow.company_id == row.company_id,
            RawRow.entity == "Payment",
            RawRow.qbo_id == (qbo_id := payment_id_of(posting)),
        )
        cached = object_of("Payment", (session.exec(mine).one_or_none() or f'{{"Id":"{qbo_id}"}}').encode())
        return thaw(posting, applying_body(posting, cached, limits))
    return document_of(posting, _chart(session, row), limits=limits)


def refuse_other_currency(session: Session, row: PostingRow) -> None:
    """Raise NotBookable for what is not in the currency of the books."""
    company = session.exec(select(CompanyRow).where(CompanyRow.id == row.company_id)).one()
    if row.currency != company.home_currency:
        raise NotBookable(
            "other_currency", f"It is in {row.currency}, and the books are kept in {company.home_currency}."
        )


def take(session: Session, rt: Runtime, row: PostingRow) -> bool:
    """Lease a posting for one worker; False when another was first."""
    now = rt.clock.now()
    free = update(PostingRow).where(col(PostingRow.id) == row.id, col(PostingRow.fence) == row.fence, is_claimable(now))
    taken = free.values(
        state="leased",
        fence=PostingRow.fence + 1,
        lease_owner=rt.clock.new_id(),
        lease_until=now + timedelta(seconds=LEASE_SECONDS),
    )
    return bool(session.exec(taken).rowcount)


def _freeze(session: Session, row: PostingRow, limits: Mapping[str, int] | None) -> None:
    """Make the body and requestid of the posting's generation, unless they were made before."""
    if not row.request_body:
        row.request_body = bytes_of(draft(session, row, limits)).decode()
        row.request_id = request_id(row.key, row.generation)


def _claim_of(session: Session, row: PostingRow, *, came_from: str, look_first: bool) -> Claim:
    posting = posting_of(session, row)
    body = row.request_body.encode()
    return Claim(row, posting, thaw(posting, body), body, row.fence, came_from, look_first)


def _chart(session: Session, row: PostingRow) -> Chart:
    rows = select(MappingRow.role, MappingRow.qbo_id).where(
        MappingRow.company_id == row.company_id, col(MappingRow.currency).in_((row.currency, ""))
    )
    chosen = dict(session.exec(rows).all())
    method = ""
    if row.kind == Kind.CHARGE and row.payment_id:
        paid_by = select(PaymentRow.method).where(
            PaymentRow.company_id == row.company_id, PaymentRow.id == row.payment_id
        )
        is_bank = (session.exec(paid_by).one_or_none() or "").endswith("bank_account")
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
    posted = select(PostingRow.remote_id).where(
        PostingRow.company_id == row.company_id,
        PostingRow.kind == kind.value,
        PostingRow.object_id == row.object_id,
        PostingRow.customer_id == row.customer_id,
        PostingRow.state == "posted",
    )
    return session.exec(posted).one_or_none() or ""


def _code_of(reason: NotBookable) -> str:
    return reason.needs if reason.needs in ("other_currency", "amount", "credit_used") else "no_account"
