"""The pages of estimates and credits: the list, an estimate with its answer, and QuickBooks' own PDFs of both.

Laws: an answer is given to the version that was seen, once, by somebody who may pay for that customer; it is owed to
QuickBooks in the commit that takes it; a PDF is kept by version and read anew for another.
"""

from __future__ import annotations

import structlog
from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session, col

from connector.errors import GatewayError, NotConnected, NotFound
from connector.store.cache import CreditRow
from connector.store.papers import EstimateRow
from connector.words import mark, money_text, on_record, say
from portal.access.visitors import Visitor
from portal.customer.attachments import estimate_files
from portal.customer.credits import left_of_payments, title_of
from portal.customer.estimates import Estimate, Standing, credits_of, estimates_of, may_see, paper_of
from portal.customer.gate import for_contacts, pages, visitor
from portal.customer.invoice import pdf_response
from portal.errors import Words, answer
from portal.here import runtime
from portal.picking import fetch_one, pick
from portal.ring import DOOR, PRESS, limiter
from sync import log as sync_log
from sync.copies import paper
from sync.editing.rows import Edit, key_of, owe_edit
from sync.notices import tell_staff
from sync.reach import PAYERS

log = structlog.get_logger()

LONGEST_NAME = 60
LONGEST_NOTE = 1000
_STATUS = {"approve": "Accepted", "decline": "Rejected"}
_NO_PDF = Words(
    mark("The PDF cannot be fetched right now"),
    mark("It comes straight from the books, and they do not answer at the moment. Please try again in a few minutes."),
)


@pages.get("/documents")
@for_contacts
def list_documents() -> ResponseReturnValue:
    """Show estimates and credits."""
    who = visitor()
    with runtime().db.read() as session:
        estimates, memos = estimates_of(session, who), credits_of(session, who)
        rests = left_of_payments(session, who)
    names = {one.customer_name for one in estimates} | {one.customer_name for one in memos}
    return render_template(
        "customer/documents.html",
        estimates=estimates,
        credits=memos,
        rests=rests,
        title_of=title_of,
        several=len(names) > 1,
        today=who.company.today,
    )


@pages.get("/e/<estimate_id>")
@for_contacts
def show_estimate(estimate_id: str) -> ResponseReturnValue:
    """Show an estimate, and the form to answer it while it waits."""
    return _page(estimate_id)


def _page(estimate_id: str, *, wrong: str = "") -> ResponseReturnValue:
    who = visitor()
    with runtime().db.read() as session:
        estimate = _estimate(session, who, estimate_id)
        shown = paper_of(session, who, estimate)
        files = estimate_files(session, who, estimate_id)
        may_answer = _may_answer(session, who, estimate_id)
    page = render_template(
        "customer/estimate.html",
        estimate=estimate,
        paper=shown,
        files=files,
        may_answer=may_answer,
        wrong=wrong,
        typed=request.form,
        today=who.company.today,
    )
    return page, 422 if wrong else 200


@pages.post("/e/<estimate_id>")
@limiter.limit(PRESS)
@for_contacts
def answer_estimate(estimate_id: str) -> ResponseReturnValue:
    """Approve or decline an estimate."""
    who, rt = visitor(), runtime()
    name = " ".join(request.form.get("name", "").split())[:LONGEST_NAME]
    status = _STATUS.get(request.form.get("answer", ""), "")
    with rt.db.read() as session:
        estimate = _estimate(session, who, estimate_id)
        if not _may_answer(session, who, estimate_id):
            abort(404)
    if estimate.standing is not Standing.WAITS:
        return redirect(url_for(".show_estimate", estimate_id=estimate_id))
    if request.form.get("version") != estimate.version:
        return _page(estimate_id, wrong=say("This estimate was changed since you opened it. Please look at it again."))
    if not name or not status:
        whom = who.company.name
        return _page(estimate_id, wrong=say("Write your name, so that {company} knows who answered.", company=whom))
    note = request.form.get("note", "").replace("\r\n", "\n").strip()[:LONGEST_NOTE]
    with on_record(), rt.db.write("estimate.answer") as session:
        mails = _take(session, who, estimate, status, name, note)
    rt.bell.ring("push", who.company.id)
    for mail_id in mails:
        rt.bell.ring("mail", mail_id)
    return redirect(url_for(".show_estimate", estimate_id=estimate_id))


