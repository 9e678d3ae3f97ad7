"""Invariants of who may see what: I-16 as rows that never cross companies, I-17 as columns that never hold a secret.

Reads only; what a page answers to a stranger is shown by tests, not by rows. Law: a secret that is found is never said
again in the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, or_, select

from connector.store.access import (
    ContactCustomerRow,
    ContactRow,
    LinkRow,
    PasskeyRow,
    PasswordRow,
    ProviderRow,
    SessionRow,
)
from connector.store.books import DiscrepancyRow
from connector.store.companies import ConnectionRow
from connector.store.log import LogRow
from connector.store.money import PaymentEventRow, PaymentRow, ShareRow
from connector.store.outbox import AttemptRow, InboxRow, MailRow, PostingRow
from sync.runtime import Runtime
from sync.verify.broken import Broken

_SECRETS = re.compile(
    r"\b(?:[sr]k_(?:live|test)_[0-9A-Za-z]{8,}|whsec_[0-9A-Za-z+/=]{8,}|pi_\w+_secret_\w+|Bearer [\w.~+/-]{16,}"
    r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,})"
)
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_CIPHER = re.compile(r"v\d+\.[A-Za-z0-9-]+\.[\w=-]+")
# Columns that hold words in plain, and columns that may hold nothing but a cipher.
_PLAIN: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (LogRow, ("sentence", "detail")),
    (DiscrepancyRow, ("sentence", "next_step", "closing_note")),
    (PaymentEventRow, ("text",)),
    (PaymentRow, ("error_text", "method_label")),
    (InboxRow, ("error", "kind", "object_id")),
    (MailRow, ("error",)),
    (PostingRow, ("memo", "held_text", "request_body")),
    (AttemptRow, ("facts", "operation", "outcome")),
    (ConnectionRow, ("last_error",)),
)
_SEALED: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (ConnectionRow, ("access_cipher", "secret_cipher", "webhook_cipher")),
    (AttemptRow, ("body_cipher",)),
    (MailRow, ("context_cipher",)),
    (ProviderRow, ("secret_cipher",)),
)


def own_company_only(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-16: no contact, link, session, password, passkey or share of one company points into another."""
    homes = dict(session.exec(select(ContactRow.id, ContactRow.company_id)).all())
    for row in session.exec(select(ContactCustomerRow).where(ContactCustomerRow.company_id == company_id)):
        if homes.get(row.contact_id) != company_id:
            yield Broken("I-16", row.contact_id, f"a contact of another company may see customer {row.customer_id}")
    for table in (LinkRow, SessionRow, PasswordRow, PasskeyRow):
        mine = select(table.contact_id).where(table.company_id == company_id, table.contact_id != "")
        for contact_id in session.exec(mine.distinct()):
            # A link that a stranger asked for is kept for nobody, so that asking costs the same for every address.
            home = homes.get(contact_id, company_id if table is LinkRow else "")
            if home != company_id:
                yield Broken("I-16", contact_id, f"a {table.__tablename__} of this company lets in another’s contact")
    crossed = select(ShareRow.payment_id).where(
        ShareRow.payment_id == PaymentRow.id,
        ShareRow.company_id != PaymentRow.company_id,
        or_(col(ShareRow.company_id) == company_id, col(PaymentRow.company_id) == company_id),
    )
    for payment_id in session.exec(crossed.distinct()):
        yield Broken("I-16", payment_id, "its shares belong to another company than the payment")


def no_secrets(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-17: no key, token or card number stands in a column of words, and what is sealed is a cipher."""
    for table, names in _PLAIN:
        for subject, name, text in _texts(session, table, names, company_id):
            if _SECRETS.search(text) or any(_is_card(found[0]) for found in _CARD.finditer(text)):
                yield Broken("I-17", subject, f"{table.__tablename__}.{name} holds what looks like a secret")
    for table, names in _SEALED:
        for subject, name, text in _texts(session, table, names, company_id):
            if not _CIPHER.fullmatch(text):
                yield Broken("I-17", subject, f"{table.__tablename__}.{name} is not sealed")


def _texts(
    session: Session, table: type[Any], names: tuple[str, ...], company_id: str
) -> Iterator[tuple[str, str, str]]:
    """Yield each text of some columns that is not empty, with the row's name."""
    key = table.which if table is ConnectionRow else table.issuer if table is ProviderRow else table.id
    for name in names:
        column = getattr(table, name)
        rows = select(key, column).where(table.company_id == company_id, column != "")
        for subject, text in session.exec(rows):
            yield str(subject), name, text


def _is_card(text: str) -> bool:
    """Tell whether digits pass the check that every card number passes."""
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return text[:1] in "3456" and (sum(digits[::2]) + doubled) % 10 == 0
