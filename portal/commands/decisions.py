"""Commands about what waits for a person: held postings, mails that have not left."""

from __future__ import annotations

from typing import Any

import click
from sqlmodel import col, select

from connector import words
from connector.ledger.money import Money
from connector.store.books import DiscrepancyRow
from connector.store.outbox import MailRow, PostingRow
from portal.commands.shared import (
    WRONG_QUESTION,
    Stop,
    answer,
    company_of,
    company_option,
    json_option,
    runtime,
    told,
)
from sync.runtime import Runtime

BY_COMMAND = "command line"  # who decided, in the log


@click.command()
@company_option
@json_option
@told
def held(slug: str | None, as_json: bool) -> None:
    """List the postings that wait for a person: why, and what to do."""
    rt = runtime()
    rows = _held(rt, company_of(rt, slug).id)
    listed = [
        {"id": row.id, "kind": row.kind, "amount_minor": row.amount_minor, "currency": row.currency}
        | {"code": row.held_code, "why": row.held_text, "next": row.held_next}
        for row in rows
    ]
    lines = [f"{row.id}  {_amount(row)}  {row.held_text} {row.held_next}" for row in rows]
    answer(listed, as_json=as_json, sentence="\n".join(lines) or "Nothing is held.")


def _held(rt: Runtime, company_id: str) -> list[PostingRow]:
    with rt.db.read() as session:
        mine = select(PostingRow).where(PostingRow.company_id == company_id, PostingRow.state == "held")
        return list(session.exec(mine.order_by(col(PostingRow.created_at), col(PostingRow.id))))


def _amount(row: PostingRow) -> str:
    return words.money_text(Money(row.amount_minor, row.currency))


@click.command()
@click.argument("posting_id", required=False)
@click.option("--code", help="Instead of one: all that this reason holds.")
@company_option
@told
def retry(posting_id: str | None, code: str | None, slug: str | None) -> None:
    """Send a held posting again, after its cause was put right."""
    from sync.pushing import decisions

    rt = runtime()
    company = company_of(rt, slug)
    if bool(posting_id) == bool(code):
        raise Stop("Name one posting (tieout held lists them), or a reason with --code.", WRONG_QUESTION)
    if code:
        number = decisions.retry_all(rt, company.id, code, BY_COMMAND)
    else:
        if posting_id not in {row.id for row in _held(rt, company.id)}:
            raise Stop(f"{company.name} has no held posting {posting_id}.", WRONG_QUESTION)
        decisions.retry(rt, str(posting_id), BY_COMMAND)
        number = 1
    click.echo(f"{words.count(number, 'posting')} will be sent again.")


@click.command()
@company_option
@json_option
@told
def discrepancies(slug: str | None, as_json: bool) -> None:
    """List what needs a person: each difference by its name, and what to do."""
    rt = runtime()
    company = company_of(rt, slug)
    with rt.db.read() as session:
        mine = select(DiscrepancyRow).where(
            DiscrepancyRow.company_id == company.id, col(DiscrepancyRow.closed_at).is_(None)
        )
        rows = list(session.exec(mine.order_by(col(DiscrepancyRow.opened_at))))
    listed = [row.model_dump(mode="json", exclude={"company_id"}) for row in rows]
    sentence = "\n".join(f"{row.sentence} {row.next_step}" for row in rows)
    answer(listed, as_json=as_json, sentence=sentence or "Nothing needs you.")


@click.command()
@click.option("--again", is_flag=True, help="Send those that failed again.")
@company_option
@json_option
@told
def mails(again: bool, slug: str | None, as_json: bool) -> None:
    """List the mails that have not left, or send them again."""
    from jobs.mail.sending import try_again

    rt = runtime()
    company = company_of(rt, slug)
    tried = try_again(rt, company.id) if again else 0
    listed = [_mail(row) for row in _unsent(rt, company.id)]
    lines = [f"{mail['kind']} to {mail['to']}: {mail['state']} {mail['error']}".rstrip() for mail in listed]
    if again:
        lines.insert(0, f"{words.count(tried, 'mail')} will be sent again.")
    answer(listed, as_json=as_json, sentence="\n".join(lines) or "Every mail has left.")


def _mail(row: MailRow) -> dict[str, Any]:
    return {"id": row.id, "kind": row.kind, "to": row.to, "state": row.state, "error": row.error}


def _unsent(rt: Runtime, company_id: str) -> list[MailRow]:
    with rt.db.read() as session:
        mine = select(MailRow).where(MailRow.company_id == company_id, col(MailRow.state).in_(("due", "failed")))
        return list(session.exec(mine.order_by(col(MailRow.created_at))))
