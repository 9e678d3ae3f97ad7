"""Tieout's own rows as the watch reads them: payments, postings, attempts and discrepancies of one company.

Reads over a connection of its own, so that it outlives every crash of what it watches. Law: rows are compared with the
stand-ins' truth, never with themselves, except where the rule is about the rows alone.
"""

from __future__ import annotations

import hashlib
from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.credits import GRANTED
from connector.store.books import DiscrepancyRow
from connector.store.built import built
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.money import CreditUseRow, PaymentRow
from connector.store.outbox import AttemptRow, InboxRow, MailRow, PostingRow
from connector.store.prepared import driver_of, executed
from connector.store.session import Database
from oauth import connections
from sync.pushing import attempts
from sync.runtime import Runtime

_PAYMENT = (
    PaymentRow.id,
    PaymentRow.state,
    PaymentRow.amount_minor,
    PaymentRow.currency,
    PaymentRow.intent_id,
    PaymentRow.receipt_number,
)
_POSTING = (
    PostingRow.id,
    PostingRow.key,
    PostingRow.state,
    PostingRow.fence,
    PostingRow.generation,
    PostingRow.request_id,
    PostingRow.reference,
    PostingRow.entity,
    PostingRow.remote_id,
    PostingRow.payment_id,
    PostingRow.held_code,
)


def _names(columns: Sequence[Any]) -> list[str]:
    return [one.key for one in columns]


Payment = namedtuple("Payment", _names(_PAYMENT))  # type: ignore[misc]
Posting = namedtuple("Posting", _names(_POSTING))  # type: ignore[misc]


@dataclass(frozen=True)
class Rows:
    """What one step reads."""

    payments: Sequence[Payment]
    postings: Sequence[Posting]
    attempts: Sequence[AttemptRow]


class Ledgers:
    """L: what Tieout wrote down for one company."""

    def __init__(self, rt: Runtime, company_id: str) -> None:
        self.company_id, self.vault, self.clock = company_id, rt.vault, rt.clock
        self.rt = rt
        self.db = Database(rt.db.url.render_as_string(hide_password=False))
        self._last_seq = 0
        # Asked after every step, so written out once and given to the driver as they are.
        self._payments = self._written(select(*_PAYMENT).where(PaymentRow.company_id == company_id))  # type: ignore
        self._postings = self._written(select(*_POSTING).where(PostingRow.company_id == company_id))  # type: ignore
        self._tried = self._written(select(func.max(AttemptRow.seq)).where(AttemptRow.company_id == company_id))

    def step(self) -> Rows:
        """Read what a step may have changed; attempts only since the last call."""
        mine = self.company_id
        with self.db.read() as session:
            driver = driver_of(session)
            payments = [Payment._make(row) for row in executed(driver, self._payments, ()).fetchall()]
            postings = [Posting._make(row) for row in executed(driver, self._postings, ()).fetchall()]
            [last] = executed(driver, self._tried, ()).fetchone()
            if (last or 0) <= self._last_seq:
                return Rows(payments, postings, ())
            fresh = select(AttemptRow).where(AttemptRow.company_id == mine, AttemptRow.seq > self._last_seq)
            tried = session.exec(fresh.order_by(col(AttemptRow.seq))).all()
        self._last_seq = last
        return Rows(payments, postings, tried)

    def _written(self, asked: Any) -> str:
        return str(asked.compile(self.db.engine, compile_kwargs={"literal_binds": True}))

    def rows(self, table: type[Any], **where: Any) -> list[Any]:
        """Return whole rows of a table of this company."""
        with self.db.read() as session:
            return list(session.exec(select(table).filter_by(company_id=self.company_id, **where)))

    def open_discrepancies(self) -> list[DiscrepancyRow]:
        """Return what is open."""
        return [row for row in self.rows(DiscrepancyRow) if row.closed_at is None]

    def company(self) -> CompanyRow:
        """Return the company's row."""
        with self.db.read() as session:
            return session.exec(select(CompanyRow).where(CompanyRow.id == self.company_id)).one()

    def connection(self, which: str) -> ConnectionRow | None:
        """Return a connection's row."""
        with self.db.read() as session:
            return connections.find(session, self.company_id, which)

    def refresh_token(self, row: ConnectionRow) -> str:
        """Open the stored refresh token."""
        column = f"{row.which}.{connections.SECRET}"
        return self.vault.open(row.secret_cipher, company_id=row.company_id, column=column).decode()

    def has_row(self, table: type[Any], row_id: str) -> bool:
        """Tell whether a row is there for others to see, of whatever company."""
        with self.db.read() as session:
            return session.exec(select(table.id).where(table.id == row_id)).first() is not None

    def access_token(self) -> str:
        """Open the access token as it is stored now."""
        row = self.connection(connections.QUICKBOOKS)
        if row is None:
            return ""
        column = f"{row.which}.{connections.ACCESS}"
        return self.vault.open(row.access_cipher, company_id=row.company_id, column=column).decode()

    def has_event(self, provider: str, event_id: str) -> bool:
        """Tell whether an accepted event is stored, whatever became of it."""
        with self.db.read() as session:
            return _event(session, provider, event_id).first() is not None

    def mail_keys(self) -> list[str]:
        """Return the keys of all mails that are owed."""
        with self.db.read() as session:
            return list(_mail_keys(session, self.company_id))

    def lent(self, payment_id: str, customer_id: str) -> tuple[int, int]:
        """Return what discounts, and what open credits, were agreed to pay of a customer's part of a payment."""
        uses = self.rows(CreditUseRow, payment_id=payment_id, customer_id=customer_id)
        granted = sum(one.amount_minor for one in uses if one.credit.startswith(GRANTED))
        return granted, sum(one.amount_minor for one in uses) - granted

    def surcharge(self, payment_id: str) -> int:
        """Return what a payment's method was agreed to cost."""
        return sum(row.surcharge_minor for row in self.rows(PaymentRow, id=payment_id))

    def rt_with_own_database(self) -> Runtime:
        """Return the runtime over this connection, for the product's own checks."""
        return replace(self.rt, db=self.db)

    def digest(self, row: AttemptRow) -> str:
        """Return the hash of the bytes that an attempt sent."""
        body = self.vault.open(row.body_cipher, company_id=row.company_id, column=attempts.BODY)
        return hashlib.sha256(body).hexdigest()

    def close(self) -> None:
        """Give the connections back."""
        self.db.close()


@built
def _event(provider: str, event_id: str) -> SelectOfScalar[str]:
    return select(InboxRow.id).where(InboxRow.provider == provider, InboxRow.event_id == event_id)


@built
def _mail_keys(company_id: str) -> SelectOfScalar[str]:
    return select(MailRow.key).where(MailRow.company_id == company_id)
