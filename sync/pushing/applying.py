"""Applying a Payment that QuickBooks has already: read, changed by a frozen update, and read again before a second try.

Laws: intent is a row before a call goes out; every line of the Payment that was there stays; an update that may have
arrived is looked for in the Payment itself, and made anew for another version only where nothing of it is there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlmodel import col, update

from connector.errors import GatewayError, NotConnected, NotFound, Stale
from connector.ledger.keys import request_id
from connector.qbo.applying import Standing, applying_body, parts_of, payment_id_of, short_of, standing_of
from connector.qbo.documents import NotBookable, thaw
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.shapes import Document, RawObject
from connector.store.outbox import PostingRow
from sync.collect.live import live_invoices
from sync.outbox import posting_of
from sync.pushing import attempts, claims
from sync.pushing.claims import Claim
from sync.pushing.sending import Call, conclude, end_failed, end_held, end_posted, fail_call, name_of
from sync.pushing.verdicts import Outcome, backoff
from sync.runtime import Runtime

MOST_TRIES = 5  # while others keep changing the Payment; then a person is asked


def push_applying(rt: Runtime, gateway: QuickBooksGateway, company_id: str, posting_id: str) -> Outcome:
    """Bring a posting that applies a Payment to QuickBooks once. Raises nothing that QuickBooks or the network does."""
    taken = _claim(rt, company_id, posting_id)
    if taken is None:
        return Outcome.FENCED
    try:
        with rt.db.read() as session:
            claims.refuse_other_currency(session, taken.row)
        live = gateway.read("Payment", payment_id_of(taken.posting))
        fits = _what_fits(rt, taken)
    except NotBookable as reason:
        return end_held(rt, taken, Call("read", "refused", None), code=reason.needs, said=str(reason))
    except NotFound as error:
        return end_held(rt, taken, fail_call("read", "refused", error), code="credit_used")
    except (GatewayError, NotConnected) as error:
        return end_failed(rt, taken, error, "read")
    read = Call("read", "ok", None, name_of(live))
    frozen = taken.row.request_body.encode()
    standing = standing_of(taken.posting, frozen, live) if frozen else Standing.ABSENT
    if standing is Standing.ARRIVED:
        return end_posted(rt, taken, live, read, short=short_of(taken.posting, frozen, None))
    if standing is Standing.UNCLEAR:
        return end_held(rt, taken, read, code="differs")
    try:
        body = frozen if standing is Standing.SAME else applying_body(taken.posting, live, fits)
    except NotBookable as reason:
        return end_held(rt, taken, read, code=reason.needs, said=str(reason))
    ready = _freeze(rt, taken, body, read, is_anew=bool(frozen) and standing is Standing.ABSENT)
    return _update(rt, gateway, ready, live) if ready else Outcome.FENCED


def _claim(rt: Runtime, company_id: str, posting_id: str) -> Claim | None:
    """Take a posting and log that its Payment is about to be read; None when another worker was first."""
    with rt.db.write("apply_claim") as session:
        free = claims.take(session, rt, company_id, posting_id)
        if free is None:
            return None
        row, came_from = free
        claims.count_try(session, rt, row)
        posting = posting_of(session, row)
        nothing = Document("Payment", {}, f"Payment {payment_id_of(posting)}")
        taken = Claim(row, posting, nothing, b"", row.fence, came_from, look_first=False)
        claims.write_intent(session, rt, taken, "read")
        return taken


def _what_fits(rt: Runtime, taken: Claim) -> dict[str, int] | None:
    """Return what each invoice has open, live, where a person decided to apply what fits; else None."""
    if not taken.row.held_code:
        return None
    invoices = live_invoices(rt, taken.row.company_id, list(parts_of(taken.posting)))
    return {one.qbo_id: one.balance.minor for one in invoices.values() if one.payable}


def _freeze(rt: Runtime, taken: Claim, body: bytes, read: Call, *, is_anew: bool) -> Claim | None:
    """Keep what will be sent, in one commit before it is; None when the lease was taken over.

    Other bytes have another requestid: nothing came of the earlier ones, and nothing can.
    """
    generation = taken.row.generation + is_anew
    values = {"request_body": body.decode(), "generation": generation}
    values["request_id"] = request_id(taken.row.key, generation)
    ready = replace(taken, body=body, document=thaw(taken.posting, body))
    with rt.db.write("apply_step") as session:
        mine = update(PostingRow).where(
            col(PostingRow.id) == taken.row.id, col(PostingRow.fence) == taken.fence, col(PostingRow.state) == "leased"
        )
        is_mine = bool(session.exec(mine.values(**values)).rowcount)
        attempts.write_received(session, rt, taken.step("read"), outcome="ok", sent=None, facts=read.facts)
        if is_mine:
            for name, value in values.items():
                setattr(ready.row, name, value)
            claims.write_intent(session, rt, ready, "update")
    return ready if is_mine else None


def _update(rt: Runtime, gateway: QuickBooksGateway, ready: Claim, live: RawObject) -> Outcome:
    try:
        answer = gateway.update("Payment", body=ready.body, request_id=ready.row.request_id)
    except Stale as error:
        return _stale(rt, ready, error)
    except (GatewayError, NotConnected) as error:
        return end_failed(rt, ready, error, "update")
    call = Call("update", "ok", answer.sent, name_of(answer.document))
    return end_posted(rt, ready, answer.document, call, short=short_of(ready.posting, ready.body, live))


def _stale(rt: Runtime, ready: Claim, error: Stale) -> Outcome:
    """The Payment moved between our read and our write: nothing was written, and it is read again, a few times."""
    call = fail_call("update", "stale", error)
    if ready.row.attempt >= MOST_TRIES:
        return end_held(rt, ready, call, code=error.code, said=error.message)
    wait = timedelta(seconds=backoff(ready.row.attempt) if ready.row.attempt > 1 else 0)
    values = {"state": "due", "due_at": rt.clock.now() + wait}
    return conclude(rt, ready, call, values, lambda _session, _row: None, Outcome.UNKNOWN)
