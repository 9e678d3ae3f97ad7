"""Owing the mails about invoices: a mail's row, the secret link it holds, and the row of the address it goes to.

Writes in the caller's transaction. Laws: a step of an invoice is owed to an address once, by the mail's unique key; a
link is added beside those that were given out before and ends none of them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlmodel import Session

from connector.errors import WrongInput
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from sync import invoice_links, log, mail_rows
from sync.reminding.addresses import is_stopped, preferences_url, row_of
from sync.reminding.asking import asked_of
from sync.reminding.decisions import NEW
from sync.reminding.plan import INVOICE_NEW, REMINDER, Due, candidate, key_of, languages_of
from sync.runtime import Runtime

BY_HAND = "hand-"  # and the day: whoever presses twice on a day sends one mail


def owe(session: Session, rt: Runtime, company: CompanyRow, due: Due, *, by_hand: bool = False) -> list[str]:
    """Owe a mail about an invoice to each of its addresses that has not had it; returns the mails' ids."""
    mails = [_owe_to(session, rt, company, due, address, by_hand) for address in due.to]
    return [mail for mail in mails if mail]


def owe_by_hand(
    session: Session, rt: Runtime, company: CompanyRow, invoice_id: str, to: str, allowed: Collection[str], by: str
) -> str:
    """Owe a mail about an invoice that a person sends now, at any hour; returns its id.

    Raises WrongInput with the reason when there is nothing to ask for, or it was sent today.
    """
    found = candidate(session, company.id, company.zone, invoice_id)
    if found is None or to not in allowed:
        raise WrongInput("Choose an address that is on file.")
    asked = asked_of(session, company.id, [found.row])[invoice_id]
    if asked.why_not:
        raise WrongInput(asked.why_not)
    if is_stopped(session, company.id, to):
        raise WrongInput(f"{to} takes no mail. Lift that under Mail first.")
    row, today = found.row, rt.clock.today(company.zone)
    language = languages_of(session, company.id, {row.customer_id}).get(row.customer_id, "")
    due = Due(
        *(invoice_id, row.number or invoice_id, row.customer_id, found.customer, f"{BY_HAND}{today}"),
        *((to,), asked.amount, row.due_day, language),
    )
    owed = owe(session, rt, company, due, by_hand=True)
    if not owed:
        raise WrongInput(f"It went to {to} today already.")
    note(session, rt, company.id, f"{by} sent invoice {due.number} to {to}", asked.amount)
    return owed[0]


def note(session: Session, rt: Runtime, company_id: str, sentence: str, money: Money | None = None) -> None:
    """Write a line about mails into the sync log."""
    log.write(session, rt, company_id, kind="mail", state="noted", sentence=sentence, money=money)


def _owe_to(session: Session, rt: Runtime, company: CompanyRow, due: Due, to: str, by_hand: bool) -> str:
    token = rt.clock.new_token()
    address = row_of(session, rt, company.id, to)
    context = {
        "url": invoice_links.invoice_address(rt, company.slug, token),
        "preferences": preferences_url(rt, company.slug, address.id),
        "language": address.language or due.language,
        "by_hand": "yes" if by_hand else "",
    }
    kind, key = INVOICE_NEW if due.step == NEW else REMINDER, key_of(due.invoice_id, due.step, to)
    ids: dict[str, Any] = {"customer_id": due.customer_id, "invoice_id": due.invoice_id}
    owed = mail_rows.owe(session, rt, company.id, kind=kind, key=key, to=to, context=context, **ids)
    if owed:
        invoice_links.keep(session, rt, token, company_id=company.id, invoice_id=due.invoice_id)
    return owed
