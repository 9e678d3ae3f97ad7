"""What is decided about a thread from facts alone: until when staff answer, who looks after it, what stays undisputed.

Pure: no row, no clock. Law: a due time lies on a business day, at the end of it, in the company's own zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from connector.ledger.money import Money

END_OF_WORK = time(17)
_SATURDAY = 5


class Kind(StrEnum):
    """What a thread is about."""

    QUESTION = "question"
    DISPUTE = "dispute"
    CHECK_SENT = "check_sent"


PAUSING = frozenset({Kind.DISPUTE, Kind.CHECK_SENT})  # while one of these is open, nobody is reminded


@dataclass(frozen=True)
class Colleague:
    """A member of staff who may look after a thread."""

    staff_id: str
    role: str  # owner | bookkeeper | viewer


def due_at(asked_at: datetime, zone: str) -> datetime:
    """Return until when an answer is due: the end of the next business day after the one it came on."""
    day = asked_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return end_of(day, zone)


def end_of(day: date, zone: str) -> datetime:
    """Return the end of a day's work in a zone."""
    return datetime.combine(day, END_OF_WORK, ZoneInfo(zone))


def owner_among(colleagues: Sequence[Colleague], before: str) -> str:
    """Return who looks after a new thread: who did for this customer before, else a bookkeeper, else an owner.

    Empty where nobody works here who may answer.
    """
    able = [one for one in colleagues if one.role in ("bookkeeper", "owner")]
    if any(one.staff_id == before for one in able):
        return before
    first = sorted(able, key=lambda one: (one.role != "bookkeeper", one.staff_id))
    return first[0].staff_id if first else ""


def undisputed(left: Money, disputed: int) -> Money:
    """Return what is left to pay when a disputed amount, in minor units, is taken off; never below zero."""
    return Money(max(left.minor - disputed, 0), left.currency)
