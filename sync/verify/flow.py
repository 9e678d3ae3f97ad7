"""Invariants of the flow that rows alone can show: I-8 to I-15, I-20, I-21 and I-23.

Reads only. Law: what waits is right while its time is not over, or while somebody is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import msgspec
from sqlmodel import Session, col, func, select

from connector.clock import day_in
from connector.ledger.payments import OPEN, PaymentState, advance
from connector.ledger.postings import Kind
from connector.store.cache import InvoiceRow, RawRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentEventRow, PaymentRow
from connector.store.outbox import AttemptRow, InboxRow, MailRow, PostingRow
from connector.words import day_text
from oauth import connections
from oauth.vault import VaultError
from sync.outbox import UNDER_WAY
from sync.pushing import attempts
from sync.pushing.waiting import LATE, LATE_AFTER, NEEDS_RECONNECT, PAUSED
from sync.runtime import Runtime
from sync.verify.broken import Broken
from sync.verify.named import Named

SWEPT_WITHIN = timedelta(minutes=15)  # three sweeps and the longest wait
_LOOKED_AT = timedelta(minutes=15)  # how often late postings are looked for


def never_back(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-8: a payment's history only goes forward, and ends in the state that its row has."""
    rows = select(PaymentEventRow).where(PaymentEventRow.company_id == company_id)
    last: dict[str, PaymentState] = {}
    for event in session.exec(rows.order_by(col(PaymentEventRow.at), col(PaymentEventRow.id))):
        seen = PaymentState(event.state)
        before = last.get(event.payment_id, seen)
        if advance(before, seen) is not seen:
            yield Broken("I-8", event.payment_id, f"its history goes back from {before} to {seen}")
        last[event.payment_id] = seen
    states = select(PaymentRow.id, PaymentRow.state).where(PaymentRow.company_id == company_id)
    for payment_id, state in session.exec(states):
        told = last.get(payment_id)
        if told is not None and advance(told, PaymentState(state)) != state:
            yield Broken("I-8", payment_id, f"its row says {state}, its history {told}")


