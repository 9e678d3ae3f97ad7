"""When a payment that was refused is tried again by itself, if ever: by the bank's reason, on a short schedule.

Pure. Laws: Stripe's advice goes before the reason; a card that is lost, closed or asks for its owner is never tried
again without him; what may pass is tried a few times, on days that are named beforehand and no others (Nacha
lets a bank debit be presented twice more, Visa lets a card be tried fifteen times in thirty days).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

CARD, BANK = "card", "us_bank_account"
# Days after the consent on which it is tried again. A bank takes up to eight to send a debit back: its answer to the
# first try is known on the day of the second.
DAYS = {CARD: (1, 3, 5, 7), BANK: (3, 12)}
# What may pass by itself: too little money today, a limit of the day, a bank that could not be reached.
MAY_PASS = {
    CARD: frozenset(
        {
            *("insufficient_funds", "card_velocity_exceeded", "withdrawal_count_limit_exceeded"),
            *("issuer_not_available", "processing_error", "reenter_transaction", "try_again_later"),
            "approve_with_id",
        }
    ),
    BANK: frozenset({"insufficient_funds"}),
}
# A bank that gives no reason: worth two tries, not four.
WITHOUT_REASON = frozenset({"do_not_honor", "generic_decline", "card_declined"})
_TRIES_WITHOUT_REASON = 2
# Banks that ask for the card's owner, who can only answer on a page.
ASKS_OWNER = frozenset({"authentication_required", "authentication_not_handled"})
_SATURDAY = 5
_NEVER = frozenset({"do_not_try_again", "confirm_card_data"})


@dataclass(frozen=True)
class Refusal:
    """Why a payment was refused: the kind of its method, Stripe's code for it, and what Stripe advises."""

    kind: str
    code: str
    advice: str = ""

    @property
    def most_tries(self) -> int:
        """Return how often it is worth being tried again; none where that cannot help."""
        if self.advice in _NEVER or self.kind not in DAYS:
            return 0
        if self.code in MAY_PASS[self.kind]:
            return len(DAYS[self.kind])
        return _TRIES_WITHOUT_REASON if self.kind == CARD and self.code in WITHOUT_REASON else 0


def days_ahead(refusal: Refusal, today: date) -> list[date]:
    """Return the days on which it is worth being tried again: those that its payer is asked to agree to."""
    return [
        _open_day(refusal.kind, today + timedelta(days=days))
        for days in DAYS.get(refusal.kind, ())[: refusal.most_tries]
    ]


def next_day(refusal: Refusal, tried: int, agreed: Sequence[date], today: date) -> date | None:
    """Return which of the days that were agreed to is next, after `tried` refusals; None where it ends."""
    return next((day for day in agreed if day > today), None) if tried < refusal.most_tries else None


def _open_day(kind: str, day: date) -> date:
    """Return the first day from `day` on, on which a method of a kind can be asked: a bank works no weekends."""
    is_weekend = kind == BANK and day.weekday() >= _SATURDAY
    return day + timedelta(days=7 - day.weekday() if is_weekend else 0)
