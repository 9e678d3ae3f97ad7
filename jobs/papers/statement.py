"""The statement of account as a PDF, and the words that stand on it.

Knows the statement's facts, not the rows and not typst. Law: the same facts print the same bytes, small enough to mail
(typst's tagged output is pressed again without loss).
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

from connector import words
from connector.ledger.statements import MovementKind, Statement, StatementLine
from jobs.brand import accent_of, initials, whom_to_ask
from jobs.papers.receipt import LETTER_COUNTRIES
from jobs.papers.typesetting import print_pdf
from jobs.statements import OTHER, AccountStatement

_NAMES = {
    MovementKind.INVOICE: words.mark("Invoice"),
    MovementKind.CREDIT: words.mark("Credit memo"),
    MovementKind.PAYMENT: words.mark("Payment"),
    MovementKind.ENTRY: words.mark("Entry"),
}


def print_statement(account: AccountStatement, *, at: datetime) -> bytes:
    """Print a statement; `at` is the instant the file says it was made."""
    return _pressed(print_pdf("statement", facts_of(account), at=at))


def file_name(account: AccountStatement) -> str:
    """Return what the file is called when it is kept, without its ending."""
    made = account.statement
    return f"{account.company.slug}-statement-{made.first.isoformat()}-{made.last.isoformat()}"


def name_of(line: StatementLine) -> str:
    """Return what a movement is called: Invoice 1074, Payment, Other entries."""
    movement = line.movement
    if movement.qbo_id == OTHER:
        return words.say("Other entries in the books")
    # A payment's reference is for machines; the day and the amount are what a person knows it by.
    number = "" if movement.kind is MovementKind.PAYMENT else movement.number
    return f"{words.known(_NAMES[movement.kind])} {number}".rstrip()


def period_text(made: Statement) -> str:
    """Return the period in words: 1 September to 30 November 2026."""
    first = _day(made.first, same_year=made.first.year == made.last.year)
    return words.say("{first} to {last}", first=first, last=_day(made.last))


def on_its_way_text(account: AccountStatement) -> str:
    """Say what was paid and is being recorded, and what is owed then; empty where there is nothing."""
    if not account.on_its_way:
        return ""
    paid, then = account.on_its_way, account.statement.closing - account.on_its_way
    return words.say(
        "{paid} was paid and is being recorded; the balance is {balance} then.",
        paid=words.money_text(paid),
        balance=words.money_text(then),
    )


def _day(day: date, *, same_year: bool = False) -> str:
    return words.day_text(day, this_year=day.year if same_year else 0)


def facts_of(account: AccountStatement) -> dict[str, Any]:
    """Return what stands on the paper, ready for the press, in the present language."""
    made, company = account.statement, account.company
    accent, ink = accent_of(company)
    opening = [words.day_text(made.first, this_year=0), words.say("Opening balance"), "", words.figure(made.opening)]
    return {
        "title": words.say("Statement of {customer}, {company}", customer=account.customer, company=company.name),
        "heading": words.say("Statement for {customer}", customer=account.customer),
        "language": words.language(),
        "paper": "us-letter" if company.country in LETTER_COUNTRIES else "a4",
        "company": {
            "name": company.name,
            "initials": initials(company.name),
            "place": company.place,
            "reach": [line for line in (company.phone, company.email) if line],
            "accent": accent,
            "ink": ink,
        },
        "period": words.say("Balance on {day}; {period}", day=_day(made.last), period=period_text(made)),
        "closing": words.money_text(made.closing),
        "closing-name": words.say("Closing balance"),
        "closing-figure": words.figure(made.closing),
        "sums": sums_of(made),
        "columns": [words.say("Date"), words.say("What"), words.currency_name(account.currency), words.say("Balance")],
        "lines": [opening, *(_row(line) for line in made.lines)],
        "on-its-way": on_its_way_text(account),
        "foot": words.say("Questions about this statement? {ask}", ask=whom_to_ask(company)),
        "page": words.known("{page} of {pages}"),
    }


def sums_of(made: Statement) -> list[tuple[str, str]]:
    """Return the period in a few figures: what was owed, billed, credited, paid."""
    sums = [
        (words.say("Opening balance"), made.opening, True),
        (words.say("Invoiced"), made.sum_of(MovementKind.INVOICE), True),
        (words.say("Credits"), made.sum_of(MovementKind.CREDIT), False),
        (words.say("Payments"), made.sum_of(MovementKind.PAYMENT), True),
        (words.say("Other entries"), made.sum_of(MovementKind.ENTRY), False),
    ]
    return [(name, words.money_text(amount)) for name, amount, always in sums if amount or always]


def _row(line: StatementLine) -> list[str]:
    movement = line.movement
    day = words.day_text(movement.day, this_year=0) if movement.day != date.min else ""
    return [day, name_of(line), words.figure(movement.amount), words.figure(line.balance)]


def _pressed(pdf: bytes) -> bytes:
    """Return the same file with its objects packed: a third to a tenth of the size for a tagged ledger."""
    import pikepdf  # 4 MB that only this paper needs

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(
            out,
            object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True,
            recompress_flate=True,
            deterministic_id=True,
        )
    return out.getvalue()
