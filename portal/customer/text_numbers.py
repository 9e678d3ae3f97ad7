"""The number for text messages on the page of preferences: shown, given, taken back.

Laws: a number is asked by a message whether it agrees, a few times a day at most, so that nobody can have a stranger
messaged; what stood beside the field is kept with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import request
from sqlmodel import Session, select

from connector.store.companies import CompanyRow
from connector.store.mailing import AddressRow, NumberRow
from connector.words import say
from portal.access.limits import Limit, address, count_try
from portal.customer.gate import visitor
from portal.here import runtime
from sync.reminding.schedule import schedule_of
from sync.reminding.texting import ask, end, number_of, read_number

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class TextChoice:
    """What the page shows of text messages."""

    number: str
    is_on: bool
    words: str  # what somebody agrees to


def texts_of(session: Session, row: AddressRow) -> TextChoice | None:
    """Return the choice of text messages for an address; None where the company sends none."""
    schedule = schedule_of(session, row.company_id)
    if not runtime().settings.text_url or schedule is None or not (schedule.is_on and schedule.texts):
        return None
    given = number_of(session, row.company_id, row.email)
    return TextChoice(given.number if given else "", given is not None and given.state == "on", _words())


def typed_number() -> str:
    """Return the number in the form, empty where none is given.

    Raises WrongInput for what is no number, TooMany for new ones too often.
    """
    typed = request.form.get("number", "").strip()
    if not typed:
        return ""
    with runtime().db.read() as session:
        country = session.exec(select(CompanyRow.country).where(CompanyRow.id == visitor().company.id)).one()
        number = read_number(typed, country)
        mine = select(NumberRow.id).where(
            NumberRow.company_id == visitor().company.id, NumberRow.number == number, NumberRow.state != "off"
        )
        is_known = session.exec(mine.limit(1)).first() is not None
    if not is_known:
        count_try([Limit("text/number", number, 3, _DAY), Limit("text/address", address(), 10, _DAY)])
    return number


def keep_number(session: Session, row: AddressRow, number: str) -> str:
    """Keep the number that an address gave; returns the id of the message that asks it, if it is to be asked."""
    if texts_of(session, row) is None or "number" not in request.form:
        return ""
    given = number_of(session, row.company_id, row.email)
    if not number:
        end(session, runtime(), row.company_id, row.email)
        return ""
    if given is not None and given.number == number:
        return ""
    return ask(session, runtime(), row.company_id, row.email, number, _words())


def _words() -> str:
    return say(
        "{company} sends you text messages about invoices, at most one a day for each, once you answer YES. "
        "Your carrier may charge for them. Answer STOP at any time to end them.",
        company=visitor().company.name,
    )
