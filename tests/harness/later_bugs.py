"""Bugs that were seeded only after the harness stood, and without touching it: does it bite what it was not made for?

Same shape as `tests.harness.bugs`. Law: no check was written or changed for any of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlmodel import col, func, select

from connector.ledger.money import Money
from connector.store.money import PaymentRow
from sync.settle import FIRST_RECEIPT
from tests.harness.bugs import Bug, Wrong


def _newest_number(real: Wrong) -> Wrong:
    """Count receipts by what stands in the table of payments that were settled."""

    def next_count(session: Any, company_id: str, name: str, *, first: int = 1) -> int:
        if name != "receipt":
            counted: int = real(session, company_id, name, first=first)
            return counted
        settled = select(func.count()).where(
            PaymentRow.company_id == company_id, col(PaymentRow.settled_at).is_not(None)
        )
        return FIRST_RECEIPT + int(session.exec(settled).one())

    return next_count


def _net_booked(real: Wrong) -> Wrong:
    """Record what really arrived, the charge less its fee, in one entry."""

    def charge_fact(*args: Any, **more: Any) -> Any:
        fact = real(*args, **more)
        left = fact.gross.minor - fact.fee.minor
        net, shares = Money(left, fact.gross.currency), []
        for share in fact.shares:
            part = min(share.amount.minor, left)
            left -= part
            shares.append(replace(share, amount=Money(part, net.currency)))
        return replace(fact, gross=net, fee=Money(0, net.currency), shares=tuple(shares))

    return charge_fact


def _held_quietly(_real: Wrong) -> Wrong:
    """Hold a posting; the list of held postings shows it, so nobody needs to be told."""

    def renew(session: Any, rt: Any, row: Any, code: str) -> None:
        return None

    return renew


def _fee_by_formula(real: Wrong) -> Wrong:
    """Compute the fee by the price list, 2.9 % and 30 cents, for it is always that."""

    def fee_posting(fact: Any) -> Any:
        fee = fact.gross.minor * 29 // 1000 + 30
        return real(replace(fact, fee=Money(fee, fact.gross.currency)))

    return fee_posting


def _bug(
    name: str, caught: tuple[str, ...], needs: str, place: tuple[str, str], wrong: Callable[[Wrong], Wrong]
) -> Bug:
    careless = " ".join((wrong.__doc__ or "").split())
    return Bug(name, careless, caught, (needs,), ("L1", "L2"), (place,), wrong)


LATER = (
    _bug("receipts_counted", ("I-19",), "two payments, one not settled", ("sync.settle", "next_count"), _newest_number),
    _bug("held_quietly", ("I-14",), "a definite no", ("sync.pushing.held", "renew"), _held_quietly),
    _bug(
        "fee_by_formula", ("I-3", "I-1"), "a bank debit", ("connector.ledger.postings", "fee_posting"), _fee_by_formula
    ),
    _bug("net_booked", ("I-1", "I-18"), "any charge", ("sync.settle", "charge_fact"), _net_booked),
)
