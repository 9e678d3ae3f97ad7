"""Proposals: what a contact wants changed of the customer's own data, and what staff or the company's rule say to it.

Writes in the caller's transaction. Laws: a customer has one waiting proposal, a newer one takes its place; a rule never
takes an e-mail address over; what is accepted is owed to QuickBooks in the same commit; nothing here gives anybody
access or takes it away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select, update

from connector.store.access import ContactRow
from connector.store.cache import CustomerRow, RawRow
from connector.store.companies import CompanyRow
from connector.store.edits import ProposalRow
from sync import log
from sync.editing.contact_data import EMAIL, base_of, read_fields, update_of
from sync.editing.rows import Edit, owe_edit
from sync.notices import DATA_DECIDED, owe_notices, tell_staff
from sync.runtime import Runtime

POLICY = "policy"


@dataclass(frozen=True)
class Wish:
    """What a contact proposes for a customer: fields as they shall be and as they were."""

    customer_id: str
    contact_id: str
    by: str
    wanted: Mapping[str, str]
    before: Mapping[str, str]
    note: str = ""
    language: str = ""


def fields_now(session: Session, company_id: str, customer_id: str) -> dict[str, str]:
    """Return a customer's contact data as QuickBooks had it last."""
    return read_fields(_body(session, company_id, customer_id))


def waiting_of(session: Session, company_id: str, customer_id: str) -> ProposalRow | None:
    """Return the proposal of a customer that waits for staff."""
    mine = select(ProposalRow).where(
        ProposalRow.company_id == company_id,
        ProposalRow.customer_id == customer_id,
        ProposalRow.state == "waiting",
    )
    return session.exec(mine.order_by(col(ProposalRow.created_at).desc()).limit(1)).first()


def propose(session: Session, rt: Runtime, company: CompanyRow, wish: Wish) -> tuple[bool, list[str]]:
    """Take a proposal; returns whether all of it was accepted at once by the company's rule, and the mails owed."""
    at_once = {name: text for name, text in wish.wanted.items() if company.takes_contact_data and name != EMAIL}
    asks = {name: text for name, text in wish.wanted.items() if name not in at_once}
    if at_once:
        row = _row(rt, company.id, wish, at_once)
        session.add(row)
        session.flush()
        _accept(session, rt, row, by=POLICY)
    if not asks:
        return True, []
    old = update(ProposalRow).where(
        col(ProposalRow.company_id) == company.id,
        col(ProposalRow.customer_id) == wish.customer_id,
        col(ProposalRow.state) == "waiting",
    )
    session.exec(old.values(state="withdrawn", decided_at=rt.clock.now()))
    row = _row(rt, company.id, wish, asks)
    session.add(row)
    session.flush()
    sentence = f"{_name(session, row)} proposes other contact data"
    told = [f"{name.replace('_', ' ')} {text or 'removed'}" for name, text in asks.items()]
    detail = f"{wish.by}: {', '.join(told)}"
    _log(session, rt, row, sentence, detail, state="needs_you")
    path = "/staff/proposals"
    return False, tell_staff(
        session, rt, company.id, key=f"proposal/{row.id}", subject=sentence, text=detail, path=path
    )


def accept(session: Session, rt: Runtime, row: ProposalRow, *, by: str, name: str, url: str) -> list[str]:
    """Accept a waiting proposal and owe QuickBooks the change; returns the mails owed to the contact."""
    _accept(session, rt, row, by=by)
    _log(session, rt, row, f"{name} accepted the contact data that {_name(session, row)} proposed")
    return _tell(session, rt, row, url)


def decline(session: Session, rt: Runtime, row: ProposalRow, *, by: str, name: str, answer: str, url: str) -> list[str]:
    """Decline a waiting proposal with an answer; returns the mails owed to the contact."""
    row.state, row.decided_by, row.answer, row.decided_at = "declined", by, answer, rt.clock.now()
    session.add(row)
    _log(session, rt, row, f"{name} declined the contact data that {_name(session, row)} proposed", answer)
    return _tell(session, rt, row, url)


def _accept(session: Session, rt: Runtime, row: ProposalRow, *, by: str) -> None:
    wanted: dict[str, str] = json.loads(row.wanted)
    row.state, row.decided_by, row.decided_at = "accepted", by, rt.clock.now()
    session.add(row)
    edit = Edit(
        key=f"proposal/{row.id}",
        entity="Customer",
        qbo_id=row.customer_id,
        customer_id=row.customer_id,
        title=f"New contact data of {_name(session, row)}",
        wanted=update_of(_body(session, row.company_id, row.customer_id), wanted),
        base=base_of(json.loads(row.before)),
        by_id=by,
    )
    owe_edit(session, rt, row.company_id, edit)


def _row(rt: Runtime, company_id: str, wish: Wish, fields: Mapping[str, str]) -> ProposalRow:
    return ProposalRow(
        id=rt.clock.new_id(),
        company_id=company_id,
        customer_id=wish.customer_id,
        contact_id=wish.contact_id,
        by=wish.by,
        wanted=json.dumps(dict(fields)),
        before=json.dumps({name: wish.before.get(name, "") for name in fields}),
        note=wish.note,
        language=wish.language,
        created_at=rt.clock.now(),
    )


def _tell(session: Session, rt: Runtime, row: ProposalRow, url: str) -> list[str]:
    """Owe the contact who proposed it word of the decision, while he may sign in at all."""
    mine = select(ContactRow.email).where(
        ContactRow.company_id == row.company_id, ContactRow.id == row.contact_id, ContactRow.state == "active"
    )
    context = {"decision": row.state, "answer": row.answer, "customer": _name(session, row), "url": url}
    context["language"] = row.language
    return owe_notices(session, rt, row.company_id, DATA_DECIDED, row.id, session.exec(mine), context)


def _log(
    session: Session, rt: Runtime, row: ProposalRow, sentence: str, detail: str = "", *, state: str = "noted"
) -> None:
    log.write(
        session,
        rt,
        row.company_id,
        kind="talk",
        state=state,
        sentence=sentence,
        detail=detail,
        entity="Customer",
        qbo_id=row.customer_id,
    )


def _name(session: Session, row: ProposalRow) -> str:
    found = select(CustomerRow.name).where(
        CustomerRow.company_id == row.company_id, CustomerRow.qbo_id == row.customer_id
    )
    return session.exec(found).one_or_none() or f"customer {row.customer_id}"


def _body(session: Session, company_id: str, customer_id: str) -> str:
    raw = select(RawRow.body).where(
        RawRow.company_id == company_id, RawRow.entity == "Customer", RawRow.qbo_id == customer_id
    )
    return session.exec(raw).one_or_none() or ""
