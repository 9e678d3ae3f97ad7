"""A customer's statement of account, read from the cache once for the page, the paper and the CSV.

Knows neither HTML nor PDF. Laws: it closes at QuickBooks' own balance of the customer; what was paid here and is not in
that balance yet is said beneath it, never mixed in; entries that nobody can name are one line, not a silent sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from connector.errors import TieoutError
from connector.ledger.money import Money, MoneyError, money_of, total
from connector.ledger.payments import PaymentState
from connector.ledger.postings import Kind
from connector.ledger.statements import Movement, MovementKind, Statement, statement_of
from connector.store.cache import AccountRow, BookPaymentRow, CreditRow, CustomerRow, InvoiceRow, RawRow
from connector.store.companies import CompanyRow
from connector.store.money import CreditUseRow, PaymentRow, ShareRow
from connector.store.outbox import PostingRow

OTHER = "other"  # the id of the line that holds what no document we read explains
_ENTRIES = ("JournalEntry", "Purchase", "Deposit")


class NoStatement(TieoutError):
    """There is no such customer in this company."""


@dataclass(frozen=True)
class AccountStatement:
    """What a statement shows: whose, of which company, the period, and what is on its way to the books."""

    company: CompanyRow
    customer_id: str
    customer: str
    statement: Statement
    on_its_way: Money

    @property
    def currency(self) -> str:
        """Return the customer's currency."""
        return self.statement.closing.currency


def read_statement(session: Session, company_id: str, customer_id: str, *, first: date, last: date) -> AccountStatement:
    """Read the statement of a customer for the days from `first` to `last`. Raises NoStatement."""
    company = session.exec(select(CompanyRow).where(CompanyRow.id == company_id)).one()
    customer = session.exec(
        select(CustomerRow).where(CustomerRow.company_id == company_id, CustomerRow.qbo_id == customer_id)
    ).one_or_none()
    if customer is None:
        raise NoStatement(f"there is no customer {customer_id}")
    balance = Money(customer.balance_minor, customer.currency)
    movements = list(_movements(session, customer))
    rest = balance - total((one.amount for one in movements), balance.currency)
    if rest:  # only then: journal entries and the like are read document by document
        movements += _entries(session, customer, rest)
    made = statement_of(movements, balance, first=first, last=last)
    return AccountStatement(company, customer_id, customer.name, made, _on_its_way(session, customer))


def _movements(session: Session, customer: CustomerRow) -> Iterator[Movement]:
    """Give what has a table of its own: invoices, credit memos, payments."""
    for table, day, kind, sign, number in (
        (InvoiceRow, "issued_day", MovementKind.INVOICE, 1, "number"),
        (CreditRow, "issued_day", MovementKind.CREDIT, -1, "number"),
        (BookPaymentRow, "paid_day", MovementKind.PAYMENT, -1, "reference"),
    ):
        columns: Any = table
        rows = session.connection().execute(
            select(columns.qbo_id, getattr(columns, day), getattr(columns, number), columns.total_minor).where(
                columns.company_id == customer.company_id,
                columns.customer_id == customer.qbo_id,
                columns.currency == customer.currency,
                columns.state == "live",
                columns.total_minor != 0,
            )
        )
        for qbo_id, on, named, minor in rows:
            yield Movement(on, kind, qbo_id, named, Money(sign * minor, customer.currency))


# Entries on the receivable account that are neither of these


class _Ref(msgspec.Struct):
    value: str = ""


class _Party(msgspec.Struct, rename="pascal"):
    entity_ref: _Ref | None = None
    value: str = msgspec.field(name="value", default="")

    @property
    def id(self) -> str:
        return self.entity_ref.value if self.entity_ref else self.value


class _Detail(msgspec.Struct, rename="pascal"):
    account_ref: _Ref | None = None
    customer_ref: _Ref | None = None
    entity: _Party | None = None
    posting_type: str = ""

    @property
    def party(self) -> str:
        return (self.customer_ref and self.customer_ref.value) or (self.entity and self.entity.id) or ""


