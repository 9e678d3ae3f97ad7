"""Which mails somebody gets: chosen by the signed link in each mail, in the account, or by one press in a mail program.

Laws: looking never changes anything, for scanners follow links; one press (RFC 8058) needs no session and no form
token, the signed link is its right; a contact sees the mails that went to the own address and no others.
"""

from __future__ import annotations

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.errors import WrongInput
from connector.store.mailing import AddressRow
from connector.store.outbox import MailRow
from connector.words import language, on_record, say
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.text_numbers import keep_number, texts_of, typed_number
from portal.here import now, runtime
from portal.mails import mail_text, mails_where
from portal.ring import DOOR, PRESS, limiter
from portal.security import csrf
from sync.reminding.addresses import address_of, choose, row_of, rows_of
from sync.reminding.owing import note

_LAST = 50
_OFF = {"new": "new invoices", "reminders": "reminders"}  # in the sync log's words


@pages.get("/mail/<token>")
@limiter.limit(DOOR)
def show_preferences(token: str) -> ResponseReturnValue:
    """Show what the address of a signed link gets."""
    return _preferences(token)


def _preferences(token: str, *, wrong: str = "") -> ResponseReturnValue:
    with runtime().db.read() as session:
        row = _by_link(session, token)
        texts = texts_of(session, row)
    action = url_for(".save_preferences", token=token)
    page = render_template("customer/preferences.html", row=row, action=action, texts=texts, wrong=wrong)
    return page, 422 if wrong else 200


@pages.post("/mail/<token>")
@limiter.limit(PRESS)
def save_preferences(token: str) -> ResponseReturnValue:
    """Keep what the address of a signed link wants."""
    with runtime().db.read() as session:
        row = _by_link(session, token)
    try:
        keep(row.email)
    except WrongInput as error:
        return _preferences(token, wrong=str(error))
    return redirect(url_for(".show_preferences", token=token))


@pages.get("/mail/<token>/off/<kind>")
@limiter.limit(DOOR)
def show_off(token: str, kind: str) -> ResponseReturnValue:
    """Lead whoever follows the link of one press to the preferences; nothing is turned off by looking."""
    with runtime().db.read() as session:
        _by_link(session, token)
    return redirect(url_for(".show_preferences", token=token)) if kind in _OFF else abort(404)


@pages.post("/mail/<token>/off/<kind>")
@limiter.limit(PRESS)
def turn_off(token: str, kind: str) -> ResponseReturnValue:
    """Turn one kind of mail off by one press in a mail program, which posts from no page of ours (RFC 8058)."""
    if kind not in _OFF:
        abort(404)
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    with runtime().db.write("preferences.off") as session:
        row = _by_link(session, token)
        wants = {"new": row.wants_new and kind != "new", "reminders": row.wants_reminders and kind != "reminders"}
        _choose(session, row, wants, row.language)
    return Response(say("Done. You get no more of these mails."), mimetype="text/plain")


csrf.exempt(f"{__name__}.{turn_off.__name__}")


@pages.get("/account/mail")
@for_contacts
def show_mails() -> ResponseReturnValue:
    """Show the mails that went to the own address, and which are wanted."""
    return _mails()


def _mails(*, wrong: str = "") -> ResponseReturnValue:
    who = visitor()
    with runtime().db.read() as session:
        fresh = AddressRow(id="", company_id=who.company.id, email=who.email)
        row = rows_of(session, who.company.id, [who.email]).get(who.email, fresh)
        mails = mails_where(session, who.company.id, col(MailRow.to) == who.email, limit=_LAST)
        texts = texts_of(session, row)
    action = url_for(".save_wanted")
    page = render_template("customer/mails.html", row=row, mails=mails, action=action, texts=texts, wrong=wrong)
    return page, 422 if wrong else 200


@pages.post("/account/mail")
@limiter.limit(PRESS)
@for_contacts
def save_wanted() -> ResponseReturnValue:
    """Keep which mails the own address wants."""
    try:
        keep(visitor().email)
    except WrongInput as error:
        return _mails(wrong=str(error))
    return redirect(url_for(".show_mails"))


@pages.get("/account/mail/<mail_id>")
@for_contacts
def show_own_mail(mail_id: str) -> ResponseReturnValue:
    """Show what a mail to the own address said."""
    who = visitor()
    with runtime().db.read() as session:
        mine = (col(MailRow.id) == mail_id, col(MailRow.to) == who.email)
        found = mail_text(session, who.company.id, *mine)
    if found is None:
        abort(404)
    return render_template("customer/mail_text.html", mail=found[0], text=found[1])


def _by_link(session: Session, token: str) -> AddressRow:
    row = address_of(session, runtime(), visitor().company.id, token)
    return row or abort(404)


def keep(email: str) -> None:
    """Keep what an address wants, as the form says. Raises WrongInput for a number that is none."""
    rt, company_id = runtime(), visitor().company.id
    number = typed_number()
    with rt.db.write("preferences") as session:
        row = row_of(session, rt, company_id, email)
        _choose(session, row, {name: request.form.get(name) == "yes" for name in _OFF}, language())
        owed = keep_number(session, row, number)
    if owed:
        rt.bell.ring("mail", owed)
    flash(say("Saved. Answer the text message with YES, and it counts.") if owed else say("Saved."), "good")


def _choose(session: Session, row: AddressRow, wants: dict[str, bool], reads: str) -> None:
    rt, had = runtime(), {"new": row.wants_new, "reminders": row.wants_reminders}
    choose(session, row.company_id, row.id, now(), language=reads, **wants)
    with on_record():
        for name, words in _OFF.items():
            if wants[name] != had[name]:
                note(session, rt, row.company_id, f"{row.email} turned {words} {'on' if wants[name] else 'off'}")
