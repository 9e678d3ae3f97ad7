"""Commands that look and judge: the tie-out, the chain of attempts, the sync log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click
from sqlmodel import col, select

from connector import words
from connector.clock import day_in
from connector.ledger.money import Money
from connector.store.companies import CompanyRow
from connector.store.log import LogRow
from portal.commands.shared import (
    NOT_RIGHT,
    NOT_SET_UP,
    Stop,
    answer,
    chosen_companies,
    company_of,
    company_option,
    json_option,
    runtime,
    told,
)
from sync.runtime import Runtime

if TYPE_CHECKING:
    from sync.tieout import CurrencyProof, NamedLine, Proof

SAID_WIDTH = 64


@click.command()
@click.option(
    "--live", is_flag=True, help="Read every entry from QuickBooks itself, not from the cache of its changes."
)
@company_option
@json_option
@told
def prove(live: bool, slug: str | None, as_json: bool) -> None:
    """Tie out: Stripe's balance, our postings and QuickBooks' clearing account, read back and compared to the cent.

    Exits 1 unless nothing is unexplained. Without --company every company is proved.
    """
    from sync import tieout

    rt = runtime()
    proofs = [(company, tieout.prove(rt, company.id, live=live)) for company in chosen_companies(rt, slug)]
    if not proofs:
        raise Stop("There is no company yet: tieout company add SLUG NAME", NOT_SET_UP)
    told_to_program = [{"company": company.slug, "ties": proof.ties, **_listed(proof)} for company, proof in proofs]
    sentences = [_drawn(company, proof) for company, proof in proofs]
    answer(told_to_program, as_json=as_json, sentence="\n\n".join(sentences))
    if not all(proof.ties for _, proof in proofs):
        raise SystemExit(NOT_RIGHT)


def _listed(proof: Proof) -> dict[str, Any]:
    return {
        "at": proof.at.isoformat(),
        "results": [
            {
                "currency": one.currency,
                "stripe_minor": one.stripe.minor,
                "postings_minor": one.postings.minor,
                "books_minor": one.books.minor,
                "unexplained_minor": one.unexplained.minor,
                "ties": one.ties,
                "lines": [_line_of(line) for line in one.lines],
            }
            for one in proof.results
        ],
    }


def _line_of(line: NamedLine) -> dict[str, Any]:
    known = {"why": line.why, "sentence": line.sentence, "amount_minor": line.amount.minor}
    return {**known, "is_explained": line.is_explained, "subject": line.subject, "next_step": line.next_step}


def _drawn(company: CompanyRow, proof: Proof) -> str:
    return "\n".join(line for one in proof.results for line in _sheet(company, one))


def _sheet(company: CompanyRow, one: CurrencyProof) -> list[str]:
    """Return one currency's tie-out as lines that add up from the books to Stripe."""
    rows = [
        ("Stripe clearing in QuickBooks", words.figure(one.books)),
        *((line.sentence, words.figure(line.amount, signed=True)) for line in one.lines),
        ("Balance at Stripe", words.figure(one.stripe)),
        ("Our postings", words.figure(one.postings)),
    ]
    verdict = "tie-out" if one.ties else "does not tie out:"
    return [
        f"{company.name}, {words.currency_name(one.currency)}",
        *(f"  {said:<{SAID_WIDTH}}{figure:>14}" for said, figure in rows),
        *(f"  → {line.next_step}" for line in one.lines if line.next_step and not line.is_explained),
        f"{verdict} {words.figure(one.unexplained)}",
    ]


@click.command("verify-chain")
@company_option
@json_option
@told
def verify_chain(slug: str | None, as_json: bool) -> None:
    """Check that no attempt was altered or removed. Exits 1 when one was."""
    from sync.pushing import attempts

    rt = runtime()
    found = {company.slug: attempts.verify_chain(rt, company.id) for company in chosen_companies(rt, slug)}
    broken = [f"{slug}, attempt {one.seq}: {one.what}" for slug, breaks in found.items() for one in breaks]
    listed = {slug: [asdict(one) for one in breaks] for slug, breaks in found.items()}
    answer(listed, as_json=as_json, sentence="\n".join(broken) or "Every attempt stands as it was written.")
    if broken:
        raise SystemExit(NOT_RIGHT)


@click.command()
@click.option("--lines", default=30, show_default=True, help="How many, newest last.")
@company_option
@json_option
@told
def log(lines: int, slug: str | None, as_json: bool) -> None:
    """Show the sync log: what went to QuickBooks and came from it, in sentences."""
    rt = runtime()
    company = company_of(rt, slug)
    rows = _newest(rt, company.id, lines)[::-1]
    listed = [row.model_dump(mode="json", exclude={"company_id"}) for row in rows]
    answer(listed, as_json=as_json, sentence="\n".join(_line(rt, company, row) for row in rows) or "Nothing yet.")


def _newest(rt: Runtime, company_id: str, lines: int) -> list[LogRow]:
    with rt.db.read() as session:
        mine = select(LogRow).where(LogRow.company_id == company_id)
        return list(session.exec(mine.order_by(col(LogRow.at).desc(), col(LogRow.id).desc()).limit(lines)))


def _line(rt: Runtime, company: CompanyRow, row: LogRow) -> str:
    money = "" if row.money_minor is None else words.figure(Money(row.money_minor, row.currency), signed=False)
    said = f"{_when(rt, company, row.at):>16}  {money:>12}  {row.state:9}  {row.sentence}"
    return f"{said}\n{'':43}{row.detail}" if row.detail else said


def _when(rt: Runtime, company: CompanyRow, instant: datetime) -> str:
    day = words.on_day(day_in(company.zone, instant), rt.clock.today(company.zone))
    return f"{day} {words.clock_text(instant, company.zone)}"
