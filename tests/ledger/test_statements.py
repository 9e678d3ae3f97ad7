"""Statements: whatever moved, the figures of a period add up and meet those of the next."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.money import Money, total
from connector.ledger.statements import Movement, MovementKind, statement_of

DAYS = st.dates(date(2025, 1, 1), date(2026, 12, 31))
MOVEMENTS = st.lists(
    st.builds(
        Movement,
        DAYS,
        st.sampled_from(list(MovementKind)),
        st.integers(1, 9999).map(str),
        st.just("n"),
        st.integers(-(10**9), 10**9).map(lambda minor: Money(minor, "USD")),
    ),
    max_size=30,
)
BALANCES = st.integers(-(10**9), 10**9).map(lambda minor: Money(minor, "USD"))


@given(MOVEMENTS, BALANCES, DAYS, st.integers(0, 400))
def test_opening_and_movements_make_the_closing(
    movements: list[Movement], balance: Money, first: date, length: int
) -> None:
    made = statement_of(movements, balance, first=first, last=first + timedelta(days=length))
    assert made.opening + total((line.movement.amount for line in made.lines), "USD") == made.closing
    assert (made.lines[-1].balance if made.lines else made.opening) == made.closing
    assert made.sum_of(*MovementKind) == made.closing - made.opening


@given(MOVEMENTS, BALANCES, DAYS, st.integers(0, 200), st.integers(1, 200))
def test_a_period_opens_where_the_one_before_closed(
    movements: list[Movement], balance: Money, first: date, length: int, more: int
) -> None:
    last = first + timedelta(days=length)
    before = statement_of(movements, balance, first=first, last=last)
    after = statement_of(movements, balance, first=last + timedelta(days=1), last=last + timedelta(days=more))
    assert before.closing == after.opening


@given(MOVEMENTS, BALANCES)
def test_up_to_today_it_closes_at_the_balance(movements: list[Movement], balance: Money) -> None:
    made = statement_of(movements, balance, first=date(2024, 1, 1), last=date(2027, 1, 1))
    assert made.closing == balance
    assert len(made.lines) == len(movements)
    assert [line.movement.day for line in made.lines] == sorted(one.day for one in movements)