def _take(session: Session, who: Visitor, estimate: Estimate, status: str, name: str, note: str) -> list[str]:
    """Owe QuickBooks the answer and staff a mail, in one commit; a second press owes nothing."""
    rt, company = runtime(), who.company
    verb = "approved" if status == "Accepted" else "declined"
    title = f"Estimate {estimate.number or estimate.qbo_id} {verb} by {name}"
    wanted = {"TxnStatus": status}
    if status == "Accepted":
        wanted |= {"AcceptedBy": name, "AcceptedDate": company.today.isoformat()}
    edit = Edit(
        key=key_of(session, company.id, f"estimate/{estimate.qbo_id}/{estimate.version}"),
        entity="Estimate",
        qbo_id=estimate.qbo_id,
        customer_id=estimate.customer_id,
        title=title,
        wanted=wanted,
        base={"TxnStatus": estimate.status, "TotalAmt": str(estimate.total.decimal())},
        by_id=who.contact_id,
    )
    if owe_edit(session, rt, company.id, edit) is None:
        return []
    sentence = f"{estimate.customer_name} {verb} estimate {estimate.number} over {money_text(estimate.total)}"
    detail = f"{name}, signed in as {who.email}{f': {note}' if note else ''}"
    sync_log.write(
        session,
        rt,
        company.id,
        kind="talk",
        state="noted",
        sentence=sentence,
        detail=detail,
        entity="Estimate",
        qbo_id=estimate.qbo_id,
    )
    return tell_staff(
        session,
        rt,
        company.id,
        key=edit.key,
        subject=sentence,
        text=detail,
        path=f"/staff/customers/{estimate.customer_id}",
    )


def _estimate(session: Session, who: Visitor, estimate_id: str) -> Estimate:
    found = estimates_of(session, who, col(EstimateRow.qbo_id) == estimate_id)
    return found[0] if found else abort(404)


def _may_answer(session: Session, who: Visitor, estimate_id: str) -> bool:
    mine = pick(EstimateRow.qbo_id).where(may_see(who, *PAYERS), col(EstimateRow.qbo_id) == estimate_id)
    return fetch_one(session, mine) is not None


@pages.get("/e/<estimate_id>/pdf")
@limiter.limit(DOOR)
@for_contacts
def download_estimate(estimate_id: str) -> ResponseReturnValue:
    """Hand over QuickBooks' own PDF of an estimate."""
    with runtime().db.read() as session:
        estimate = _estimate(session, visitor(), estimate_id)
    return _pdf("Estimate", estimate_id, estimate.version, f"estimate-{estimate.number or estimate_id}")


@pages.get("/credit/<credit_id>/pdf")
@limiter.limit(DOOR)
@for_contacts
def download_credit(credit_id: str) -> ResponseReturnValue:
    """Hand over QuickBooks' own PDF of a credit memo."""
    with runtime().db.read() as session:
        found = credits_of(session, visitor(), col(CreditRow.qbo_id) == credit_id)
        if not found:
            abort(404)
        mine = (col(CreditRow.company_id) == visitor().company.id, col(CreditRow.qbo_id) == credit_id)
        row = fetch_one(session, pick(CreditRow.sync_token, CreditRow.balance_minor).where(*mine))
    # By the balance in the books, which is the one on the paper.
    version = f"{row.sync_token}/{row.balance_minor}"
    return _pdf("CreditMemo", credit_id, version, f"credit-{found[0].number or credit_id}")


def _pdf(entity: str, qbo_id: str, version: str, name: str) -> ResponseReturnValue:
    try:
        company = visitor().company
        return pdf_response(paper(runtime(), company.id, entity, qbo_id, f"{version}/{company.today}"), name)
    except NotFound:
        abort(404)
    except (GatewayError, NotConnected) as error:
        log.warning("pdf_unavailable", error=type(error).__name__, trace=getattr(error, "trace", ""))
        return answer(503, _NO_PDF, retry_after=60)
