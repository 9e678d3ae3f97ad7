"""Asking about an invoice, disputing it, telling of a check; and the thread that comes of it.

Laws: whoever may see an invoice may talk about it, and sees what others said about it; a thread is looked up with the
visitor's scope in its query; what is sent is counted in the database before anything of it is kept.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.errors import WrongInput
from connector.ledger.allocation import is_too_small
from connector.ledger.money import Money
from connector.store.cache import InvoiceRow
from connector.store.talk import ThreadRow
from connector.words import language, on_record, say
from portal.access.limits import Limit, address, count_try
from portal.access.visitors import Visitor
from portal.customer.gate import for_payers, pages, visitor
from portal.customer.sheet import Sheet, sheet_of
from portal.here import runtime
from portal.ring import DOOR, PRESS, limiter
from portal.security import takes
from portal.talks import LARGEST_FORM, Talk, file_response, form_key, messages_of, said_files, said_text, talks_where
from sync.collect.amounts import read_amount
from sync.talk.answering import answer_as_payer, withdraw
from sync.talk.decisions import Kind, undisputed
from sync.talk.opening import Subject, open_thread
from sync.talk.pausing import disputed_minor
from sync.talk.rows import Said, thread_of

MOST_SHOWN = 20  # threads on an invoice's page
LONGEST_NUMBER = 40
_OLDEST_CHECK = timedelta(days=180)


def talks_of(who: Visitor, sheet: Sheet) -> list[Talk]:
    """Return the threads of an invoice that the visitor may see."""
    with runtime().db.read() as session:
        return talks_where(session, who.company.id, col(ThreadRow.invoice_id) == sheet.invoice.qbo_id, limit=MOST_SHOWN)


def undisputed_of(session: Session, who: Visitor, sheet: Sheet) -> tuple[Money, Money]:
    """Return how much of what is left is disputed, and what may be paid apart from it; nothing where it may not.

    Every dispute counts, also one older than the threads that the page shows.
    """
    rest = undisputed(sheet.left, disputed_minor(session, who.company.id, sheet.invoice.qbo_id))
    disputed = sheet.left - rest
    too_small = is_too_small(rest, sheet.left, who.company.least_part(rest.currency))
    may = who.company.allow_partial and disputed and not too_small
    return disputed, rest if may else Money(0, rest.currency)


@pages.get("/i/<invoice_id>/ask")
@limiter.limit(DOOR)
@for_payers
def show_ask(invoice_id: str) -> ResponseReturnValue:
    """Show the form to ask about an invoice."""
    return _form(_sheet(invoice_id), _kind(request.args.get("about", "")))


def _form(sheet: Sheet, kind: Kind, *, wrong: str = "") -> ResponseReturnValue:
    page = render_template(
        "customer/ask.html",
        sheet=sheet,
        kind=kind.value,
        wrong=wrong,
        typed=request.form,
        today=visitor().company.today,
        form=request.form.get("form") or runtime().clock.new_token(),
    )
    return page, 422 if wrong else 200


@pages.post("/i/<invoice_id>/ask")
@limiter.limit(PRESS)
@for_payers
@takes(LARGEST_FORM)
def open_talk(invoice_id: str) -> ResponseReturnValue:
    """Open a thread on an invoice."""
    who, sheet, rt = visitor(), _sheet(invoice_id), runtime()
    kind = _kind(request.form.get("about", ""))
    count_try(_limits(who, invoice_id))
    try:
        subject, said = _subject(sheet, kind), _said(who, required=kind is not Kind.CHECK_SENT)
    except WrongInput as error:
        return _form(sheet, kind, wrong=str(error))
    spoken = language()
    with on_record(), rt.db.write("talk.open") as session:
        thread_id, owed = open_thread(session, rt, who.company.id, invoice_id, subject, said, language=spoken)
    _ring(owed)
    return redirect(url_for(".show_talk", invoice_id=invoice_id, thread_id=thread_id, sent=1))


@pages.get("/i/<invoice_id>/talk/<thread_id>")
@for_payers
def show_talk(invoice_id: str, thread_id: str) -> ResponseReturnValue:
    """Show a thread."""
    return _page(invoice_id, thread_id)


def _page(invoice_id: str, thread_id: str, *, wrong: str = "") -> ResponseReturnValue:
    who = visitor()
    with runtime().db.read() as session:
        talk = _talk(session, who, invoice_id, thread_id)
        messages = messages_of(session, who.company.id, thread_id)
    page = render_template(
        "customer/talk.html",
        talk=talk,
        messages=messages,
        wrong=wrong,
        typed=request.form,
        today=who.company.today,
        form=request.form.get("form") or runtime().clock.new_token(),
    )
    return page, 422 if wrong else 200


@pages.post("/i/<invoice_id>/talk/<thread_id>")
@limiter.limit(PRESS)
@for_payers
@takes(LARGEST_FORM)
def reply(invoice_id: str, thread_id: str) -> ResponseReturnValue:
    """Add a message to a thread; one that was closed is open again."""
    who, rt = visitor(), runtime()
    with rt.db.read() as session:
        _talk(session, who, invoice_id, thread_id)
    count_try(_limits(who, invoice_id))
    try:
        said = _said(who)
    except WrongInput as error:
        return _page(invoice_id, thread_id, wrong=str(error))
    with on_record(), rt.db.write("talk.reply") as session:
        thread = thread_of(session, who.company.id, thread_id)
        owed = answer_as_payer(session, rt, thread, said) if thread else []
    _ring(owed)
    return redirect(url_for(".show_talk", invoice_id=invoice_id, thread_id=thread_id, sent=1))


@pages.post("/i/<invoice_id>/talk/<thread_id>/settled")
@limiter.limit(PRESS)
@for_payers
def settle_talk(invoice_id: str, thread_id: str) -> ResponseReturnValue:
    """Close a thread because it is settled for the payer."""
    who, rt = visitor(), runtime()
    with on_record(), rt.db.write("talk.settled") as session:
        _talk(session, who, invoice_id, thread_id)
        thread = thread_of(session, who.company.id, thread_id)
        if thread:
            withdraw(session, rt, thread, who.email)
    return redirect(url_for(".show_talk", invoice_id=invoice_id, thread_id=thread_id))


@pages.get("/i/<invoice_id>/talk/<thread_id>/file/<file_id>")
@limiter.limit(DOOR)
@for_payers
def talk_file(invoice_id: str, thread_id: str, file_id: str) -> ResponseReturnValue:
    """Hand over a file of a thread."""
    who = visitor()
    with runtime().db.read() as session:
        _talk(session, who, invoice_id, thread_id)
        return file_response(session, who.company.id, thread_id, file_id)


def _sheet(invoice_id: str) -> Sheet:
    return sheet_of(visitor(), invoice_id) or abort(404)


def _talk(session: Session, who: Visitor, invoice_id: str, thread_id: str) -> Talk:
    """Return a thread of an invoice that the visitor may see, or answer that there is nothing."""
    mine = (who.may_see_invoice(), col(InvoiceRow.qbo_id) == invoice_id, col(ThreadRow.id) == thread_id)
    found = talks_where(session, who.company.id, *mine, limit=1)
    return found[0] if found else abort(404)


def _kind(about: str) -> Kind:
    return Kind(about) if about in set(Kind) else Kind.QUESTION


def _said(who: Visitor, *, required: bool = True) -> Said:
    text = said_text(required=required)
    return Said(form_key(who.contact_id or who.session_hash), text, who.email, who.contact_id, files=said_files())


def _subject(sheet: Sheet, kind: Kind) -> Subject:
    """Read from the form what a thread is about. Raises WrongInput with a sentence."""
    if kind is Kind.CHECK_SENT:
        return Subject(kind, check_number=_check_number(), check_day=_check_day(visitor().company.today))
    line = _line(sheet)
    title = line.title[:300] if line else ""
    return Subject(kind, title, _disputed(sheet, line) if kind is Kind.DISPUTE else 0)


def _line(sheet: Sheet) -> Any:
    chosen = request.form.get("line", "")
    lines = sheet.document.lines if sheet.document else ()
    return lines[int(chosen)] if chosen.isascii() and chosen.isdigit() and int(chosen) < len(lines) else None


def _disputed(sheet: Sheet, line: Any) -> int:
    """Return the disputed amount: as typed, else the line's, else all that is left; never more than the total."""
    typed = request.form.get("amount", "").strip()
    most = sheet.invoice.total
    if not typed:
        amount = line.amount if line and line.amount and line.amount.minor > 0 else sheet.left or most
        return min(amount.minor, most.minor)
    minor = read_amount(typed, most.currency).minor
    if not 0 < minor <= most.minor:
        raise WrongInput(say("Dispute an amount above zero that is no larger than the invoice."))
    return minor


def _check_number() -> str:
    number = " ".join(request.form.get("number", "").split())[:LONGEST_NUMBER]
    if not number:
        raise WrongInput(say("Enter the number of the check."))
    return number


def _check_day(today: date) -> date:
    try:
        day = date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        raise WrongInput(say("Enter the day on which you sent the check.")) from None
    if not today - _OLDEST_CHECK <= day <= today + timedelta(days=1):
        raise WrongInput(say("Enter the day on which you sent the check."))
    return day


def _limits(who: Visitor, invoice_id: str) -> list[Limit]:
    hour, day = timedelta(hours=1), timedelta(days=1)
    return [
        Limit("talk/session", who.session_hash, 12, hour),
        Limit("talk/address", address(), 60, hour),
        Limit("talk/invoice", f"{who.company.id}/{invoice_id}", 40, day),
    ]


def _ring(owed: list[str]) -> None:
    for mail_id in owed:
        runtime().bell.ring("mail", mail_id)
