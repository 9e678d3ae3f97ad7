"""What is said of a payment that is tried again: to its payer by mail, to staff when it ends unpaid, in the sync log.

Writes in the caller's transaction. Law: each is said once for each try, to whoever agreed, at his present address.
"""

from __future__ import annotations

from datetime import date

from sqlmodel import Session

from connector.ledger.money import Money
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow
from connector.store.retries import RetryRow
from sync import history, log, mail_rows, notices
from sync.retrying import rows
from sync.runtime import Runtime
from sync.settling import words

MAIL = "retry"
# Why it ends unpaid, for those who look back.
ENDS = {
    "tries": "the bank refused it each time",
    "method": "this method can no longer pay",
    "asks": "the bank asks the payer to confirm it himself",
    "changed": "what it was meant for has changed since the payer agreed",
    "person": "the payer may no longer pay for this customer",
    "late": "it could not be tried on the days that were agreed to",
    "paid": "nothing is left to pay on it",
}
_SAID_TO_PAYER = frozenset({"tries", "method", "asks", "changed", "late"})


def owe_mail(
    session: Session,
    rt: Runtime,
    row: RetryRow,
    payment: PaymentRow,
    method: SavedMethodRow | None,
    what: str,
    *,
    day: date | None = None,
    reason: str = "",
) -> list[str]:
    """Owe the payer a mail: agreed, again (with the day of the next try), or why it ended; returns its id if new."""
    to, slug = mail_rows.person(session, row.company_id, row.contact_id).first() or ("", "")
    if not to:
        return []
    context = {
        "what": what,
        "method": method.label if method else "",
        "day": day.isoformat() if day else "",
        "reason": reason,
        "url": f"{rt.settings.public_url}/c/{slug}/p/{row.payment_id}",
    }
    key = f"{MAIL}/{row.id}/{row.number}/{what}"
    mail = mail_rows.owe(
        session, rt, row.company_id, kind=MAIL, key=key, to=to, context=context, payment_id=row.payment_id
    )
    return [mail] if mail else []


def tell_of_end(
    session: Session, rt: Runtime, row: RetryRow, payment: PaymentRow, method: SavedMethodRow | None, why: str
) -> list[str]:
    """Tell payer and staff that a payment is tried no more and stays unpaid; returns the mails owed."""
    who, amount = words.customer_name(session, payment), words.amount_of(payment)
    history.note(session, rt, payment, f"It is not tried again: {ENDS[why]}.")
    if why == "paid":
        return []
    mails = owe_mail(session, rt, row, payment, method, why, reason=row.last_text) if why in _SAID_TO_PAYER else []
    named = words.invoices_of(rows.shares_of(session, payment))
    sentence = f"{amount} of {who} is not tried again: {ENDS[why]}"
    money = Money(payment.amount_minor, payment.currency)
    log.write(
        session,
        rt,
        row.company_id,
        kind="settle",
        state="noted",
        sentence=sentence,
        detail=named,
        money=money,
        payment_id=payment.id,
    )
    what = f" for {named}" if named else ""
    text = f"{who} agreed to have {amount}{what} tried again by itself. It is not tried any more, because {ENDS[why]}. "
    text += "Nothing was paid."
    key, path = f"retry_over/{row.id}", f"/staff/payments/{payment.id}"
    return mails + notices.tell_staff(session, rt, row.company_id, key=key, subject=sentence, text=text, path=path)