class _Line(msgspec.Struct, rename="pascal"):
    amount: Decimal = Decimal(0)
    journal_entry_line_detail: _Detail | None = None
    account_based_expense_line_detail: _Detail | None = None
    deposit_line_detail: _Detail | None = None

    def owed(self, accounts: frozenset[str], customer_id: str) -> Decimal:
        """Return what the line adds to the customer's balance, in major units."""
        entry, expense = self.journal_entry_line_detail, self.account_based_expense_line_detail
        detail = entry or expense or self.deposit_line_detail
        if detail is None or detail.party != customer_id or (detail.account_ref or _Ref()).value not in accounts:
            return Decimal(0)
        is_debit = entry.posting_type == "Debit" if entry else expense is not None
        return self.amount if is_debit else -self.amount


class _Entry(msgspec.Struct, rename="pascal"):
    id: str
    txn_date: date
    doc_number: str | None = None
    line: list[_Line] = []


def _entries(session: Session, customer: CustomerRow, rest: Money) -> list[Movement]:
    """Return the entries that touch the customer's balance, and one line for what is left unnamed."""
    kinds = select(AccountRow.qbo_id).where(
        AccountRow.company_id == customer.company_id, AccountRow.kind == "Accounts Receivable"
    )
    accounts = frozenset(session.exec(kinds))
    bodies = select(RawRow.body).where(
        RawRow.company_id == customer.company_id,
        col(RawRow.entity).in_(_ENTRIES),
        col(RawRow.body).contains(f'"{customer.qbo_id}"', autoescape=True),
    )
    found = [made for body in session.exec(bodies) if (made := _entry(body, accounts, customer))]
    left = rest - total((one.amount for one in found), rest.currency)
    if left:
        earliest = min((one.day for one in found), default=date.min)
        found.append(Movement(earliest, MovementKind.ENTRY, OTHER, "", left))
    return found


def _entry(body: str, accounts: frozenset[str], customer: CustomerRow) -> Movement | None:
    try:
        entry = msgspec.json.decode(body, type=_Entry)
        owed = sum((line.owed(accounts, customer.qbo_id) for line in entry.line), Decimal(0))
        amount = money_of(owed, customer.currency)
    except (msgspec.MsgspecError, MoneyError):  # the pull has told of it; it stays in the unnamed line
        return None
    return Movement(entry.txn_date, MovementKind.ENTRY, entry.id, entry.doc_number or "", amount) if amount else None


def _on_its_way(session: Session, customer: CustomerRow) -> Money:
    """Return the money that was paid here for the customer and is not in QuickBooks' balance yet.

    Credits that were used with it are in that balance already, whichever invoice they pay.
    """
    in_balance = (
        select(BookPaymentRow.qbo_id)
        .join(PostingRow, col(PostingRow.remote_id) == BookPaymentRow.qbo_id)
        .where(
            BookPaymentRow.company_id == customer.company_id,
            PostingRow.company_id == customer.company_id,
            PostingRow.payment_id == PaymentRow.id,
            PostingRow.kind == Kind.CHARGE.value,
            PostingRow.customer_id == customer.qbo_id,
            PostingRow.entity == "Payment",
        )
        .exists()
    )
    dropped = (
        select(PostingRow.id)
        .where(
            PostingRow.company_id == customer.company_id,
            PostingRow.payment_id == PaymentRow.id,
            PostingRow.kind == Kind.CHARGE.value,
            PostingRow.state == "dropped",
        )
        .exists()
    )

    def parts_in(row: type[ShareRow] | type[CreditUseRow]) -> Money:
        parts = (
            select(row.amount_minor)
            .join(PaymentRow, col(PaymentRow.id) == row.payment_id)
            .where(
                row.company_id == customer.company_id,
                PaymentRow.company_id == customer.company_id,
                row.customer_id == customer.qbo_id,
                PaymentRow.currency == customer.currency,
                PaymentRow.state == PaymentState.SUCCEEDED,
                ~in_balance,
                ~dropped,
            )
        )
        return total((Money(minor, customer.currency) for minor in session.exec(parts)), customer.currency)

    return parts_in(ShareRow) - parts_in(CreditUseRow)
