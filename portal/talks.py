"""Threads about invoices as pages show them, payers' and staff's alike, and what a form of either says.

Law: every query names the company; whose threads are meant is a condition that the caller takes from the visitor or
the member.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any

from flask import Response, abort, request, send_file
from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col

from connector.errors import WrongInput
from connector.ledger.money import Money
from connector.store.access import StaffRow
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.talk import AttachmentRow, MessageRow, ThreadRow
from connector.words import say
from portal.access.tokens import digest
from portal.here import runtime
from portal.picking import fetch, fetch_one, pick
from sync.talk.files import LARGEST_FILE, MOST_FILES, File, read_files
from sync.talk.rows import LONGEST_TEXT

LARGEST_FORM = MOST_FILES * LARGEST_FILE + 256 * 1024


@dataclass(frozen=True)
class Talk:
    """A thread with the names around it."""

    id: str
    invoice_id: str
    number: str
    customer_id: str
    customer: str
    kind: str
    line_title: str
    disputed: Money
    check_number: str
    check_day: date | None
    state: str
    turn: str
    owner_id: str
    owner: str
    result: str
    created_at: datetime
    changed_at: datetime
    due_at: datetime


@dataclass(frozen=True)
class Message:
    """A message with the ids, names and sizes of its files."""

    id: str
    thread_id: str
    side: str
    author: str
    author_id: str
    body: str
    at: datetime
    files: tuple[Any, ...] = ()


def talks_where(
    session: Session, company_id: str, *conditions: ColumnElement[bool], limit: int, offset: int = 0, order: Any = None
) -> list[Talk]:
    """Return a company's threads that meet conditions, those that changed last first unless ordered otherwise."""
    invoice = and_(col(InvoiceRow.company_id) == company_id, col(InvoiceRow.qbo_id) == ThreadRow.invoice_id)
    customer = and_(col(CustomerRow.company_id) == company_id, col(CustomerRow.qbo_id) == ThreadRow.customer_id)
    found = (
        pick(ThreadRow, InvoiceRow.number, CustomerRow.name, StaffRow.name)
        .join(InvoiceRow, invoice)
        .outerjoin(CustomerRow, customer)
        .outerjoin(StaffRow, col(StaffRow.id) == ThreadRow.owner_id)
        .where(col(ThreadRow.company_id) == company_id, *conditions)
        .order_by(col(ThreadRow.changed_at).desc() if order is None else order, col(ThreadRow.id))
    )
    rows = session.execute(found.limit(limit).offset(offset)).all()
    return [_talk(row, number, customer_name, owner) for row, number, customer_name, owner in rows]


def _talk(row: ThreadRow, number: str, customer: str | None, owner: str | None) -> Talk:
    return Talk(
        id=row.id,
        invoice_id=row.invoice_id,
        number=number or row.invoice_id,
        customer_id=row.customer_id,
        customer=customer or "",
        kind=row.kind,
        line_title=row.line_title,
        disputed=Money(row.disputed_minor, row.currency),
        check_number=row.check_number,
        check_day=row.check_day,
        state=row.state,
        turn=row.turn,
        owner_id=row.owner_id,
        owner=owner or "",
        result=row.result,
        created_at=row.created_at,
        changed_at=row.changed_at,
        due_at=row.due_at,
    )


def messages_of(session: Session, company_id: str, thread_id: str) -> list[Message]:
    """Return the messages of a thread in their order, with their files."""
    mine = col(MessageRow.company_id) == company_id, col(MessageRow.thread_id) == thread_id
    return _messages(session, company_id, pick(*_MESSAGE).where(*mine).order_by(col(MessageRow.at), col(MessageRow.id)))


def last_messages(session: Session, company_id: str, customer_id: str, *, limit: int) -> list[Message]:
    """Return the last messages of all of a customer's threads, the newest first."""
    threads = pick(ThreadRow.id).where(
        col(ThreadRow.company_id) == company_id, col(ThreadRow.customer_id) == customer_id
    )
    mine = col(MessageRow.company_id) == company_id, col(MessageRow.thread_id).in_(threads)
    return _messages(
        session,
        company_id,
        pick(*_MESSAGE).where(*mine).order_by(col(MessageRow.at).desc(), col(MessageRow.id)).limit(limit),
    )


_MESSAGE = (
    *(col(MessageRow.id), col(MessageRow.thread_id), col(MessageRow.side), col(MessageRow.author)),
    *(col(MessageRow.author_id), col(MessageRow.body), col(MessageRow.at)),
)


def _messages(session: Session, company_id: str, query: Any) -> list[Message]:
    rows = fetch(session, query)
    files = pick(AttachmentRow.message_id, AttachmentRow.id, AttachmentRow.name, AttachmentRow.size).where(
        col(AttachmentRow.company_id) == company_id, col(AttachmentRow.message_id).in_([row.id for row in rows])
    )
    by_message: dict[str, list[Any]] = {}
    for file in fetch(session, files.order_by(col(AttachmentRow.id))):
        by_message.setdefault(file.message_id, []).append(file)
    return [Message(**row._mapping, files=tuple(by_message.get(row.id, ()))) for row in rows]


def file_response(session: Session, company_id: str, thread_id: str, file_id: str) -> Response:
    """Answer with a file of a thread, to be saved and never shown in the page's own origin; 404 where there is none."""
    row = fetch_one(
        session,
        pick(AttachmentRow.name, AttachmentRow.media_type, AttachmentRow.body).where(
            col(AttachmentRow.company_id) == company_id,
            col(AttachmentRow.thread_id) == thread_id,
            col(AttachmentRow.id) == file_id,
        ),
    )
    if row is None:
        abort(404)
    return send_file(BytesIO(row.body), mimetype=row.media_type, as_attachment=True, download_name=row.name)


def said_text(name: str = "text", *, required: bool = True) -> str:
    """Return the text of this request's form. Raises WrongInput where it is missing or too long."""
    text = request.form.get(name, "").replace("\r\n", "\n").strip()
    if required and not text:
        raise WrongInput(say("Write a few words."))
    if len(text) > LONGEST_TEXT:
        raise WrongInput(say("That is too long. Shorten it, or attach it as a file."))
    return "".join(sign for sign in text if sign.isprintable() or sign == "\n")


def said_files() -> Sequence[File]:
    """Return the files of this request's form. Raises WrongInput where one may not be kept."""
    given = [one for one in request.files.getlist("files") if one.filename]
    return read_files([(one.filename or "", one.stream.read(LARGEST_FILE + 1)) for one in given[: MOST_FILES + 1]])


def form_key(whose: str) -> str:
    """Return the key of this request's form, which stays the same however often it is pressed."""
    return digest(f"{whose}/{request.form.get('form') or runtime().clock.new_token()}")[:40]
