"""What the mails of a schedule would say, on an invoice that does not exist: for the people who decide about it.

Knows no row. Law: the words come from the very templates that are sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.words import LOCALES, speaking
from jobs.mail.asking import Asking, words_of
from jobs.mail.envelope import rendered
from jobs.mail.letters import Letter
from sync.reminding.decisions import NEW, Rule

_MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Sample:
    """A mail as it would read."""

    step: str
    subject: str
    text: str


def samples(company: CompanyRow, rule: Rule, today: date) -> list[Sample]:
    """Return the mail of each step of a schedule, as if it left today, in the company's own language."""
    steps = [*((NEW,) if rule.mails_new else ()), *map(str, rule.steps)]
    with speaking(LOCALES[company.language]):
        return [_sample(company, step, today) for step in steps]


def _sample(company: CompanyRow, step: str, today: date) -> Sample:
    due_day = today + _MONTH if step == NEW else today - timedelta(days=int(step))
    amount = Money(62000, company.home_currency)
    asking = Asking("1", "1042", amount, amount, due_day, attaches_pdf=False)
    subject, values = words_of(asking, company.name, today, is_new=step == NEW)
    links = {"url": "https://…", "preferences": "https://…"}
    letter = Letter("bill", subject, {"company": company, **values, **links}, company)
    return Sample(step, subject, rendered(letter)[0])
