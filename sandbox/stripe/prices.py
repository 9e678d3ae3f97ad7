"""What Stripe keeps of each movement, in integers of minor units, rounded half up."""

from __future__ import annotations

from sandbox.stripe.switches import Switches

_BASIS = 10_000


def card_fee(switches: Switches, amount: int) -> int:
    """Return the fee of a card charge."""
    return _share(amount, switches["card_fee_basis_points"]) + int(switches["card_fee_fixed"])


def debit_fee(switches: Switches, amount: int) -> int:
    """Return the fee of a bank debit, capped."""
    return min(_share(amount, switches["debit_fee_basis_points"]), int(switches["debit_fee_cap"]))


def conversion_fee(switches: Switches, amount: int) -> int:
    """Return the fee for taking a charge in another currency than it is settled in."""
    return _share(amount, switches["conversion_fee_basis_points"])


def instant_fee(switches: Switches, amount: int) -> int:
    """Return the fee of an instant payout, which has a least."""
    return max(_share(amount, switches["instant_fee_basis_points"]), int(switches["instant_fee_least"]))


def _share(amount: int, basis_points: int) -> int:
    return (amount * basis_points + _BASIS // 2) // _BASIS
