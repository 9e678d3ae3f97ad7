"""Taking back a discount for paying from a bank account where a card paid in the end.

The page asks Stripe before it shows the total, so only a browser that was tampered with comes here. Laws: a discount is
granted by what paid, never by what was said; what was not earned stays open on the invoices, to the cent.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, delete, update

from connector.ledger.credits import BY_BANK, Use
from connector.ledger.money import Money
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.words import money_text
from sync import history
from sync.runtime import Runtime
from sync.settling.facts import DEBITS


def take_back_unearned(
    session: Session, rt: Runtime, row: PaymentRow, shares: Sequence[ShareRow], uses: Sequence[Use]
) -> tuple[Sequence[ShareRow], Sequence[Use]]:
    """Return a succeeded payment's shares and credits as what paid has earned them, and write what changed of them."""
    unearned = [use for use in uses if use.name.startswith(BY_BANK)]
    if not unearned or row.method in DEBITS:
        return shares, uses
    names = [use.name for use in unearned]
    session.exec(
        delete(CreditUseRow).where(
            col(CreditUseRow.company_id) == row.company_id,
            col(CreditUseRow.payment_id) == row.id,
            col(CreditUseRow.credit).in_(names),
        )
    )
    for use in unearned:
        _cut(session, [share for share in shares if share.customer_id == use.customer_id], use.amount.minor)
    off = Money(sum(use.amount.minor for use in unearned), row.currency)
    said = f"No bank account paid, so {money_text(off)} was not taken off for that; it stays open."
    history.note(session, rt, row, said)
    return shares, [use for use in uses if use.name not in names]


def _cut(session: Session, shares: Sequence[ShareRow], minor: int) -> None:
    """Take minor units off shares, the largest first; each keeps at least one."""
    for share in sorted(shares, key=lambda one: (-one.amount_minor, one.invoice_id)):
        part = min(minor, share.amount_minor - 1)
        if part <= 0:
            continue
        minor -= part
        share.amount_minor -= part
        mine = update(ShareRow).where(
            col(ShareRow.company_id) == share.company_id,
            col(ShareRow.payment_id) == share.payment_id,
            col(ShareRow.invoice_id) == share.invoice_id,
        )
        session.exec(mine.values(amount_minor=share.amount_minor))
