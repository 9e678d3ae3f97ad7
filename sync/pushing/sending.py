"""Sending one claimed posting: look first where it may exist already, create it, and write down what came back.

Laws: nothing is sent again that may have happened, before it was looked for; only a definite no holds a posting; what
came back is always logged, even by a worker whose lease was taken over, who may change nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from connector.errors import GatewayError, NotConnected, NotFound, Stale
from connector.ledger.money import Money, total
from connector.ledger.postings import Kind, Posting, Role
from connector.qbo.documents import disagreements, unapplied_in
from connector.qbo.faults import sent_of
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.shapes import Found, RawObject, Sent
from connector.store.outbox import PostingRow
from connector.words import count, listing, money_text
from sync import discrepancies, log
from sync.entities import BY_NAME
from sync.outbox import let_all_wait, row_of
from sync.pulling import landing
from sync.pushing import attempts, claims, held, waiting
from sync.pushing.claims import Claim
from sync.pushing.posting_words import money, recorded, title, tries
from sync.pushing.verdicts import Outcome, state_after, verdict_on
from sync.runtime import Runtime

DUPLICATE = "duplicate_in_quickbooks"
UNAPPLIED = "unapplied"

Afterwards = Callable[[Session, PostingRow], None]


@dataclass(frozen=True)
class Call:
    """What one call came to, for the attempt log."""

    verb: str  # find, create; read, update
    word: str  # ok, or the class of the failure
    sent: Sent | None
    facts: Mapping[str, object] = field(default_factory=dict)


def send(rt: Runtime, gateway: QuickBooksGateway, taken: Claim) -> Outcome:
    """Bring a claimed posting to QuickBooks once. Raises nothing for what QuickBooks or the network does."""
    if taken.look_first:
        try:
            found = gateway.find(taken.document)
        except (GatewayError, NotConnected) as error:
            return end_failed(rt, taken, error, "find")
        if found.documents:
            return _found(rt, taken, found)
        _log_and_go_on(rt, taken, Call("find", "ok", found.sent, {"found": 0}))
    return _create(rt, gateway, taken)


def _create(rt: Runtime, gateway: QuickBooksGateway, taken: Claim, *, is_repeat: bool = False) -> Outcome:
    try:
        answer = gateway.create(taken.document, body=taken.body, request_id=taken.row.request_id)
        was_removed = taken.look_first and _was_removed(gateway, answer.document)
    except Stale as error:
        if is_repeat:
            return end_failed(rt, taken, error, "create")
        # A linked record changed under QuickBooks' own hands: the same bytes once more, then it is a person's.
        _log_and_go_on(rt, taken, fail_call("create", "stale", error))
        return _create(rt, gateway, taken, is_repeat=True)
    except (GatewayError, NotConnected) as error:
        return end_failed(rt, taken, error, "create")
    call = Call("create", "ok", answer.sent, name_of(answer.document))
    if was_removed:
        return end_held(rt, taken, call, code="removed")
    return end_posted(rt, taken, answer.document, call)


def _was_removed(gateway: QuickBooksGateway, document: RawObject) -> bool:
    """Tell whether a created document is gone: a requestid replays its first answer even for what was deleted since."""
    try:
        gateway.read(document.entity, document.qbo_id)
    except NotFound:
        return True
    return False


def _found(rt: Runtime, taken: Claim, found: Found) -> Outcome:
    """Take what a look-up found for ours, if it says what we would have said."""
    ours = [document for document in found.documents if not disagreements(taken.document, document.body)]
    facts: dict[str, object] = {"found": len(found.documents)}
    if not ours:
        differing = disagreements(taken.document, found.documents[0].body)
        facts |= {"differs": differing, **name_of(found.documents[0])}
        return end_held(rt, taken, Call("find", "ok", found.sent, facts), code="differs")
    first = min(ours, key=lambda document: (len(document.qbo_id), document.qbo_id))
    return end_posted(rt, taken, first, Call("find", "ok", found.sent, facts | name_of(first)), others=found.documents)


def end_posted(
    rt: Runtime,
    taken: Claim,
    document: RawObject,
    call: Call,
    *,
    others: Sequence[RawObject] = (),
    short: Money | None = None,
) -> Outcome:
    """Write down that a posting stands in the books, by a document that was created, found or changed.

    `short` is what of an earlier payment was not applied, because it did not fit.
    """

    def tell(session: Session, row: PostingRow) -> None:
        _log_recorded(session, rt, row, document, call, short)
        held.renew(session, rt, row, taken.row.held_code)  # what held it before it was tried again
        waiting.all_clear(session, rt, row.company_id)
        if len(others) > 1:
            _tell_duplicate(session, rt, row, others)
        if taken.posting.kind is Kind.APPLY:  # the pages know at once that less of it is left
            landing.land(session, rt, row.company_id, BY_NAME[document.entity], [document.body])
            _tell_short(session, rt, row, short)
        elif document.entity == "Payment":
            _tell_unapplied(session, rt, row, unapplied_in(document, row.currency) - _left_open(taken.posting))

    values = {
        "state": "posted",
        "entity": document.entity,
        "remote_id": document.qbo_id,
        "remote_token": document.sync_token,
        "posted_at": rt.clock.now(),
        "held_code": "",
        "held_text": "",
        "held_next": "",
    }
    return conclude(rt, taken, call, values, tell, Outcome.POSTED)


def _log_recorded(
    session: Session, rt: Runtime, row: PostingRow, document: RawObject, call: Call, short: Money | None
) -> None:
    log.write(
        session,
        rt,
        row.company_id,
        kind="push",
        state="recorded",
        sentence=recorded(session, row),
        detail=_how(row, document, call),
        money=money(row) - short if short else money(row),
        posting_id=row.id,
        payment_id=row.payment_id,
        entity=document.entity,
        qbo_id=document.qbo_id,
        trace=call.sent.trace if call.sent else "",
        took_ms=call.sent.took_ms if call.sent else None,
    )


def end_held(rt: Runtime, taken: Claim, call: Call, *, code: str, said: str = "") -> Outcome:
    """Write down that a posting waits for a person, and why."""

    def tell(session: Session, row: PostingRow) -> None:
        held.hold(session, rt, row, code=code, said=said, trace=call.sent.trace if call.sent else "")

    return conclude(rt, taken, call, {"state": "held"}, tell, Outcome.HELD)


def end_failed(rt: Runtime, taken: Claim, error: GatewayError | NotConnected, verb: str) -> Outcome:
    """Write down what follows from a call that failed: find or read, create or update."""
    writes = verb in ("create", "update")
    verdict = verdict_on(error, verb="create" if writes else "find", attempt=taken.row.attempt)
    call = fail_call(verb, verdict.word, error)
    if verdict.outcome is Outcome.HELD and isinstance(error, GatewayError):
        return end_held(rt, taken, call, code=error.code, said=error.message)
    due_at = rt.clock.now() + timedelta(seconds=verdict.wait_seconds)
    values: dict[str, Any] = {
        "state": state_after(verdict, came_from=taken.came_from),
        "due_at": due_at,
        "attempt": taken.row.attempt if verdict.counts else taken.row.attempt - 1,
    }

    def tell(session: Session, row: PostingRow) -> None:
        if verdict.outcome is Outcome.PAUSED:
            let_all_wait(session, row.company_id, due_at)
        waiting.tell(session, rt, row, verdict, error, came_from=taken.came_from)

    return conclude(rt, taken, call, values, tell, verdict.outcome)


def fail_call(verb: str, word: str, error: GatewayError | NotConnected) -> Call:
    """Return a call that failed, as the attempt log has it."""
    if isinstance(error, NotConnected):
        return Call(verb, word, None)
    return Call(verb, word, sent_of(error), {"code": error.code, "trace": error.trace})


def conclude(
    rt: Runtime, taken: Claim, call: Call, values: Mapping[str, Any], afterwards: Afterwards, outcome: Outcome
) -> Outcome:
    """Write the end of a send in one commit; a worker that was fenced off adds to the attempt log and nothing else."""
    with rt.db.write("push") as session:
        is_mine = claims.conclude(session, taken, **values)
        _log(session, rt, taken, call)
        if is_mine:
            afterwards(session, row_of(session, taken.row.company_id, taken.row.id))
    return outcome if is_mine else Outcome.FENCED


def _log_and_go_on(rt: Runtime, taken: Claim, call: Call) -> None:
    """Log what came back and that a create follows, in one commit before it is sent."""
    with rt.db.write("push_step") as session:
        _log(session, rt, taken, call)
        claims.write_intent(session, rt, taken, "create")


def _log(session: Session, rt: Runtime, taken: Claim, call: Call) -> None:
    attempts.write_received(session, rt, taken.step(call.verb), outcome=call.word, sent=call.sent, facts=call.facts)


def name_of(document: RawObject) -> dict[str, object]:
    """Return a document's name and version for the attempt log."""
    return {"entity": document.entity, "qbo_id": document.qbo_id, "sync_token": document.sync_token}


