"""Bank accounts that wait for small deposits: their owner is told what to look for, after three days again, the end.

Writes in the caller's transaction. Laws: each mail is owed once for each wait; what waits no more asks for nothing; the
mail leads to a page of ours, and only a payment of one invoice by the holder of a link brings its own way in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.payments import OPEN, PaymentState
from connector.store.access import ContactRow
from connector.store.built import built
from connector.store.companies import CompanyRow
from connector.store.methods import SavedMethodRow
from connector.store.money import PaymentRow, ShareRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert_ignoring, new_row
from connector.store.verifying import BankCheckRow
from connector.stripe.facts import Deposits, Intent
from sync import invoice_links, mail_rows
from sync.runtime import Runtime

ASKS, OVER = "verify_bank", "verify_over"
AGAIN_AFTER = timedelta(days=3)
DAYS = timedelta(days=10)  # Stripe's
LINK_LIFE = timedelta(days=30)
_DONE = Prepared(
    update(BankCheckRow)
    .where(
        col(BankCheckRow.company_id) == bindparam("company"),
        col(BankCheckRow.subject) == bindparam("about"),
        col(BankCheckRow.state) == "waits",
    )
    .values(state="done")
)
_SLUG = Prepared(pick(col(CompanyRow.slug)).where(col(CompanyRow.id) == bindparam("company")))
_REASONS = {
    "payment_method_microdeposit_verification_timeout": "late",
    "payment_method_microdeposit_verification_attempts_exceeded": "tries",
    "payment_method_microdeposit_failed": "unsent",
}


@dataclass(frozen=True)
class About:
    """Whose bank account it is: its payment or kept method, and where its owner is written to."""

    company_id: str
    subject: str
    to: str
    path: str  # of the page that leads on, below the company's portal
    language: str
    payment_id: str = ""
    invoice_id: str = ""  # the one invoice that the holder of a link pays


def of_method(session: Session, rt: Runtime, method: SavedMethodRow, language: str = "") -> About:
    """Return whose a kept method is."""
    to = _address_of(session, method.company_id, method.contact_id).first() or ""
    spoken = language or _last_spoken(session, method.company_id, method.contact_id)
    return About(method.company_id, method.id, to, "account/methods", spoken)


@built
def _address_of(company_id: str, contact_id: str) -> SelectOfScalar[str]:
    return select(ContactRow.email).where(
        ContactRow.company_id == company_id, ContactRow.id == contact_id, ContactRow.state == "active"
    )


def of_payment(session: Session, row: PaymentRow) -> About:
    """Return whose a payment is; the holder of a link who pays one invoice gets a link to it again."""
    invoices = _invoices_of(session, row.company_id, row.id).all()
    invoice_id = invoices[0] if len(invoices) == 1 and not row.contact_id else ""
    return About(row.company_id, row.id, row.payer_email, f"p/{row.id}", row.language, row.id, invoice_id)


@built
def _invoices_of(company_id: str, payment_id: str) -> SelectOfScalar[str]:
    return select(ShareRow.invoice_id).where(ShareRow.company_id == company_id, ShareRow.payment_id == payment_id)


def follow_payment(session: Session, rt: Runtime, row: PaymentRow, intent: Intent) -> list[str]:
    """Follow a payment that begins to wait for its deposits, or waits no more; returns the mails owed now."""
    if row.state in OPEN and intent.deposits:
        return ask(session, rt, of_payment(session, row), intent.deposits)
    if row.state in (PaymentState.PROCESSING, PaymentState.SUCCEEDED):
        is_done(session, row.company_id, row.id)
        return []
    is_late = rt.clock.now() >= row.expires_at
    reason = intent.error_code or ("payment_method_microdeposit_verification_timeout" if is_late else "")
    return end(session, rt, of_payment(session, row), reason)


def ask(session: Session, rt: Runtime, about: About, deposits: Deposits) -> list[str]:
    """Note what a bank account waits for and owe its owner two mails, one for later; returns the first's id."""
    now = rt.clock.now()
    if not _begin(session, about, deposits, now):
        return []
    about_it = {"url": _url(session, rt, about), "again": ""}
    round_ = deposits.arrival_day.isoformat()
    mails = [
        _owe(session, rt, about, ASKS, round_, now, about_it),
        _owe(session, rt, about, ASKS, f"{round_}/again", now + AGAIN_AFTER, {**about_it, "again": "yes"}),
    ]
    return [mail for mail in mails[:1] if mail]


