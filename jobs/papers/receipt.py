"""The receipt as a PDF that a person keeps, and the words that stand on it.

Knows the receipt's facts, not the rows and not typst. Law: a paper printed again for the same facts is the same bytes.
"""

from __future__ import annotations

from typing import Any

from connector import words
from connector.store.companies import CompanyRow
from jobs.brand import accent_of, initials, whom_to_ask
from jobs.papers.typesetting import print_pdf
from jobs.receipts import Receipt, read_receipt
from sync.runtime import Runtime

LETTER_COUNTRIES = ("US", "CA", "MX")


def receipt_pdf(rt: Runtime, company_id: str, payment_id: str) -> bytes:
    """Print the receipt of a payment whose money has arrived. Raises NoReceipt."""
    with rt.db.read() as session:
        receipt = read_receipt(session, company_id, payment_id)
    return print_receipt(receipt)


def print_receipt(receipt: Receipt) -> bytes:
    """Print a receipt's facts."""
    return print_pdf("receipt", facts_of(receipt), at=receipt.recorded_at or receipt.paid_at)


def file_name(receipt: Receipt) -> str:
    """Return what the file is called when it is kept: harbor-tile-receipt-1042.pdf."""
    return f"{receipt.company.slug}-receipt-{receipt.number}.pdf"


def facts_of(receipt: Receipt) -> dict[str, Any]:
    """Return what stands on the paper, ready for the press, in the present language."""
    company = receipt.company
    details = [
        (words.say("From"), receipt.customer),
        (words.say("Paid by"), receipt.method),
        (words.say("Reference"), receipt.reference),
        (words.say("Transaction"), receipt.transaction),
        (words.say("Balance"), receipt.left_text),
        (words.say("Your note"), receipt.note),
    ]
    return {
        "title": f"{receipt.title}, {company.name}",
        "heading": receipt.heading,
        "language": words.language(),
        "paper": "us-letter" if company.country in LETTER_COUNTRIES else "a4",
        "company": _company(company),
        "amount": words.money_text(receipt.paid),
        "paid": words.say("Paid on {day}", day=receipt.paid_on),
        "details": [[name, value] for name, value in details if value],
        "currency": words.currency_name(receipt.amount.currency),
        "lines": [[line.label, words.figure(line.amount)] for line in receipt.lines],
        "total": words.figure(receipt.amount),
        "books": receipt.books,
        "what": words.say("Paid for"),
        "total-name": words.say("Total paid"),
        "foot": words.say("Questions about this payment? {ask}", ask=whom_to_ask(company)),
        "page": words.known("{page} of {pages}"),
    }


def _company(company: CompanyRow) -> dict[str, Any]:
    accent, ink = accent_of(company)
    return {
        "name": company.name,
        "initials": initials(company.name),
        "place": company.place,
        "reach": [line for line in (company.phone, company.email) if line],
        "accent": accent,
        "ink": ink,
    }
