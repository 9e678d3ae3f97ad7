"""What a posting would do to the books, shown before it is done: the double entry, the exact JSON, the date.

Reads only. Law: for a posting whose bytes are frozen it shows those bytes, not what would be written today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from connector.ledger.applying import UNAPPLIED
from connector.ledger.credits import GRANTED
from connector.ledger.money import Money
from connector.ledger.postings import SURCHARGED, Kind, Leg, Role
from connector.qbo.documents import ENTITY_OF, NotBookable, bytes_of, thaw
from connector.store.cache import InvoiceRow
from connector.store.companies import MappingRow
from connector.store.outbox import PostingRow
from sync.outbox import posting_of
from sync.pushing.claims import draft
from sync.runtime import Runtime

_ROLE_NAMES = {
    Role.CLEARING: "Stripe clearing",
    Role.RECEIVABLE: "Accounts receivable",
    Role.FEES: "Stripe fees",
    Role.BANK: "Bank",
    Role.DISCOUNTS: "Discounts given",
    Role.SURCHARGES: "Surcharge income",
}


@dataclass(frozen=True)
class Line:
    """One side of the double entry, by the name of its account."""

    account: str
    debit: Money | None
    credit: Money | None


@dataclass(frozen=True)
class DryRun:
    """What would be written. `body` is empty where `why_not` says why it cannot be."""

    entity: str
    day: date
    lines: tuple[Line, ...]
    body: bytes
    why_not: str = ""


def dry_run(rt: Runtime, posting_id: str) -> DryRun:
    """Show what sending a posting would do, without sending it. The id is an inner one: callers scope it themselves."""
    with rt.db.read() as session:
        row = session.exec(select(PostingRow).where(PostingRow.id == posting_id)).one()
        posting = posting_of(session, row)
        body, why_not = _body(session, row)
        dated = thaw(posting, body).fields.get("TxnDate") if body else None  # a Payment that is applied keeps its own
        day = date.fromisoformat(str(dated)) if dated else row.day
        names = _account_names(session, row)
        numbers = _numbers(session, row.company_id, [leg.invoice_id for leg in posting.legs if leg.invoice_id])
        is_own = posting.kind in (Kind.DISCOUNT, Kind.SURCHARGE)  # its document is itself what is owed
        lines = tuple(_line(leg, names, None if is_own else numbers) for leg in posting.legs)
        return DryRun(ENTITY_OF[posting.kind], day, lines, body, why_not)


def _body(session: Session, row: PostingRow) -> tuple[bytes, str]:
    if row.request_body:
        return row.request_body.encode(), ""
    try:
        return bytes_of(draft(session, row)), ""
    except NotBookable as reason:
        return b"", str(reason)


def _line(leg: Leg, names: dict[str, str], numbers: dict[str, str] | None) -> Line:
    account = names.get(leg.role.value) or _ROLE_NAMES[leg.role]
    if leg.role is Role.RECEIVABLE and numbers is not None:
        account += f", {_of_what(leg, numbers)}"
    is_debit = leg.amount.minor > 0
    return Line(account, leg.amount if is_debit else None, None if is_debit else -leg.amount)


def _of_what(leg: Leg, numbers: dict[str, str]) -> str:
    if leg.credit == SURCHARGED:
        return "the surcharge"
    if leg.credit.startswith(GRANTED):
        return "the discount"
    if leg.credit:
        what = "payment" if leg.credit.startswith(UNAPPLIED) else "credit"
        return f"{what} {leg.credit.rpartition('/')[2]}"
    return numbers.get(leg.invoice_id, leg.invoice_id) if leg.invoice_id else "without an invoice"


def _account_names(session: Session, row: PostingRow) -> dict[str, str]:
    rows = select(MappingRow.role, MappingRow.name).where(
        MappingRow.company_id == row.company_id, MappingRow.currency == row.currency
    )
    return dict(session.exec(rows).all())


def _numbers(session: Session, company_id: str, invoice_ids: list[str]) -> dict[str, str]:
    rows = select(InvoiceRow.qbo_id, InvoiceRow.number).where(
        InvoiceRow.company_id == company_id, col(InvoiceRow.qbo_id).in_(invoice_ids)
    )
    return {qbo_id: number or qbo_id for qbo_id, number in session.exec(rows)}
