"""The schedule of mails about invoices: its settings, whom the next look writes to and in which words, and addresses.

Laws: only owners change the schedule, and every change is a line in the sync log; a preview writes nothing; an address
that bounced is mailed again when a person says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col, or_

from connector.clock import day_in
from connector.errors import WrongInput
from connector.store.companies import CompanyRow
from connector.store.mailing import AddressRow, ScheduleRow
from portal.access.members import BOOKKEEPER, OWNER
from portal.here import now, runtime
from portal.picking import fetch, pick
from portal.staff.gate import member, needs_role, pages
from sync import log
from sync.reminding.bouncing import lift_stops
from sync.reminding.decisions import NEW, next_open, read_quiet_days, read_steps
from sync.reminding.owing import BY_HAND
from sync.reminding.plan import Due, due_on
from sync.reminding.schedule import Wanted, rule_of, save, schedule_of

if TYPE_CHECKING:
    from jobs.mail.preview import Sample

_MOST_ADDRESSES = 200


@dataclass(frozen=True)
class Preview:
    """Whom the next look would write to, and what the mails say."""

    at: datetime
    due: list[Due]
    samples: list[Sample]


@pages.get("/mail")
def show_mailing() -> ResponseReturnValue:
    """Show the schedule, what it would do next, and the addresses that take or want less."""
    return _page()


def _page(*, wrong: str = "") -> ResponseReturnValue:
    company_id = member().company.id
    with runtime().db.read() as session:
        company = session.get_one(CompanyRow, company_id)
        row = schedule_of(session, company_id) or ScheduleRow(company_id=company_id, changed_at=now())
        preview = _preview(session, company, row)
        addresses = _addresses(session, company_id)
    page = render_template(
        "staff/mail.html",
        row=row,
        preview=preview,
        stopped=[one for one in addresses if one.stopped_at],
        refusing=[one for one in addresses if not one.stopped_at],
        wrong=wrong,
        typed=request.form,
        step_words=step_words,
        can_text=bool(runtime().settings.text_url),
    )
    return page, 422 if wrong else 200


@pages.post("/mail")
@needs_role(OWNER)
def save_mailing() -> ResponseReturnValue:
    """Save the schedule."""
    rt, who = runtime(), member()
    try:
        wanted = _read(request.form)
        with rt.db.write("mailing.save") as session:
            company = session.get_one(CompanyRow, who.company.id)
            changed = save(session, company, wanted, rt.clock.now())
            if changed:
                what = "turned mails about invoices on" if wanted.is_on else "turned mails about invoices off"
                names = ", ".join(sorted(name.replace("_", " ") for name in changed))
                sentence = f"{who.name} {what}" if "is_on" in changed else f"{who.name} changed their schedule: {names}"
                log.write(session, rt, company.id, kind="mail", state="noted", sentence=sentence)
    except WrongInput as error:
        return _page(wrong=str(error))
    flash("Saved. It counts from now on." if changed else "Nothing was changed.", "good")
    return redirect(url_for(".show_mailing"))


@pages.post("/mail/addresses")
@needs_role(BOOKKEEPER)
def mail_again() -> ResponseReturnValue:
    """Let mail go again to an address that bounced."""
    rt, who = runtime(), member()
    email = request.form.get("email", "").strip().lower()
    with rt.db.write("mailing.lift") as session:
        if email not in {one.email for one in _addresses(session, who.company.id) if one.stopped_at}:
            abort(404)
        lift_stops(session, rt, who.company.id, [email], by=who.staff_id, why=f"{who.name} says that it is right")
    flash(f"Mail goes to {email} again.", "good")
    return redirect(url_for(".show_mailing"))


def step_words(step: str) -> str:
    """Return what a step is, for staff."""
    if step == NEW:
        return "New invoice"
    if step.startswith(BY_HAND):
        return "Sent by hand"
    days = int(step)
    if not days:
        return "On the day it is due"
    many = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{many} before it is due" if days < 0 else f"{many} after it was due"


def _preview(session: Session, company: CompanyRow, row: ScheduleRow) -> Preview:
    """Return what the next look would do, as if the schedule were on where it is off."""
    from jobs.mail.preview import samples  # late: the letters are needed by this page alone

    rule = rule_of(row, company.zone)
    today = runtime().clock.today(company.zone)
    rule = replace(rule, since=rule.since or today)
    at = next_open(rule, now())
    return Preview(at, due_on(session, company.id, rule, day_in(company.zone, at)), samples(company, rule, today))


def _read(form: Any) -> Wanted:
    """Read the schedule as a person typed it. Raises WrongInput."""
    hours = [form.get("opens_hour", ""), form.get("closes_hour", "")]
    if not all(hour.isascii() and hour.isdigit() and len(hour) < 3 for hour in hours):
        raise WrongInput("Choose the hours between which mails leave.")
    return Wanted(
        is_on=form.get("is_on") == "yes",
        mails_new=form.get("mails_new") == "yes",
        steps=read_steps(form.get("steps", "")),
        opens_hour=int(hours[0]),
        closes_hour=int(hours[1]),
        quiet_weekends=form.get("quiet_weekends") == "yes",
        quiet_days=read_quiet_days(form.get("quiet_days", "")),
        attaches_pdf=form.get("attaches_pdf") == "yes",
        also_quickbooks=form.get("also_quickbooks") == "yes",
        texts=form.get("texts") == "yes",
    )


def _addresses(session: Session, company_id: str) -> Any:
    """Return the addresses that take no mail, or want less of it."""
    found = pick(
        *(AddressRow.email, AddressRow.wants_new, AddressRow.wants_reminders, AddressRow.chosen_at),
        *(AddressRow.stopped_at, AddressRow.stopped_why),
    ).where(
        col(AddressRow.company_id) == company_id,
        or_(
            col(AddressRow.stopped_at).is_not(None),
            col(AddressRow.wants_new).is_(False),
            col(AddressRow.wants_reminders).is_(False),
        ),
    )
    return fetch(session, found.order_by(col(AddressRow.email)).limit(_MOST_ADDRESSES))
