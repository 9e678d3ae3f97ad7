"""The statement of account: for any period, as a page, a PDF and a CSV.

Law: only customers of the contact who signed in; the figures are the same on all three.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from connector.words import say
from jobs.statements import AccountStatement, read_statement
from portal.access.roles import Acted, acted_for
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.invoice import pdf_response
from portal.here import now, runtime
from portal.ring import DOOR, limiter

USUAL_DAYS = 90
MOST_DAYS = 366 * 10


@dataclass(frozen=True)
class Asked:
    """Whose statement is asked for, and which days; `problem` says what was wrong with the days."""

    customer: Acted
    customers: tuple[Acted, ...]
    first: date
    last: date
    problem: str = ""


@pages.get("/statement")
@for_contacts
def show_statement() -> ResponseReturnValue:
    """Show a period: what was owed, what moved, what is owed."""
    from jobs.papers import statement as paper

    asked = _asked()
    account = _read(asked)
    return render_template(
        "customer/statement.html",
        asked=asked,
        account=account,
        sums=paper.sums_of(account.statement),
        name_of=paper.name_of,
        on_its_way=paper.on_its_way_text(account),
        spans=_spans(visitor().company.today),
    )


@pages.get("/statement.pdf")
@limiter.limit(DOOR)
@for_contacts
def download_statement() -> ResponseReturnValue:
    """Hand over the statement as a PDF."""
    from jobs.papers.statement import file_name, print_statement  # late: the typesetter is needed by this door alone

    account = _read(_asked())
    return pdf_response(print_statement(account, at=now()), file_name(account))


@pages.get("/statement.csv")
@limiter.limit(DOOR)
@for_contacts
def statement_csv() -> ResponseReturnValue:
    """Hand over the statement as CSV, with amounts as plain decimals."""
    from jobs.papers.statement import file_name, name_of

    account = _read(_asked())
    made, text = account.statement, io.StringIO()
    write = csv.writer(text).writerow
    write([say("Date"), say("What"), say("Amount"), say("Balance"), say("Currency")])
    write([made.first.isoformat(), say("Opening balance"), "", made.opening.decimal(), account.currency])
    for line in made.lines:
        moved = line.movement
        day = "" if moved.day == date.min else moved.day.isoformat()
        write([day, name_of(line), moved.amount.decimal(), line.balance.decimal(), account.currency])
    write([made.last.isoformat(), say("Closing balance"), "", made.closing.decimal(), account.currency])
    headers = {"Content-Disposition": f'attachment; filename="{file_name(account)}.csv"'}
    return Response(text.getvalue(), mimetype="text/csv", headers=headers)


def _read(asked: Asked) -> AccountStatement:
    with runtime().db.read() as session:
        return read_statement(session, visitor().company.id, asked.customer.qbo_id, first=asked.first, last=asked.last)


def _asked() -> Asked:
    """Read the address: a customer of this contact (404 for any other), days that make sense or the usual ones."""
    who, today = visitor(), visitor().company.today
    with runtime().db.read() as session:
        customers = tuple(acted_for(session, who.company.id, who.contact_id))
    wanted = request.args.get("customer") or who.chosen_customer
    mine = [one for one in customers if not wanted or one.qbo_id == wanted]
    if not mine:
        abort(404)
    last = _day(request.args.get("to"))
    first = _day(request.args.get("from"))
    problem = "" if _make_sense(first, last, today) else say("Choose a first day that is not after the last one.")
    if problem or last is None or first is None:
        last = today if problem or last is None else last
        first = last - timedelta(days=USUAL_DAYS) if problem or first is None else first
    return Asked(mine[0], customers, first, last, problem)


def _make_sense(first: date | None, last: date | None, today: date) -> bool:
    begin, end = first or (last or today) - timedelta(days=USUAL_DAYS), last or today
    return begin <= end and (end - begin).days <= MOST_DAYS and end <= today + timedelta(days=MOST_DAYS)


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and 1990 <= day.year <= 2200 else None


def _spans(today: date) -> list[tuple[str, date, date]]:
    """Return the periods people ask for most."""
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    return [
        (say("Last 90 days"), today - timedelta(days=USUAL_DAYS), today),
        (say("This month"), month, today),
        (say("Last month"), before, month - timedelta(days=1)),
        (say("This year"), today.replace(month=1, day=1), today),
        (say("Last year"), date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    ]
