"""The laws of the schedule, on any rule, any invoice and any day, and the cases a person would ask about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import WrongInput
from sync.reminding.decisions import (
    NEW,
    Bill,
    Rule,
    moved,
    next_open,
    next_step,
    read_quiet_days,
    read_steps,
    step_due,
    steps_of,
)

ZONES = ("America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")
DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))
HOURS = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] < pair[1])
RULES = st.builds(
    lambda zone, steps, new, hours, weekends, quiet, since: Rule(
        zone, tuple(sorted(steps)), new, *hours, quiet_weekends=weekends, quiet_days=frozenset(quiet), since=since
    ),
    st.sampled_from(ZONES),
    st.sets(st.integers(-30, 60), max_size=6),
    st.booleans(),
    HOURS,
    st.booleans(),
    st.sets(DAYS, max_size=20),
    DAYS,
)
INSTANTS = st.integers(0, 2 * 365 * 24 * 3600).map(lambda n: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n))


def sent(rule: Rule, bill: Bill, first: date, days: int, looked: set[int] | None = None) -> list[tuple[date, str]]:
    """Look every day (or on some of them) and return what was mailed when."""
    mails: list[tuple[date, str]] = []
    for n in range(days):
        today = first + timedelta(days=n)
        if looked is not None and n not in looked:
            continue
        step = step_due(rule, replace(bill, mailed={name: day for day, name in mails}), today)
        if step is not None:
            mails.append((today, step))
    return mails


@given(RULES, DAYS, st.one_of(st.none(), DAYS), st.sets(st.integers(0, 149)))
def test_whenever_somebody_looks_no_step_goes_twice_nor_on_a_quiet_day_nor_after_a_later_one(
    rule: Rule, made: date, due: date | None, looked: set[int]
) -> None:
    bill = Bill(made, due)
    mails = sent(rule, bill, made - timedelta(days=5), 150, looked)
    names = [step for _, step in mails]
    assert len(names) == len(set(names))
    assert not any(rule.is_quiet_day(day) for day, _ in mails)
    days = dict(steps_of(rule, bill))
    assert rule.since is not None
    assert all(rule.since <= days[step] <= day for day, step in mails)
    reminders = [days[step] for _, step in mails if step != NEW]
    assert reminders == sorted(reminders)
    assert len({day for day, _ in mails}) == len(mails)  # one a day


@given(RULES, DAYS, DAYS)
def test_looked_at_every_day_a_step_goes_on_its_day_or_on_the_first_after_it_that_is_not_quiet(
    rule: Rule, made: date, due: date
) -> None:
    bill = Bill(made, due)
    days = dict(steps_of(rule, bill))
    first = min(days.values(), default=made)
    mails = sent(rule, bill, first, (max(days.values(), default=made) - first).days + 40)
    assert all(day == moved(rule, days[step]) for day, step in mails)
    assert rule.since is not None
    if days and rule.since <= first:
        assert mails  # what is wanted from the beginning is not all let go


@given(RULES, INSTANTS)
def test_the_next_open_instant_is_open_and_none_before_it_is(rule: Rule, at: datetime) -> None:
    first = next_open(rule, at)
    assert first >= at
    assert rule.is_open(first)
    step = (first - at) / 60
    assert not any(rule.is_open(at + n * step) for n in range(60) if at + n * step < first)


@given(st.sampled_from(ZONES), INSTANTS, HOURS)
def test_hours_are_those_on_the_companys_wall(zone: str, at: datetime, hours: tuple[int, int]) -> None:
    """Also on the days on which its clocks change."""
    rule = Rule(zone, opens_hour=hours[0], closes_hour=hours[1], quiet_weekends=False)
    there = next_open(rule, at).astimezone(ZoneInfo(zone))
    assert hours[0] <= there.hour < hours[1]


def test_clocks_that_change() -> None:
    rule = Rule("America/Los_Angeles", opens_hour=2, closes_hour=3, quiet_weekends=False)
    # On 8 March 2026 the hour from two to three does not exist: mails leave the next day.
    assert next_open(rule, datetime(2026, 3, 8, 8, tzinfo=UTC)) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    # On 1 November 2026 the hour from one to two comes twice: what waits leaves at the first of them.
    twice = replace(rule, opens_hour=1, closes_hour=2)
    assert next_open(twice, datetime(2026, 11, 1, 5, tzinfo=UTC)) == datetime(2026, 11, 1, 8, tzinfo=UTC)
    nine = replace(rule, opens_hour=9, closes_hour=17)
    assert next_open(nine, datetime(2026, 3, 7, 12, tzinfo=UTC)) == datetime(2026, 3, 7, 17, tzinfo=UTC)
    assert next_open(nine, datetime(2026, 3, 8, 12, tzinfo=UTC)) == datetime(2026, 3, 8, 16, tzinfo=UTC)


RULE = Rule("America/Los_Angeles", since=date(2026, 11, 2))
MADE, DUE = date(2026, 11, 3), date(2026, 12, 1)  # Tuesdays


def test_a_months_invoice_from_beginning_to_end() -> None:
    assert sent(RULE, Bill(MADE, DUE), date(2026, 10, 1), 120) == [
        (MADE, NEW),
        (date(2026, 11, 30), "-3"),  # its day is a Saturday
        (DUE, "0"),
        (date(2026, 12, 8), "7"),
        (date(2026, 12, 15), "14"),
    ]


def test_what_falls_on_quiet_days_goes_after_them_and_only_the_last_of_it() -> None:
    holidays = frozenset(date(2026, 11, 28) + timedelta(days=n) for n in range(12))  # to Wednesday 9 December
    mails = sent(replace(RULE, quiet_days=holidays), Bill(MADE, DUE), date(2026, 11, 10), 40)
    assert mails == [(date(2026, 11, 10), NEW), (date(2026, 12, 10), "7"), (date(2026, 12, 15), "14")]


def test_nothing_is_made_up_for_when_it_is_turned_on() -> None:
    on = replace(RULE, since=date(2026, 12, 10))
    assert sent(on, Bill(MADE, DUE), date(2026, 12, 10), 90) == [(date(2026, 12, 15), "14")]
    assert sent(on, Bill(MADE, date(2026, 9, 1)), date(2026, 12, 10), 90) == []
    assert step_due(replace(RULE, since=None), Bill(MADE, DUE), DUE) is None


def test_after_an_outage_of_a_week_nothing_is_revived() -> None:
    assert step_due(RULE, Bill(MADE, DUE, {NEW: MADE}), date(2026, 12, 7)) == "0"  # five of its days late
    assert step_due(replace(RULE, steps=(0,)), Bill(MADE, DUE, {NEW: MADE}), date(2026, 12, 9)) is None


def test_an_invoice_due_at_once_is_told_of_once() -> None:
    assert sent(RULE, Bill(MADE, MADE), MADE, 9) == [(MADE, NEW), (date(2026, 11, 10), "7")]
    assert sent(RULE, Bill(MADE, None), MADE, 60) == [(MADE, NEW)]


def test_what_a_person_sent_counts_as_much() -> None:
    by_hand = Bill(MADE, DUE, {NEW: MADE, "hand-2026-12-02": date(2026, 12, 2)})
    assert step_due(RULE, by_hand, date(2026, 12, 3)) is None
    assert next_step(RULE, by_hand, date(2026, 12, 3)) == ("7", date(2026, 12, 8))


def test_what_comes_next() -> None:
    assert next_step(RULE, Bill(MADE, DUE, {NEW: MADE}), MADE) == ("-3", date(2026, 11, 30))
    assert next_step(RULE, Bill(MADE, DUE, {NEW: MADE}), date(2026, 12, 20)) is None
    assert next_step(replace(RULE, since=None), Bill(MADE, DUE), MADE) is None


def test_what_people_type() -> None:
    assert read_steps(" 7, -3 0 \N{MINUS SIGN}3 14") == (-3, 0, 7, 14)
    assert read_steps("") == ()
    assert read_quiet_days("2026-12-25\n2026-12-24, 2026-12-25") == (date(2026, 12, 24), date(2026, 12, 25))
    for wrong in ("soon", "1.5", "400", "1 2 3 4 5 6 7 8 9"):
        with pytest.raises(WrongInput):
            read_steps(wrong)
    for wrong in ("25.12.", " ".join(str(DUE + timedelta(days=n)) for n in range(61))):
        with pytest.raises(WrongInput):
            read_quiet_days(wrong)
