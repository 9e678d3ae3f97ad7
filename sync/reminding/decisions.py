"""What is decided about mails from facts alone: when they may leave, and which step of an invoice is due.

Pure: no row, no clock. Laws: at most one mail about an invoice a day, and a step never after a later one; a step that
fell on quiet days goes on the first day that is not, and one that is a week of such days late goes nowhere; hours are
those of the company's own zone, also on the days on which its clocks change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connector.errors import WrongInput

NEW = "new"  # the step that tells of a new invoice; the others are days from the due day, as text: -3, 0, 7
LATEST_DAYS = 5  # open days that a step may be late: an outage over a weekend, and not a revival of last month
MOST_STEPS, FARTHEST = 8, 120
MOST_QUIET_DAYS = 60
_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """A company's schedule. `since` is the first day of which anything is mailed; None while it is off."""

    zone: str
    steps: tuple[int, ...] = (-3, 0, 7, 14)
    mails_new: bool = True
    opens_hour: int = 9
    closes_hour: int = 17  # the first hour at which nothing leaves any more
    quiet_weekends: bool = True
    quiet_days: frozenset[date] = frozenset()
    also_quickbooks: bool = False
    since: date | None = None

    def is_quiet_day(self, day: date) -> bool:
        """Tell whether nothing leaves on a day."""
        return day in self.quiet_days or (self.quiet_weekends and day.weekday() >= _SATURDAY)

    def is_open(self, at: datetime) -> bool:
        """Tell whether mails may leave at an instant."""
        there = at.astimezone(ZoneInfo(self.zone))
        return self.opens_hour <= there.hour < self.closes_hour and not self.is_quiet_day(there.date())


@dataclass(frozen=True)
class Bill:
    """What a decision needs of an invoice."""

    made_day: date  # when it came into the books
    due_day: date | None
    mailed: Mapping[str, date] = field(default_factory=dict)  # the day of each step that was mailed, by any name


def next_open(rule: Rule, at: datetime) -> datetime:
    """Return the first instant from `at` on at which mails may leave, in UTC."""
    zone = ZoneInfo(rule.zone)
    day = at.astimezone(zone).date()
    for _ in range(MOST_QUIET_DAYS * 2 + 14):  # weekends, quiet days, and a day whose open hours the clocks skip
        opening = datetime.combine(day, time(rule.opens_hour), zone).astimezone(UTC)
        first = max(opening, at)
        if rule.is_open(first):
            return first
        day += _DAY
    raise AssertionError(f"no open day in sight of {at}")  # a Rule that was read by `read_rule` always has one


def step_due(rule: Rule, bill: Bill, today: date) -> str | None:
    """Return the step of an invoice to mail today; None where there is none, or today is quiet."""
    if rule.since is None or rule.is_quiet_day(today):
        return None
    last = max(bill.mailed.values(), default=None)
    alive = [
        (day, step)
        for step, day in steps_of(rule, bill)
        if step not in bill.mailed
        and rule.since <= day <= today
        and (last is None or day > last)
        and _open_days(rule, day, today) <= LATEST_DAYS
    ]
    # Whoever has not heard of an invoice is told of it first; of several reminders the last one counts.
    return next((step for _, step in alive if step == NEW), None) or (max(alive)[1] if alive else None)


def steps_of(rule: Rule, bill: Bill) -> Iterator[tuple[str, date]]:
    """Give the steps of an invoice, each with its day, quiet or not."""
    if rule.mails_new:
        yield NEW, bill.made_day
    if bill.due_day is not None:
        yield from ((str(days), bill.due_day + days * _DAY) for days in rule.steps)


def next_step(rule: Rule, bill: Bill, today: date) -> tuple[str, date] | None:
    """Return the step that comes after today and the day on which it is mailed; None where none comes."""
    last = max(bill.mailed.values(), default=date.min)
    coming = [
        (moved(rule, day), step)
        for step, day in steps_of(rule, bill)
        if step not in bill.mailed and day > last and moved(rule, day) > today
    ]
    if rule.since is None or not coming:
        return None
    day, step = min(coming)
    return step, day


def moved(rule: Rule, day: date) -> date:
    """Return the day itself, or the first one after it that is not quiet."""
    while rule.is_quiet_day(day):
        day += _DAY
    return day


def read_steps(text: str) -> tuple[int, ...]:
    """Read days such as -3, 0, 7 as a person types them, in order. Raises WrongInput."""
    parts = text.replace(",", " ").replace("\N{MINUS SIGN}", "-").split()
    try:
        steps = sorted({int(part) for part in parts})
    except ValueError:
        raise WrongInput("The days are whole numbers, such as -3, 0, 7, 14.") from None
    if len(steps) > MOST_STEPS or any(abs(step) > FARTHEST for step in steps):
        raise WrongInput(f"At most {MOST_STEPS} reminders, none more than {FARTHEST} days away.")
    return tuple(steps)


def read_quiet_days(text: str) -> tuple[date, ...]:
    """Read days such as 2026-12-25, in order. Raises WrongInput."""
    try:
        days = sorted({date.fromisoformat(part) for part in text.replace(",", " ").split()})
    except ValueError:
        raise WrongInput("Quiet days are written like 2026-12-25, one to a line.") from None
    if len(days) > MOST_QUIET_DAYS:
        raise WrongInput(f"At most {MOST_QUIET_DAYS} quiet days.")
    return tuple(days)


def _open_days(rule: Rule, day: date, today: date) -> int:
    """Return how many days that are not quiet have passed since a step's day, the present one included."""
    if (today - day).days > 366:
        return 366
    return sum(not rule.is_quiet_day(day + n * _DAY) for n in range(1, (today - day).days + 1))
