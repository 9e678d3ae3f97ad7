"""What the mails about a bank account say that waits for small deposits: what to look for, or how the wait ended.

Reads rows of one company. Laws: a mail that asks is withdrawn when nothing waits any more; no number of an account is
in it beyond the last four that its bank shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from connector import words
from connector.clock import day_in
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.outbox import MailRow
from connector.store.verifying import BankCheckRow
from jobs.mail.asking import Withdrawn
from sync.verifying import ASKS, DAYS

# How the wait ended without the account being verified.
_ENDS = {
    "late": words.mark("The small deposits to {account} were not confirmed within ten days."),
    "tries": words.mark(
        "The small deposits to {account} were not confirmed: too often what was entered did not match."
    ),
    "unsent": words.mark("The small deposits could not be sent to {account}."),
}


@dataclass(frozen=True)
class Verifying:
    """A mail about a bank account that waits, or waited: its kind and what fills the templates."""

    kind: str
    company: str
    values: dict[str, Any]

    def subject(self, *, again: bool) -> str:
        """Return the mail's subject."""
        if self.kind != ASKS:
            return words.say("Your bank account was not verified, {company}", company=self.company)
        if again:
            return words.say("Reminder: verify your bank account for {company}", company=self.company)
        return words.say("Verify your bank account for {company}", company=self.company)


def read_verifying(session: Session, mail: MailRow, subject: str, company: CompanyRow, now: datetime) -> Verifying:
    """Read what a mail says. Raises Withdrawn where the account was verified, or given up, meanwhile."""
    check = session.get(BankCheckRow, (company.id, subject))
    if check is None or check.state != ("waits" if mail.kind == ASKS else "over"):
        raise Withdrawn("Nothing waits for it any more.")
    paying = _paying(session, company.id, mail.payment_id)
    account = _label(session, company.id, subject) or words.say("your bank account")
    values = {
        "amount": paying,
        "one_cent": words.money_text(Money(1, "USD")),
        "account": account,
        "by_code": check.kind == "descriptor_code",
        "arrives": words.day_text(check.arrival_day, weekday=True),
        "until": words.day_text(day_in(company.zone, check.asked_at + DAYS - timedelta(days=1)), weekday=True),
        "why": words.say(_ENDS[check.why], account=account) if check.why in _ENDS else "",
    }
    return Verifying(mail.kind, company.name, values)


def _paying(session: Session, company_id: str, payment_id: str) -> str:
    """Return the amount of the payment that waits; empty for a kept method."""
    mine = select(PaymentRow).where(PaymentRow.company_id == company_id, PaymentRow.id == payment_id)
    row = session.exec(mine).one_or_none() if payment_id else None
    return words.money_text(Money(row.amount_minor, row.currency)) if row else ""


def _label(session: Session, company_id: str, subject: str) -> str:
    """Return what the bank account is called where it is kept: Test Bank 6789."""
    mine = select(SavedMethodRow.label).where(SavedMethodRow.company_id == company_id, SavedMethodRow.id == subject)
    return session.exec(mine).one_or_none() or ""
