"""What a bookkeeper decides about a posting: send it again, hold it, give it up.

Laws: the posting is looked up in the member's company before anything is decided; the decision itself, and what it may
not do, stands in `sync.pushing.decisions`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import col

from connector.errors import WrongInput
from connector.store.outbox import PostingRow
from portal.access.members import BOOKKEEPER
from portal.here import runtime
from portal.picking import fetch_one, pick
from portal.staff.gate import member, needs_role, pages
from sync.pushing import decisions


@pages.post("/postings/<posting_id>/retry")
@needs_role(BOOKKEEPER)
def retry_posting(posting_id: str) -> ResponseReturnValue:
    """Send a posting again as soon as it may be, dated anew where a day is given."""
    again = partial(_retry, posting_id, request.form.get("day", ""))
    return _decide(posting_id, again, "It is sent to QuickBooks again now.")


@pages.post("/postings/<posting_id>/hold")
@needs_role(BOOKKEEPER)
def hold_posting(posting_id: str) -> ResponseReturnValue:
    """Keep a posting back until a person retries it."""
    keep = partial(decisions.hold, runtime(), posting_id, member().staff_id)
    return _decide(posting_id, keep, "It is held back until somebody retries it.")


@pages.post("/postings/<posting_id>/drop")
@needs_role(BOOKKEEPER)
def drop_posting(posting_id: str) -> ResponseReturnValue:
    """Give up a held posting that QuickBooks has by hand."""
    give_up = partial(decisions.drop, runtime(), posting_id, member().staff_id, request.form.get("note", ""))
    return _decide(posting_id, give_up, "Tieout will not post it: it is in QuickBooks by hand.")


def _retry(posting_id: str, typed_day: str) -> None:
    try:
        day = date.fromisoformat(typed_day) if typed_day else None
    except ValueError:
        raise WrongInput("Write the date like 2026-11-30.") from None
    decisions.retry(runtime(), posting_id, member().staff_id, day=day)


def _decide(posting_id: str, decision: Callable[[], None], done: str) -> ResponseReturnValue:
    mine = pick(PostingRow.id).where(
        col(PostingRow.company_id) == member().company.id, col(PostingRow.id) == posting_id
    )
    with runtime().db.read() as session:
        if fetch_one(session, mine) is None:
            abort(404)
    try:
        decision()
        flash(done, "good")
    except WrongInput as error:
        flash(str(error), "bad")
    return back_to(url_for(".list_needs"))


def back_to(otherwise: str) -> ResponseReturnValue:
    """Return to the page a form came from; only ever to a path of the console."""
    path = request.form.get("back", "")
    is_ours = path.startswith("/staff/") and "\\" not in path and path.isprintable()
    return redirect(path if is_ours else otherwise)
