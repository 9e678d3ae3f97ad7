"""What a mail about an invoice tells, looked at in the moment of sending: what is open now, and whether to ask at all.

Reads rows of one company. Laws: the amount is what is open now and not what was when the mail was owed; what was paid,
paused, skipped or no longer wanted meanwhile is withdrawn; what would leave at a quiet hour waits for an open one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from sqlmodel import Session, select

from connector import words
from connector.errors import GatewayError, NotConnected, TieoutError
from connector.ledger.money import Money
from connector.store.cache import InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.outbox import MailRow
from sync.reminding.addresses import rows_of, wanting
from sync.reminding.asking import asked_of
from sync.reminding.decisions import next_open
from sync.reminding.plan import INVOICE_NEW, REMINDER, step_of
from sync.reminding.schedule import rule_of, schedule_of, skipped
from sync.runtime import Runtime

log = structlog.get_logger()

OFF = {INVOICE_NEW: "new", REMINDER: "reminders"}  # what one press in the mail program turns off
# How a reminder is headed before the due day, on it, and after it.
_HEADS = {
    1: words.mark("Invoice {number} from {company} is due {day}: {amount}"),
    0: words.mark("Invoice {number} from {company} is due today: {amount}"),
    -1: words.mark("Invoice {number} from {company} was due {day}: {amount}"),
}
TRIES_WITH_PAPER = 3  # after so many in vain the mail goes without QuickBooks' PDF: its link leads there too


class Withdrawn(TieoutError):
    """There is no reason for this mail any more; the message says why."""


class NotNow(TieoutError):
    """The mail leaves at another hour."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"it waits until {until:%Y-%m-%d %H:%M} UTC")
        self.until = until


@dataclass(frozen=True)
class Asking:
    """An invoice as a mail tells of it."""

    invoice_id: str
    number: str
    amount: Money
    total: Money
    due_day: date | None
    attaches_pdf: bool


def read_asking(session: Session, rt: Runtime, company: CompanyRow, mail: MailRow, *, by_hand: bool) -> Asking:
    """Return what a mail asks for. Raises Withdrawn and NotNow; a mail that a person sent minds no schedule."""
    row = session.exec(
        select(InvoiceRow).where(InvoiceRow.company_id == company.id, InvoiceRow.qbo_id == mail.invoice_id)
    ).one_or_none()
    if row is None:
        raise Withdrawn("The invoice is not there any more.")
    asked = asked_of(session, company.id, [row])[row.qbo_id]
    if asked.why_not:
        raise Withdrawn(asked.why_not)
    if not by_hand:
        if not wanting(rows_of(session, company.id, [mail.to]), [mail.to], step_of(mail.key)):
            raise Withdrawn("It is not wanted any more.")
        mind_schedule(session, rt, company, mail)
    schedule = schedule_of(session, company.id)
    return Asking(
        invoice_id=row.qbo_id,
        number=row.number or row.qbo_id,
        amount=asked.amount,
        total=Money(row.total_minor, row.currency),
        due_day=row.due_day,
        attaches_pdf=schedule is None or schedule.attaches_pdf,
    )


def words_of(asking: Asking, company: str, today: date, *, is_new: bool) -> tuple[str, dict[str, Any]]:
    """Return a mail's subject and what its templates say, but for its links."""
    said = {"number": asking.number, "company": company, "amount": words.money_text(asking.amount)}
    values = {
        "number": asking.number,
        "amount": said["amount"],
        "part": words.money_text(asking.total) if asking.total != asking.amount else "",
        "due": words.due_text(asking.due_day, today),
        "past": asking.due_day is not None and asking.due_day < today,
    }
    if is_new or asking.due_day is None:
        return words.say("Invoice {number} from {company}: {amount}", **said), values
    said["day"] = words.day_text(asking.due_day, this_year=today.year)
    return words.say(_HEADS[(asking.due_day > today) - (asking.due_day < today)], **said), values


def read_pdf(rt: Runtime, company_id: str, asking: Asking, attempts: int) -> bytes:
    """Return QuickBooks' own PDF of an invoice; nothing where it is not wanted, or was asked for in vain so often."""
    if not asking.attaches_pdf:
        return b""
    try:
        return rt.gateways.quickbooks(company_id).pdf("Invoice", asking.invoice_id)
    except (GatewayError, NotConnected) as error:
        if attempts < TRIES_WITH_PAPER:
            raise
        log.warning("mail_without_pdf", error=type(error).__name__)
        return b""


def mind_schedule(session: Session, rt: Runtime, company: CompanyRow, mail: MailRow) -> None:
    """Let a mail go only as the schedule is now. Raises Withdrawn and NotNow."""
    schedule = schedule_of(session, company.id)
    if schedule is None or not schedule.is_on:
        raise Withdrawn("The schedule was turned off.")
    if skipped(session, company.id, "invoice", [mail.invoice_id]) or skipped(
        session, company.id, "customer", [mail.customer_id]
    ):
        raise Withdrawn("It was skipped.")
    rule, now = rule_of(schedule, company.zone), rt.clock.now()
    if not rule.is_open(now):
        raise NotNow(next_open(rule, now))
