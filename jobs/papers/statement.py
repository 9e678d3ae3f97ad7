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
    MovementKind.INVOICE: "Invoice",
    MovementKind.CREDIT: "Credit memo",
    MovementKind.PAYMENT: "Payment",
    MovementKind.ENTRY: "Entry",
}


def print_statement(account: AccountStatement, *, at: datetime) -> bytes:
    """Print a statement; `at` is the instant the file says it was made."""
    return _pressed(print_pdf("statement", _facts(account), at=at))


def file_name(account: AccountStatement) -> str:
    """Return what the file is called when it is kept, without its ending."""
    made = account.statement
    return f"{account.company.slug}-statement-{made.first.isoformat()}-{made.last.isoformat()}"


def name_of(line: StatementLine) -> str:
    """Return what a movement is called: Invoice 1074, Payment, Other entries."""
    movement = line.movement
    if movement.qbo_id == OTHER:
        return "Other entries in the books"
    # A payment's reference is for machines; the day and the amount are what a person knows it by.
    number = "" if movement.kind is MovementKind.PAYMENT else movement.number
    return f"{_NAMES[movement.kind]} {number}".rstrip()


def period_text(made: Statement) -> str:
    """Return the period in words: 1 September to 30 November 2026."""
    return f"{_day(made.first, same_year=made.first.year == made.last.year)} to {_day(made.last)}"


def on_its_way_text(account: AccountStatement) -> str:
    """Say what was paid and is being recorded, and what is owed then; empty where there is nothing."""
    if not account.on_its_way:
        return ""
    paid, then = account.on_its_way, account.statement.closing - account.on_its_way
    return f"{words.money_text(paid)} was paid and is being recorded; the balance is {words.money_text(then)} then."


def _day(day: date, *, same_year: bool = False) -> str:
    return words.day_text(day, this_year=day.year if same_year else 0)


def _facts(account: AccountStatement) -> dict[str, Any]:
    made, company = account.statement, account.company
    accent, ink = accent_of(company)
    opening = [words.day_text(made.first, this_year=0), "Opening balance", "", words.figure(made.opening)]
    return {
        "title": f"Statement of {account.customer}, {company.name}",
        "heading": f"Statement for {account.customer}",
        "language": words.LOCALE[:2],
        "paper": "us-letter" if company.country in LETTER_COUNTRIES else "a4",
        "company": {
            "name": company.name,
            "initials": initials(company.name),
            "place": company.place,
            "reach": [line for line in (company.phone, company.email) if line],
            "accent": accent,
            "ink": ink,
        },
        "period": f"Balance on {_day(made.last)}; {period_text(made)}",
        "closing": words.money_text(made.closing),
        "closing-name": "Closing balance",
        "closing-figure": words.figure(made.closing),
        "sums": sums_of(made),
        "columns": ["Date", "What", words.currency_name(account.currency), "Balance"],
        "lines": [opening, *(_row(line) for line in made.lines)],
        "on-its-way": on_its_way_text(account),
        "foot": f"Questions about this statement? {whom_to_ask(company)}",
    }


def sums_of(made: Statement) -> list[tuple[str, str]]:
    """Return the period in a few figures: what was owed, billed, credited, paid."""
    sums = [
        ("Opening balance", made.opening),
        ("Invoiced", made.sum_of(MovementKind.INVOICE)),
        ("Credits", made.sum_of(MovementKind.CREDIT)),
        ("Payments", made.sum_of(MovementKind.PAYMENT)),
        ("Other entries", made.sum_of(MovementKind.ENTRY)),
    ]
    always = {"Opening balance", "Invoiced", "Payments"}
    return [(name, words.money_text(amount)) for name, amount in sums if amount or name in always]


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
