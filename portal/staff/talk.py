"""Questions and disputes in the console: the list, a thread, answering, handing over, closing with a result.

Laws: looking is for every role, speaking for the company is for bookkeepers; the link that an answer carries opens the
one invoice and nothing else.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.clock import day_in
from connector.errors import WrongInput
from connector.store.access import MembershipRow, StaffRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.talk import ThreadRow
from portal.access import links
from portal.access.members import BOOKKEEPER, OWNER, Member
from portal.here import now, runtime
from portal.picking import fetch, pick
from portal.security import takes
from portal.staff.gate import member, needs_role, pages
from portal.staff.matching import matches
from portal.staff.wish import PAGE, Wish, read_wish
from portal.talks import LARGEST_FORM, Talk, file_response, form_key, messages_of, said_files, said_text, talks_where
from sync.invoice_links import invoice_address
from sync.talk.answering import answer_as_staff, close_by_staff, hand_over
from sync.talk.decisions import end_of
from sync.talk.rows import Said, message_by_key, thread_of

FILTERS = {"": "Waiting", "mine": "Mine", "open": "Open", "closed": "Settled", "all": "All"}


@pages.get("/talk")
def list_talks() -> ResponseReturnValue:
    """Show the threads, those that are due first while they wait for an answer."""
    wish, who = read_wish(".list_talks", show=FILTERS), member()
    order = col(ThreadRow.due_at) if wish["show"] in ("", "mine") else None
    with runtime().db.read() as session:
        rows = talks_where(
            session, who.company.id, *_conditions(who, wish), limit=PAGE + 1, offset=wish.offset, order=order
        )
    return render_template(
        "staff/talks.html", wish=wish, rows=rows[:PAGE], has_more=len(rows) > PAGE, filters=FILTERS, now=now()
    )


def _conditions(who: Member, wish: Wish) -> list[Any]:
    is_open = col(ThreadRow.state) == "open"
    shown = {
        "": [is_open, col(ThreadRow.turn) == "staff"],
        "mine": [is_open, col(ThreadRow.owner_id) == who.staff_id],
        "open": [is_open],
        "closed": [~is_open],
    }
    conditions: list[Any] = shown.get(wish["show"], [])
    if wish["q"]:
        texts = (col(InvoiceRow.number), col(CustomerRow.name), col(ThreadRow.check_number))
        amounts = (col(ThreadRow.disputed_minor),)
        currency = who.company.home_currency
        conditions = [*conditions, matches(wish["q"], texts=texts, ids=(), amounts=amounts, currency=currency)]
    return conditions


@pages.get("/talk/<thread_id>")
def show_talk(thread_id: str) -> ResponseReturnValue:
    """Show a thread."""
    return _page(thread_id)


def _page(thread_id: str, *, wrong: str = "") -> ResponseReturnValue:
    who = member()
    with runtime().db.read() as session:
        talk = _talk(session, who, thread_id)
        messages = messages_of(session, who.company.id, thread_id)
        colleagues = _colleagues(session, who.company.id)
    page = render_template(
        "staff/talk.html",
        talk=talk,
        messages=messages,
        colleagues=colleagues,
        due_day=day_in(who.company.zone, talk.due_at),
        is_late=talk.state == "open" and talk.turn == "staff" and talk.due_at <= now(),
        wrong=wrong,
        typed=request.form.get("text", ""),
        form=request.form.get("form") or runtime().clock.new_token(),
    )
    return page, 422 if wrong else 200


@pages.post("/talk/<thread_id>/answer")
@needs_role(BOOKKEEPER)
@takes(LARGEST_FORM)
def answer_talk(thread_id: str) -> ResponseReturnValue:
    """Answer a thread, or close it with this as its result."""
    rt, who = runtime(), member()
    with rt.db.read() as session:
        talk = _talk(session, who, thread_id)
    try:
        said = Said(form_key(who.staff_id), said_text(), who.name, who.staff_id, files=said_files())
    except WrongInput as error:
        return _page(thread_id, wrong=str(error))
    closes = bool(request.form.get("close"))
    speak = close_by_staff if closes else answer_as_staff
    with rt.db.write("talk.answer") as session:
        thread = thread_of(session, who.company.id, thread_id) or abort(404)
        was_said = message_by_key(session, who.company.id, said.key) is not None
        is_late = closes and thread.state == "closed" and not was_said
        owed: list[str] | None = None
        if not (was_said or is_late):
            token = links.add_invoice_link(session, rt, who.company.id, talk.invoice_id)
            owed = speak(session, rt, thread, said, url=invoice_address(rt, who.company.slug, token))
    if is_late:
        return _page(thread_id, wrong="It was settled meanwhile, so nothing was sent. Send it without settling again.")
    for mail_id in owed or []:
        rt.bell.ring("mail", mail_id)
    flash(f"{'Settled' if closes else 'Answered'}.{_told(owed)}", "good")
    return redirect(url_for(".show_talk", thread_id=thread_id))


def _told(owed: list[str] | None) -> str:
    """Say whether an answer goes out by mail; nothing where the form was pressed before."""
    if owed is None:
        return ""
    return " It goes to them by mail, too." if owed else " No address of theirs is known; they read it at the invoice."


@pages.post("/talk/<thread_id>/assign")
@needs_role(BOOKKEEPER)
def assign_talk(thread_id: str) -> ResponseReturnValue:
    """Give a thread an owner and a due day."""
    rt, who = runtime(), member()
    owner_id = request.form.get("owner", "")
    due = _due(who, request.form.get("due", ""))
    with rt.db.write("talk.assign") as session:
        thread = thread_of(session, who.company.id, thread_id) or abort(404)
        if due is None or owner_id not in {one.id for one in _colleagues(session, who.company.id)}:
            abort(400)
        hand_over(session, rt, thread, owner_id, due)
    flash("Handed over.", "good")
    return redirect(url_for(".show_talk", thread_id=thread_id))


@pages.get("/talk/<thread_id>/file/<file_id>")
def talk_file(thread_id: str, file_id: str) -> ResponseReturnValue:
    """Hand over a file of a thread."""
    with runtime().db.read() as session:
        _talk(session, member(), thread_id)
        return file_response(session, member().company.id, thread_id, file_id)


def _talk(session: Session, who: Member, thread_id: str) -> Talk:
    found = talks_where(session, who.company.id, col(ThreadRow.id) == thread_id, limit=1)
    return found[0] if found else abort(404)


def _due(who: Member, text: str) -> datetime | None:
    try:
        return end_of(date.fromisoformat(text), who.company.zone)
    except ValueError:
        return None


def _colleagues(session: Session, company_id: str) -> Any:
    """Return who may look after a thread, by name."""
    found = pick(StaffRow.id, StaffRow.name, StaffRow.email).join(
        MembershipRow, col(MembershipRow.staff_id) == StaffRow.id
    )
    mine = found.where(col(MembershipRow.company_id) == company_id, col(MembershipRow.role).in_((OWNER, BOOKKEEPER)))
    return fetch(session, mine.order_by(col(StaffRow.name), col(StaffRow.id)))
