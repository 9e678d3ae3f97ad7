"""Tieout's own rows as the watch reads them: payments, postings, attempts and discrepancies of one company.

Reads over a connection of its own, so that it outlives every crash of what it watches. Law: rows are compared with the
stand-ins' truth, never with themselves, except where the rule is about the rows alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from connector.ledger.credits import GRANTED
from connector.store.books import DiscrepancyRow
from connector.store.built import built
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.money import CreditUseRow, PaymentRow
from connector.store.outbox import AttemptRow, InboxRow, MailRow, PostingRow
from connector.store.prepared import Prepared
from connector.store.session import Database
from oauth import connections
from sync.pushing import attempts
from sync.runtime import Runtime


class Paid(NamedTuple):
    """What is read of a payment after every step."""

    id: str
    state: str
    amount_minor: int
    currency: str
    intent_id: str | None
    receipt_number: int | None


class Owed(NamedTuple):
    """What is read of a posting after every step."""

    id: str
    key: str
    state: str
    fence: int
    generation: int
    request_id: str
    reference: str
    entity: str
    remote_id: str
    payment_id: str
    held_code: str


def _read_of(row: type[Any], read: type[Any]) -> Prepared:
    columns = (col(getattr(row, name)) for name in read._fields)
    return Prepared(pick(*columns).where(col(row.company_id) == bindparam("company")))


# Asked after every step.
_PAYMENTS, _POSTINGS = _read_of(PaymentRow, Paid), _read_of(PostingRow, Owed)
_LAST_SEQ = Prepared(pick(func.max(AttemptRow.seq)).where(col(AttemptRow.company_id) == bindparam("company")))


@dataclass(frozen=True)
class Rows:
    """What one step reads."""

    payments: Sequence[Paid]
    postings: Sequence[Owed]
    attempts: Sequence[AttemptRow]


class Ledgers:
    """L: what Tieout wrote down for one company."""

    def __init__(self, rt: Runtime, company_id: str) -> None:
        self.company_id, self.vault, self.clock = company_id, rt.vault, rt.clock
        self.rt = rt
        self.db = Database(rt.db.url.render_as_string(hide_password=False))
        self._last_seq = 0

    def step(self) -> Rows:
        """Read what a step may have changed; attempts only since the last call."""
        mine = self.company_id
        with self.db.read() as session:
            payments = [Paid._make(row) for row in _PAYMENTS.all(session, company=mine)]
            postings = [Owed._make(row) for row in _POSTINGS.all(session, company=mine)]
            [last] = _LAST_SEQ.first(session, company=mine)
            if last is None or last <= self._last_seq:
                return Rows(payments, postings, ())
            tried = _tried_since(session, mine, self._last_seq).all()
        self._last_seq = last
        return Rows(payments, postings, tried)

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
def _tried_since(company_id: str, seq: int) -> SelectOfScalar[AttemptRow]:
    since = select(AttemptRow).where(AttemptRow.company_id == company_id, AttemptRow.seq > seq)
    return since.order_by(col(AttemptRow.seq))


@built
def _event(provider: str, event_id: str) -> SelectOfScalar[str]:
    return select(InboxRow.id).where(InboxRow.provider == provider, InboxRow.event_id == event_id)


@built
def _mail_keys(company_id: str) -> SelectOfScalar[str]:
    return select(MailRow.key).where(MailRow.company_id == company_id)
