"""Answering, handing over and closing a thread.

Writes in the caller's transaction. Laws: an answer hands the turn to the other side and opens what was closed; when it
is no longer staff's turn, nothing about it needs a person any more; whoever closes says with what result.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from connector.store.talk import ThreadRow
from sync import discrepancies
from sync.runtime import Runtime
from sync.talk import mails
from sync.talk.decisions import due_at
from sync.talk.escalating import LATE
from sync.talk.rows import PAYER, STAFF, Said, add_message, message_by_key, note, zone_of


def answer_as_payer(session: Session, rt: Runtime, thread: ThreadRow, said: Said) -> list[str]:
    """Add a payer's message; returns the mails owed to staff, none when the form was sent before."""
    if message_by_key(session, thread.company_id, said.key):
        return []
    if thread.turn != STAFF or thread.state != "open":
        thread.due_at = due_at(rt.clock.now(), zone_of(session, thread.company_id))
        thread.escalated_at = None
    message_id = _add(session, rt, thread, PAYER, said, turn=STAFF)
    note(session, rt, thread, f"{said.author or 'Somebody with the link'} wrote again", detail=said.text)
    return mails.tell_staff(session, rt, thread, message_id)


def answer_as_staff(session: Session, rt: Runtime, thread: ThreadRow, said: Said, *, url: str) -> list[str]:
    """Add an answer of staff; `url` is where the payer reads it. Returns the mails owed to the payer."""
    if message_by_key(session, thread.company_id, said.key):
        return []
    message_id = _add(session, rt, thread, STAFF, said, turn=PAYER)
    thread.owner_id = thread.owner_id or said.author_id
    _settle_late(session, rt, thread, said.author_id, "It was answered.")
    note(session, rt, thread, f"{said.author} answered", detail=said.text)
    return mails.tell_payer(session, rt, thread, message_id, url)


def hand_over(session: Session, rt: Runtime, thread: ThreadRow, owner_id: str, due: datetime) -> None:
    """Give a thread an owner and a due time."""
    thread.owner_id, thread.changed_at = owner_id, rt.clock.now()
    if due > rt.clock.now() and due != thread.due_at:
        _settle_late(session, rt, thread, owner_id, "It has a new due time.")
        thread.escalated_at = None
    thread.due_at = due


def close_by_staff(session: Session, rt: Runtime, thread: ThreadRow, said: Said, *, url: str) -> list[str]:
    """Close a thread with its result, which the payer reads as the last word; returns the mails owed to the payer."""
    if thread.state == "closed":
        return []
    owed = answer_as_staff(session, rt, thread, said, url=url)
    _close(rt, thread, said.text)
    return owed


def withdraw(session: Session, rt: Runtime, thread: ThreadRow, who: str) -> None:
    """Close a thread because the payer says that it is settled."""
    if thread.state == "closed":
        return
    _close(rt, thread, "")
    _settle_late(session, rt, thread, discrepancies.TIEOUT, "The payer says that it is settled.")
    note(session, rt, thread, f"{who or 'Somebody with the link'} said that it is settled")


def _add(session: Session, rt: Runtime, thread: ThreadRow, side: str, said: Said, *, turn: str) -> str:
    message_id = add_message(session, rt, thread, side, said)
    thread.turn, thread.state, thread.changed_at = turn, "open", rt.clock.now()
    thread.result, thread.closed_at = "", None
    return message_id


def _close(rt: Runtime, thread: ThreadRow, result: str) -> None:
    thread.state, thread.result, thread.closed_at = "closed", result, rt.clock.now()
    thread.changed_at = rt.clock.now()


def _settle_late(session: Session, rt: Runtime, thread: ThreadRow, by: str, why: str) -> None:
    discrepancies.close(session, rt, thread.company_id, kind=LATE, subject=thread.id, by=by, note=why)
