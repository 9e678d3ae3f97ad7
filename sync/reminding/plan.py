"""Which mails about invoices are due on a day: whom the next look would write to, and about what.

Reads rows of one company and writes none, so that a preview is the very thing that a run does. Law: of an invoice that
QuickBooks mails itself nothing is mailed here, unless the company asks for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import and_
from sqlmodel import Session, col, or_, select

from connector.clock import day_in
from connector.ledger.money import Money
from connector.store.cache import CustomerRow, InvoiceRow, RawRow
from connector.store.money import PaymentRow
from connector.store.outbox import MailRow
from sync.reminding.addresses import read_addresses, rows_of, wanting
from sync.reminding.asking import asked_of
from sync.reminding.decisions import Bill, Rule, step_due
from sync.reminding.schedule import skipped

INVOICE_NEW, REMINDER = "invoice_new", "reminder"
KINDS = (INVOICE_NEW, REMINDER)
NOT_QUICKBOOKS = ("", "NotSet")  # EmailStatus of what QuickBooks has not mailed and is not about to
_MARGIN = timedelta(days=30)  # before a step's day, weekends and quiet days with it


@dataclass(frozen=True)
class Due:
    """A mail about an invoice that is due, with the addresses it goes to."""

    invoice_id: str
    number: str
    customer_id: str
    customer: str
    step: str
    to: tuple[str, ...]
    amount: Money
    due_day: date | None
    language: str


@dataclass(frozen=True)
class Candidate:
    """An open invoice with what the decisions, and the choice of its readers, need."""

    row: InvoiceRow
    customer: str
    emails: tuple[str, ...]
    bill: Bill
    by_quickbooks: bool


class _Meta(msgspec.Struct):
    CreateTime: datetime | None = None


class _Raw(msgspec.Struct):
    MetaData: _Meta | None = None
    EmailStatus: str | None = None


def due_on(session: Session, company_id: str, rule: Rule, today: date) -> list[Due]:
    """Return the mails that are due on a day, as things stand, by customer and number."""
    steps = {
        one.row.qbo_id: (one, step)
        for one in _candidates(session, company_id, rule, today)
        if (step := step_due(rule, one.bill, today)) and (rule.also_quickbooks or not one.by_quickbooks)
    }
    found = [one for one, _ in steps.values()]
    asked = asked_of(session, company_id, [one.row for one in found])
    known = rows_of(session, company_id, {email for one in found for email in one.emails})
    languages = languages_of(session, company_id, {one.row.customer_id for one in found})
    due = []
    for one, step in steps.values():
        to = wanting(known, one.emails, step)
        if to and not asked[one.row.qbo_id].why_not:
            due.append(_due(one, step, to, asked[one.row.qbo_id].amount, languages.get(one.row.customer_id, "")))
    return sorted(due, key=lambda one: (one.customer, one.number))


def candidate(session: Session, company_id: str, zone: str, invoice_id: str) -> Candidate | None:
    """Return one invoice of a company, whatever its state; None where there is none."""
    return next(iter(_read(session, company_id, zone, [col(InvoiceRow.qbo_id) == invoice_id])), None)


def languages_of(session: Session, company_id: str, customer_ids: set[str]) -> dict[str, str]:
    """Return the language in which somebody last paid for each customer, where somebody did."""
    mine = select(PaymentRow.customer_id, PaymentRow.language).where(
        PaymentRow.company_id == company_id,
        col(PaymentRow.customer_id).in_(list(customer_ids)),
        PaymentRow.language != "",
    )
    return dict(session.exec(mine.order_by(col(PaymentRow.created_at))).all())


def _candidates(session: Session, company_id: str, rule: Rule, today: date) -> list[Candidate]:
    if rule.since is None:
        return []
    far = _MARGIN + timedelta(days=len(rule.quiet_days))
    first = max(rule.since, today - far)
    near = []
    if rule.steps:
        near.append(
            and_(
                col(InvoiceRow.due_day) >= first - timedelta(days=rule.steps[-1]),
                col(InvoiceRow.due_day) <= today - timedelta(days=rule.steps[0]),
            )
        )
    if rule.mails_new:
        # Whatever was made since then was changed since then; a day more for the zone it is written in.
        near.append(col(InvoiceRow.remote_updated_at) >= (first - timedelta(days=1)).isoformat())
    is_open = (col(InvoiceRow.state) == "live", col(InvoiceRow.balance_minor) > 0)
    found = _read(session, company_id, rule.zone, [*is_open, or_(*near)]) if near else []
    not_these = skipped(session, company_id, "invoice", [one.row.qbo_id for one in found])
    nor_these = skipped(session, company_id, "customer", {one.row.customer_id for one in found})
    return [one for one in found if one.row.qbo_id not in not_these and one.row.customer_id not in nor_these]


def _read(session: Session, company_id: str, zone: str, conditions: Sequence[object]) -> list[Candidate]:
    rows = session.exec(
        select(InvoiceRow, CustomerRow.name, CustomerRow.email, RawRow.body)
        .join(
            CustomerRow,
            and_(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == InvoiceRow.customer_id),
            isouter=True,
        )
        .join(
            RawRow,
            and_(
                col(RawRow.company_id) == company_id,
                col(RawRow.entity) == "Invoice",
                col(RawRow.qbo_id) == InvoiceRow.qbo_id,
            ),
            isouter=True,
        )
        .where(InvoiceRow.company_id == company_id, *conditions)  # type: ignore[arg-type]  # conditions, all of them
    ).all()
    mailed = _mailed(session, company_id, zone, [row.qbo_id for row, *_ in rows])
    return [_candidate(row, name, email, body, zone, mailed[row.qbo_id]) for row, name, email, body in rows]


def _candidate(
    row: InvoiceRow, name: str | None, email: str | None, body: str | None, zone: str, mailed: dict[str, date]
) -> Candidate:
    raw = msgspec.json.decode(body or "{}", type=_Raw)
    made_at = raw.MetaData.CreateTime if raw.MetaData else None
    made_day = day_in(zone, made_at) if made_at and made_at.tzinfo else row.issued_day
    return Candidate(
        row=row,
        customer=name or f"Customer {row.customer_id}",
        emails=tuple(read_addresses(row.email) or read_addresses(email or "")),
        bill=Bill(made_day, row.due_day, mailed),
        by_quickbooks=(raw.EmailStatus or "") not in NOT_QUICKBOOKS,
    )


def _mailed(session: Session, company_id: str, zone: str, invoice_ids: Sequence[str]) -> dict[str, dict[str, date]]:
    """Return the day of each step that was mailed of each invoice."""
    mine = select(MailRow.invoice_id, MailRow.key, MailRow.created_at).where(
        MailRow.company_id == company_id, col(MailRow.invoice_id).in_(invoice_ids), col(MailRow.kind).in_(KINDS)
    )
    found: dict[str, dict[str, date]] = defaultdict(dict)
    for invoice_id, key, at in session.exec(mine):
        found[invoice_id][step_of(key)] = day_in(zone, at)
    return found


def key_of(invoice_id: str, step: str, address: str) -> str:
    """Return the key of a mail: the fact that this step of this invoice is told to this address."""
    return f"bill/{invoice_id}/{step}/{address}"


def step_of(key: str) -> str:
    """Return the step that a mail's key names."""
    return key.split("/", 3)[2]


def _due(one: Candidate, step: str, to: Sequence[str], amount: Money, language: str) -> Due:
    row = one.row
    return Due(
        invoice_id=row.qbo_id,
        number=row.number or row.qbo_id,
        customer_id=row.customer_id,
        customer=one.customer,
        step=step,
        to=tuple(to),
        amount=amount,
        due_day=row.due_day,
        language=language,
    )
