"""Text messages about invoices: to a number that asked for them, and not after it said STOP.

Writes in the caller's transaction. Laws: a number gets nothing but the one question until YES comes from it; STOP from
a number ends the messages of every company to it; a step of an invoice is texted to a number once.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, select, update

from connector.errors import WrongInput
from connector.store.companies import CompanyRow
from connector.store.mailing import NumberRow
from connector.words import language, say
from sync import invoice_links, mail_rows
from sync.reminding.plan import Due
from sync.runtime import Runtime

ASK, BILL = "text_ask", "text_bill"
TEXTS = (ASK, BILL)
ANSWER_WITHIN = timedelta(days=7)
_STOPS = {"STOP", "STOPALL", "STOPP", "ARRET", "ARRÊT", "ALTO", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"}
_YES = {"YES", "Y", "SI", "SÍ", "OUI", "JA"}
_AGAIN = {"START", "UNSTOP"}


def read_number(typed: str, country: str) -> str:
    """Return a number as networks write it, +15035550142. Raises WrongInput with a sentence."""
    digits = re.sub(r"[\s().\-/]", "", typed)
    if country in ("US", "CA") and re.fullmatch(r"1?[2-9]\d{9}", digits):
        digits = f"+1{digits[-10:]}"
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if not re.fullmatch(r"\+[1-9]\d{7,14}", digits):
        raise WrongInput(say("Please write the number with its country, like +1 503 555 0142."))
    return digits


def number_of(session: Session, company_id: str, email: str) -> NumberRow | None:
    """Return the number that an address gave; None where it gave none, or ended it."""
    mine = select(NumberRow).where(
        NumberRow.company_id == company_id, NumberRow.email == email, NumberRow.state != "off"
    )
    return session.exec(mine).one_or_none()


def ask(session: Session, rt: Runtime, company_id: str, email: str, number: str, words: str) -> str:
    """Keep a number and owe it the question whether it agrees; returns the message's id, empty when it was asked today.

    `words` are those beside which the number was given.
    """
    now = rt.clock.now()
    mine = select(NumberRow).where(NumberRow.company_id == company_id, NumberRow.email == email)
    row = session.exec(mine).one_or_none() or NumberRow(
        id=rt.clock.new_id(), company_id=company_id, email=email, number=number, asked_at=now
    )
    row.number, row.state, row.words, row.language = number, "asked", words, language()
    row.asked_at, row.agreed_at, row.ended_at = now, None, None
    session.add(row)
    key = f"text_ask/{email}/{now:%Y-%m-%d}/{number}"
    asked = {"language": language()}
    return mail_rows.owe(session, rt, company_id, kind=ASK, key=key, to=number, context=asked)


def end(session: Session, rt: Runtime, company_id: str, email: str) -> None:
    """End the messages that an address asked for."""
    mine = (col(NumberRow.company_id) == company_id, col(NumberRow.email) == email, col(NumberRow.state) != "off")
    session.exec(update(NumberRow).where(*mine).values(state="off", ended_at=rt.clock.now()))


def hear(session: Session, rt: Runtime, number: str, said: str) -> int:
    """Take what came from a number: YES agrees to what was asked, STOP ends everything; returns how many it changed."""
    word, now = said.strip().strip(".!").upper(), rt.clock.now()
    from_here = col(NumberRow.number) == number
    if word in _STOPS:
        ended = update(NumberRow).where(from_here, col(NumberRow.state) != "off")
        return session.exec(ended.values(state="off", ended_at=now)).rowcount
    if word in _YES:
        asked = update(NumberRow).where(
            from_here, col(NumberRow.state) == "asked", col(NumberRow.asked_at) > now - ANSWER_WITHIN
        )
        return session.exec(asked.values(state="on", agreed_at=now)).rowcount
    if word in _AGAIN:
        again = update(NumberRow).where(from_here, col(NumberRow.state) == "off", col(NumberRow.agreed_at).is_not(None))
        return session.exec(again.values(state="on", agreed_at=now, ended_at=None)).rowcount
    return 0


def is_on(session: Session, company_id: str, number: str) -> bool:
    """Tell whether a number agreed to a company's messages, and still does."""
    mine = select(NumberRow.id).where(
        NumberRow.company_id == company_id, NumberRow.number == number, NumberRow.state == "on"
    )
    return session.exec(mine.limit(1)).first() is not None


def owe_texts(session: Session, rt: Runtime, company: CompanyRow, due: Due) -> list[str]:
    """Owe a message beside a mail to each number that one of its addresses asked for; returns the messages' ids."""
    mine = select(NumberRow).where(
        NumberRow.company_id == company.id, col(NumberRow.email).in_(due.to), NumberRow.state == "on"
    )
    return [owed for row in session.exec(mine).all() if (owed := _owe_bill(session, rt, company, due, row))]


def _owe_bill(session: Session, rt: Runtime, company: CompanyRow, due: Due, row: NumberRow) -> str:
    token = rt.clock.new_token()
    key = f"text/{due.invoice_id}/{due.step}/{row.number}"
    context = {
        "url": invoice_links.invoice_address(rt, company.slug, token),
        "language": row.language or due.language,
        "email": row.email,
    }
    ids: dict[str, Any] = {"customer_id": due.customer_id, "invoice_id": due.invoice_id}
    owed = mail_rows.owe(session, rt, company.id, kind=BILL, key=key, to=row.number, context=context, **ids)
    if owed:
        invoice_links.keep(session, rt, token, company_id=company.id, invoice_id=due.invoice_id)
    return owed
