"""When a refused payment is tried again: laws of the schedule."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.retrying import ASKS_OWNER, BANK, CARD, DAYS, MAY_PASS, WITHOUT_REASON, Refusal, days_ahead

KNOWN = sorted(MAY_PASS[CARD] | MAY_PASS[BANK] | WITHOUT_REASON | ASKS_OWNER | {"lost_card", "account_closed", "new"})
refusals = st.builds(
    Refusal,
    st.sampled_from([CARD, BANK, "link", ""]),
    st.sampled_from(KNOWN),
    st.sampled_from(["", "try_again_later", "do_not_try_again", "confirm_card_data"]),
)
days = st.dates(date(2026, 1, 1), date(2030, 12, 31))


@given(refusals, days)
def test_tries_are_few_in_order_and_within_two_weeks(refusal: Refusal, today: date) -> None:
    ahead = days_ahead(refusal, today)
    assert len(ahead) == refusal.most_tries <= 4
    assert ahead == sorted(set(ahead))
    assert all(0 < (day - today).days <= 14 for day in ahead)
    if refusal.kind == BANK:
        assert len(ahead) <= 2
        assert all(day.weekday() < 5 for day in ahead)


@given(refusals, days)
def test_what_only_the_owner_can_mend_is_never_tried(refusal: Refusal, today: date) -> None:
    may_pass = refusal.code in MAY_PASS.get(refusal.kind, ()) or refusal.code in WITHOUT_REASON
    if not may_pass or refusal.advice in ("do_not_try_again", "confirm_card_data"):
        assert days_ahead(refusal, today) == []


def test_the_days_of_a_card_and_of_a_bank() -> None:
    sunday = date(2026, 11, 29)
    assert [(day - sunday).days for day in days_ahead(Refusal(CARD, "insufficient_funds"), sunday)] == list(DAYS[CARD])
    assert [(day - sunday).days for day in days_ahead(Refusal(CARD, "generic_decline"), sunday)] == [1, 3]
    # Three days after a Wednesday is a Saturday: the bank is asked on Monday, and five days later on Saturday, Monday.
    wednesday = date(2026, 12, 2)
    ahead = days_ahead(Refusal(BANK, "insufficient_funds"), wednesday)
    assert ahead == [date(2026, 12, 7), date(2026, 12, 14)]
    assert days_ahead(Refusal(BANK, "generic_decline"), wednesday) == []