def event_once(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-9: an event is stored once."""
    doubled = (
        select(InboxRow.provider, InboxRow.event_id, func.count())
        .where(InboxRow.company_id == company_id)
        .group_by(col(InboxRow.provider), col(InboxRow.account), col(InboxRow.event_id))
        .having(func.count() > 1)
    )
    for provider, event_id, number in session.exec(doubled):
        yield Broken("I-9", event_id, f"this event of {provider} is stored {number} times")


def told_is_true(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-10: a receipt that was mailed has a payment that succeeded; a posting called recorded has its document."""
    mailed = select(MailRow.id, MailRow.payment_id).where(
        MailRow.company_id == company_id, MailRow.kind == "receipt", MailRow.state == "sent"
    )
    paid = select(PaymentRow.id).where(PaymentRow.company_id == company_id, PaymentRow.state == "succeeded")
    succeeded = set(session.exec(paid))
    for mail_id, payment_id in session.exec(mailed):
        if payment_id not in succeeded:
            yield Broken("I-10", mail_id, f"a receipt was mailed for payment {payment_id}, which did not succeed")
    nameless = select(PostingRow.id).where(
        PostingRow.company_id == company_id, PostingRow.state == "posted", PostingRow.remote_id == ""
    )
    for posting_id in session.exec(nameless):
        yield Broken("I-10", posting_id, "it is called recorded, and no document is known")


def frozen(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-11: under one requestid the same bytes went out every time."""
    sent = select(AttemptRow).where(
        AttemptRow.company_id == company_id, AttemptRow.way == "sent", AttemptRow.request_id != ""
    )
    digests: dict[str, str] = {}
    for row in session.exec(sent.order_by(col(AttemptRow.seq))):
        try:
            body = rt.vault.open(row.body_cipher, company_id=company_id, column=attempts.BODY)
        except VaultError as error:
            yield Broken("I-11", str(row.seq), f"what was sent cannot be opened: {error}")
            continue
        digest = hashlib.sha256(body).hexdigest()
        if digests.setdefault(row.request_id, digest) != digest:
            yield Broken("I-11", row.request_id, f"attempt {row.seq} sent other bytes under this requestid")


def one_holder(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-12: a lease stands exactly while a posting is being sent, and nothing is sent for one that is done."""
    rows = select(PostingRow).where(PostingRow.company_id == company_id)
    for row in session.exec(rows.order_by(col(PostingRow.id))):
        if bool(row.lease_owner) != (row.state == "leased"):
            yield Broken("I-12", row.id, f"it is {row.state}, its lease is {row.lease_owner or 'nobody’s'}")
    later = select(AttemptRow.seq, AttemptRow.posting_id, AttemptRow.at, PostingRow.posted_at).where(
        AttemptRow.company_id == company_id,
        PostingRow.id == AttemptRow.posting_id,
        PostingRow.state == "posted",
        AttemptRow.way == "sent",
        col(AttemptRow.at) > col(PostingRow.posted_at),
    )
    for seq, posting_id, _, _ in session.exec(later):
        yield Broken("I-12", posting_id, f"attempt {seq} was sent after it was recorded")


def swept(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-13: nothing that is due waits for longer than three sweeps."""
    since = rt.clock.now() - SWEPT_WITHIN
    leased = select(PostingRow.id).where(
        PostingRow.company_id == company_id, PostingRow.state == "leased", col(PostingRow.lease_until) < since
    )
    for posting_id in session.exec(leased):
        yield Broken("I-13", posting_id, "its lease ended long ago and nobody took it over")
    events = select(InboxRow.id).where(
        InboxRow.company_id == company_id, InboxRow.state == "new", InboxRow.due_at < since
    )
    for event_id in session.exec(events):
        yield Broken("I-13", event_id, "the event is due and nobody works it off")
    unfinished = select(PaymentRow.id).where(
        PaymentRow.company_id == company_id,
        col(PaymentRow.state).in_(OPEN),
        PaymentRow.expires_at < since,
        func.coalesce(PaymentRow.checked_at, PaymentRow.created_at) < since,
    )
    for payment_id in session.exec(unfinished):
        yield Broken("I-13", payment_id, "nobody finished it, nobody looked at it, and it still reserves its invoices")
    if rt.settings.smtp_url.get_secret_value():
        mails = select(MailRow.id).where(
            MailRow.company_id == company_id, MailRow.state == "due", MailRow.due_at < since
        )
        for mail_id in session.exec(mails):
            yield Broken("I-13", mail_id, "the mail is due and nobody sends it")


def nothing_silent(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-14: what waits for an hour, is held, or failed is told to somebody, once."""
    named = Named.read(session, company_id)
    stops = named.of_kind(NEEDS_RECONNECT) + named.of_kind(PAUSED)
    late = rt.clock.now() - LATE_AFTER - _LOOKED_AT
    rows = select(PostingRow).where(PostingRow.company_id == company_id, PostingRow.state != "posted")
    for row in session.exec(rows.order_by(col(PostingRow.id))):
        waits = row.state in UNDER_WAY and row.created_at < late
        if waits and not stops and row.currency not in named.of_kind(LATE):
            yield Broken("I-14", row.id, f"it is {row.state} since {row.created_at.isoformat()}, nobody is told")
        if row.state == "held" and not named.holds(row):
            yield Broken("I-14", row.id, f"it is held ({row.held_code}), nobody is told")
    failed = select(InboxRow.id).where(InboxRow.company_id == company_id, InboxRow.state == "failed")
    ever = Named.read(session, company_id, ever=True)
    for event_id in session.exec(failed):
        if not ever.has(event_id):
            yield Broken("I-14", event_id, "the event failed, nobody is told")


def chained(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-15: no attempt was altered or removed."""
    for one in attempts.verify_chain(rt, company_id):
        yield Broken("I-15", str(one.seq), one.what)


class _Balance(msgspec.Struct):
    SyncToken: str = ""


_reader = msgspec.json.Decoder(_Balance)


def cache_is_one(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-20: an invoice's head and its raw text are of one version, so that what is shown is as old as it says."""
    rows = (
        select(InvoiceRow.qbo_id, InvoiceRow.sync_token, RawRow.body)
        .join(
            RawRow,
            (col(RawRow.company_id) == col(InvoiceRow.company_id))
            & (col(RawRow.qbo_id) == col(InvoiceRow.qbo_id))
            & (col(RawRow.entity) == "Invoice"),
        )
        .where(InvoiceRow.company_id == company_id, InvoiceRow.state == "live")
    )
    for qbo_id, token, body in session.exec(rows):
        said = _reader.decode(body).SyncToken
        if said != token:
            yield Broken("I-20", qbo_id, f"its head is version {token}, its text version {said}")


def token_lives(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-21: a working connection has a refresh token that opens and has not run out, and no refresh hangs."""
    row = connections.find(session, company_id, connections.QUICKBOOKS)
    if row is None or row.state != "connected":
        return
    try:
        token = connections.secret_of(rt, row, connections.SECRET)
    except VaultError as error:
        yield Broken("I-21", row.account, f"the stored refresh token cannot be opened: {error}")
        return
    if not token:
        yield Broken("I-21", row.account, "the connection is called working and holds no refresh token")
    now = rt.clock.now()
    if row.refresh_expires_at is not None and row.refresh_expires_at < now:
        yield Broken("I-21", row.account, "the refresh token has run out, and nobody is told to connect again")
    if row.lease_owner and row.lease_until is not None and row.lease_until < now - SWEPT_WITHIN:
        yield Broken("I-21", row.account, "a refresh of the token began long ago and never ended")


def dated_where_it_was(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-23: a charge and its fee are dated on the local day of the success, unless a person dated them anew."""
    zone = session.exec(select(CompanyRow.zone).where(CompanyRow.id == company_id)).one()
    rows = select(PostingRow, PaymentRow.succeeded_at).where(
        PostingRow.company_id == company_id,
        PaymentRow.company_id == company_id,
        PaymentRow.id == PostingRow.payment_id,
        col(PostingRow.kind).in_((Kind.CHARGE.value, Kind.FEE.value)),
    )
    for posting, succeeded_at in session.exec(rows):
        if succeeded_at is None or "; dated " in posting.memo:
            continue
        came = day_in(zone, succeeded_at)
        if posting.day != came:
            said = f"dated {day_text(posting.day)}, the money came on {day_text(came)} in {zone}"
            yield Broken("I-23", posting.id, said)
