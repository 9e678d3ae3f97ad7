"""`tieout status`: one look at everything that waits, for a person or for a program that watches.

Reads only. Law: what is not in this answer waits for nobody and for nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from sqlalchemy import ColumnElement
from sqlmodel import Session, SQLModel, col, func, select

from connector import words
from connector.ledger.payments import UNDER_WAY, PaymentState
from connector.store.books import DiscrepancyRow
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow, MailRow, PostingRow
from oauth.connections import QUICKBOOKS, STRIPE, find
from portal.commands.shared import answer, chosen_companies, company_option, json_option, runtime, told
from sync import tieout


@click.command()
@company_option
@json_option
@told
def status(slug: str | None, as_json: bool) -> None:
    """Show what is on its way, what waits for a person, and how the last tie-out ended."""
    rt = runtime()
    with rt.db.read() as session:
        looked = {company.slug: (company, _look(session, company)) for company in chosen_companies(rt, slug)}
    listed = {one: seen for one, (_, seen) in looked.items()}
    sentences = [_said(company, seen, rt.clock.now()) for company, seen in looked.values()]
    answer(listed, as_json=as_json, sentence="\n".join(sentences) or "There is no company yet.")


def _look(session: Session, company: CompanyRow) -> dict[str, Any]:
    waiting = {
        "events": _count(session, InboxRow, company, col(InboxRow.state) == "new"),
        "debits": _count(session, PaymentRow, company, col(PaymentRow.state) == PaymentState.PROCESSING),
        "payments": _count(session, PaymentRow, company, _unfinished()),
        "postings": _count(session, PostingRow, company, col(PostingRow.state).in_(("due", "leased", "unknown"))),
        "mails": _count(session, MailRow, company, col(MailRow.state) == "due"),
    }
    for_a_person = {
        "held": _count(session, PostingRow, company, col(PostingRow.state) == "held"),
        "discrepancies": _count(session, DiscrepancyRow, company, col(DiscrepancyRow.closed_at).is_(None)),
        "mails_failed": _count(session, MailRow, company, col(MailRow.state) == "failed"),
    }
    posted = select(PostingRow.entity, func.count()).where(
        PostingRow.company_id == company.id, PostingRow.state == "posted"
    )
    last = tieout.latest(session, company.id)
    return {
        "on_its_way": waiting,
        "for_a_person": for_a_person,
        "posted": dict(session.exec(posted.group_by(col(PostingRow.entity))).all()),
        "connections": _connections(session, company),
        "tie_out": {"at": last.at.isoformat(), "ties": last.ties} if last else None,
    }


def _connections(session: Session, company: CompanyRow) -> dict[str, str]:
    """Return how the company stands with each service: connected, connected by consent, needs_reconnect ..."""
    found = {}
    for which in (QUICKBOOKS, STRIPE):
        row = find(session, company.id, which)
        state = row.state if row else "not connected"
        found[which] = f"{state} by consent" if row and state == "connected" and row.through_platform else state
    return found


def _unfinished() -> ColumnElement[bool]:
    """Return the condition that a payment is open, or has come and is not settled yet."""
    open_states = [state for state in UNDER_WAY if state is not PaymentState.PROCESSING]
    came = (col(PaymentRow.state) == PaymentState.SUCCEEDED) & (col(PaymentRow.balance_txn) == "")
    return col(PaymentRow.state).in_(open_states) | came


def _count(session: Session, table: type[SQLModel], company: CompanyRow, *which: ColumnElement[bool]) -> int:
    mine = getattr(table, "company_id") == company.id  # noqa: B009 - every table with a company has it
    return session.exec(select(func.count()).select_from(table).where(mine, *which)).one()


_ON_ITS_WAY = {"events": "event", "debits": "bank debit", "payments": "payment", "postings": "posting", "mails": "mail"}
_FOR_A_PERSON = {"held": "held posting", "discrepancies": "discrepancy", "mails_failed": "failed mail"}


def _said(company: CompanyRow, seen: dict[str, Any], now: datetime) -> str:
    moving = _listed(seen["on_its_way"], _ON_ITS_WAY) or "nothing"
    waiting = _listed(seen["for_a_person"], _FOR_A_PERSON) or "nothing"
    lines = [company.name, f"  On its way       {moving}", f"  Waits for you    {waiting}"]
    broken = [which for which, state in seen["connections"].items() if not state.startswith("connected")]
    if broken:
        lines.append(f"  Not connected    {', '.join(broken)}: tieout connect {broken[0]}")
    last = seen["tie_out"]
    if last:
        verdict = "ties out" if last["ties"] else "does not tie out"
        lines.append(f"  Last tie-out     {verdict}, {words.ago(datetime.fromisoformat(last['at']), now)}")
    return "\n".join(lines)


def _listed(numbers: dict[str, int], names: dict[str, str]) -> str:
    return ", ".join(_counted(number, names[name]) for name, number in numbers.items() if number)


def _counted(number: int, name: str) -> str:
    return words.count(number, name, "discrepancies" if name == "discrepancy" else None)