def _how(row: PostingRow, document: RawObject, call: Call) -> str:
    name = f"{document.entity} {document.qbo_id}"
    if call.verb in ("find", "read"):
        was = "was in QuickBooks" if call.verb == "find" else "had been applied"
        return f"{name} {was} already: the answer to an earlier try had been lost"
    seconds = (call.sent.took_ms if call.sent else 0) / 1000
    return f"{name} in QuickBooks, {tries(row.attempt)}, {seconds:.1f} s"


def _tell_duplicate(session: Session, rt: Runtime, row: PostingRow, documents: Sequence[RawObject]) -> None:
    ids = listing(sorted((document.qbo_id for document in documents), key=lambda qbo_id: (len(qbo_id), qbo_id)))
    named = f"{documents[0].entity} {ids}"
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind=DUPLICATE,
        subject=row.id,
        sentence=f"{title(session, row)} stands {count(len(documents), 'time')} in QuickBooks: {named}.",
        next_step=f"Delete all but {row.entity} {row.remote_id} in QuickBooks.",
        amount=Money(row.amount_minor, row.currency),
        posting_id=row.id,
        payment_id=row.payment_id,
    )


def _left_open(posting: Posting) -> Money:
    """Return what the posting itself leaves without an invoice."""
    rest = [leg.amount for leg in posting.legs if leg.role is Role.RECEIVABLE and not (leg.invoice_id or leg.credit)]
    return -total(rest, posting.currency)


def _tell_unapplied(session: Session, rt: Runtime, row: PostingRow, more: Money) -> None:
    """Name what was meant for an invoice and stays on the customer, because the invoice had less open by then."""
    if more:
        because = "is the customer's credit in QuickBooks now, because an invoice it was meant for had less open."
        _name(
            session,
            rt,
            row,
            more,
            because,
            "Apply the credit to another invoice in QuickBooks, or refund it in Stripe.",
        )


def _tell_short(session: Session, rt: Runtime, row: PostingRow, short: Money | None) -> None:
    """Name what of an earlier payment pays no invoice, though its payer was told so."""
    if short:
        because = "was not applied: less of it was left in QuickBooks, or an invoice it was meant for had less open."
        _name(session, rt, row, short, because, "Look at the invoice in QuickBooks: what is open on it is not paid.")


def _name(session: Session, rt: Runtime, row: PostingRow, amount: Money, because: str, next_step: str) -> None:
    discrepancies.open_one(
        session,
        rt,
        row.company_id,
        kind=UNAPPLIED,
        subject=row.id,
        sentence=f"{title(session, row)}: {money_text(amount)} of it {because}",
        next_step=next_step,
        amount=amount,
        posting_id=row.id,
        payment_id=row.payment_id,
    )
