"""The way of a payment as a line of three steps with their days: what is done, what is going on, what comes.

Knows no row and no page. Law: a step says a time only when it is true, and an expected day as an expectation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from connector.clock import day_in
from connector.ledger.payments import PaymentState
from connector.words import clock_text, day_text, on_day, possessive, say
from portal.access.companies import Company
from portal.customer.flows import clears_by

DONE, NOW, LATER, FAILED = "done", "now", "later", "failed"


@dataclass(frozen=True)
class Step:
    """One step: its name, when, and whether it is done, now, later or failed."""

    name: str
    when: str
    state: str


@dataclass(frozen=True)
class Way:
    """What is known of a payment's way."""

    state: PaymentState
    processing_at: datetime | None
    succeeded_at: datetime | None
    recorded_at: datetime | None
    company_name: str
    zone: str
    today: date

    def steps(self) -> list[Step]:
        """Return the three steps of a bank debit, or the two of anything that is paid at once."""
        books = say("In {whose} books", whose=possessive(self.company_name))
        if self.processing_at is None:
            return [
                Step(say("Paid"), self._when(self.succeeded_at), DONE if self.succeeded_at else NOW),
                self._books(books),
            ]
        sent_day = day_in(self.zone, self.processing_at)
        sent = Step(say("Sent"), self._day(sent_day), DONE)
        if self.state is PaymentState.FAILED:
            return [sent, Step(say("Returned"), say("by your bank"), FAILED)]
        expected = say("until about {day}", day=day_text(clears_by(sent_day), weekday=True))
        clearing = (
            Step(say("Cleared"), self._when(self.succeeded_at), DONE)
            if self.succeeded_at
            else Step(say("Clearing"), expected, NOW)
        )
        return [sent, clearing, self._books(books)]

    def _books(self, name: str) -> Step:
        if self.recorded_at:
            return Step(name, self._when(self.recorded_at), DONE)
        return Step(name, say("under way"), NOW) if self.succeeded_at else Step(name, say("after that"), LATER)

    def _when(self, instant: datetime | None) -> str:
        if instant is None:
            return say("now")
        day = day_in(self.zone, instant)
        clock = clock_text(instant, self.zone)
        return say("at {time}", time=clock) if day == self.today else f"{self._day(day)}, {clock}"

    def _day(self, day: date) -> str:
        return on_day(day, self.today)


def debit_steps(processing_at: datetime, company: Company) -> list[Step]:
    """Return the steps of a bank debit that is under way."""
    way = Way(PaymentState.PROCESSING, processing_at, None, None, company.name, company.zone, company.today)
    return way.steps()