def _begin(session: Session, about: About, deposits: Deposits, now: datetime) -> bool:
    """Write down what a bank account waits for; False where that stands there already."""
    told: dict[str, Any] = {"kind": deposits.kind, "arrival_day": deposits.arrival_day, "url": deposits.url}
    told |= {"language": about.language, "asked_at": now}
    fresh = new_row(BankCheckRow, company_id=about.company_id, subject=about.subject, **told)
    table: Table = BankCheckRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    if insert_ignoring(session, table, [fresh]):
        return True
    mine = update(BankCheckRow).where(
        col(BankCheckRow.company_id) == about.company_id,
        col(BankCheckRow.subject) == about.subject,
        or_(col(BankCheckRow.state) != "waits", col(BankCheckRow.arrival_day) != deposits.arrival_day),
    )
    return bool(session.exec(mine.values(state="waits", why="", **told)).rowcount)


def end(session: Session, rt: Runtime, about: About, code: str) -> list[str]:
    """Note that a bank account waits no more and was not verified; its owner is told where it was not his own doing."""
    check = check_of(session, about.company_id, about.subject)
    if check is None:
        return []
    now = rt.clock.now()
    check.state, check.why = "over", _REASONS.get(code, "")
    session.add(check)
    if not check.why:
        return []
    about = replace(about, language=about.language or check.language)
    mail = _owe(session, rt, about, OVER, check.arrival_day.isoformat(), now, {"url": _url(session, rt, about)})
    return [mail] if mail else []


def is_done(session: Session, company_id: str, subject: str) -> None:
    """Note that a bank account was verified, where it waited."""
    _DONE.change(session, company=company_id, about=subject)


def check_of(session: Session, company_id: str, subject: str) -> BankCheckRow | None:
    """Return what a payment or a kept method of a company waits for; None where it waits for nothing."""
    which = (company_id, subject)
    waits = _state_of(session, *which).first() == "waits"  # mostly not, and an object is dear while writing
    return _of_subject(session, *which).one() if waits else None


@built
def _state_of(company_id: str, subject: str) -> SelectOfScalar[str]:
    return select(BankCheckRow.state).where(BankCheckRow.company_id == company_id, BankCheckRow.subject == subject)


@built
def _of_subject(company_id: str, subject: str) -> SelectOfScalar[BankCheckRow]:
    return select(BankCheckRow).where(BankCheckRow.company_id == company_id, BankCheckRow.subject == subject)


def _owe(
    session: Session, rt: Runtime, about: About, kind: str, round_: str, at: datetime, context: dict[str, str]
) -> str:
    """Owe a mail from an instant on; empty where it was owed before, or nobody can be written to."""
    if not about.to:
        return ""
    told: dict[str, Any] = {"kind": kind, "key": f"{kind}/{about.subject}/{round_}", "to": about.to, "at": at}
    told["context"] = {**context, "subject": about.subject, "language": about.language}
    return mail_rows.owe(session, rt, about.company_id, payment_id=about.payment_id, **told)


def _url(session: Session, rt: Runtime, about: About) -> str:
    """Return the address in the mail: a page that asks for a sign-in, or a link to the one invoice that leads there."""
    [slug] = _SLUG.first(session, company=about.company_id)
    portal = f"{rt.settings.public_url}/c/{slug}"
    if not about.invoice_id or not about.to:
        return f"{portal}/{about.path}"
    token = rt.clock.new_token()
    invoice_links.keep(session, rt, token, company_id=about.company_id, invoice_id=about.invoice_id, life=LINK_LIFE)
    return f"{invoice_links.invoice_address(rt, slug, token)}?payment={about.payment_id}"


def _last_spoken(session: Session, company_id: str, contact_id: str) -> str:
    """Return the language in which a contact last paid; empty where nobody knows."""
    return _languages_of(session, company_id, contact_id).first() or ""


@built
def _languages_of(company_id: str, contact_id: str) -> SelectOfScalar[str]:
    mine = select(PaymentRow.language).where(PaymentRow.company_id == company_id, PaymentRow.contact_id == contact_id)
    return mine.order_by(col(PaymentRow.created_at).desc()).limit(1)
