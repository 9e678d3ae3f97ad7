"""The clearing account as QuickBooks has it: its own balance, and the register that adds up to it.

Reads the cache that the change feed keeps, and the books themselves where the two do not agree. Law: the balance is
always QuickBooks' own figure, read live; the register is never made from our postings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Select, bindparam, select
from sqlmodel import Session, col

from connector.ledger.money import Money, money_of, total
from connector.qbo.document_effects import REGISTER_ENTITIES, Effect, effect_of
from connector.qbo.gateway import PAGE_SIZE, QuickBooksGateway
from connector.qbo.language import quote
from connector.qbo.shapes import RawObject
from connector.store.cache import BookPaymentRow, ListingRow, RawRow
from connector.store.prepared import Prepared
from sync.runtime import Runtime


class _Account(msgspec.Struct):
    CurrentBalance: Decimal = Decimal(0)


_accounts = msgspec.json.Decoder(_Account)


@dataclass(frozen=True)
class Register:
    """The clearing account of one currency: its balance, and its lines by document."""

    account_id: str
    balance: Money
    effects: tuple[Effect, ...]


def read_register(rt: Runtime, company_id: str, account_id: str, *, currency: str, since: date, live: bool) -> Register:
    """Read an account's balance live and its lines from the cache; from the books where they do not add up, or `live`.

    `since` is the first day on which we posted anything. Raises NotConnected and GatewayError.
    """
    gateway = rt.gateways.quickbooks(company_id)
    said = _accounts.decode(gateway.read("Account", account_id).body)
    balance = money_of(said.CurrentBalance, currency)
    with rt.db.read() as session:
        effects = _effects(_cached(session, company_id, account_id), account_id, currency)
    if live or total((effect.amount for effect in effects), currency) != balance:
        older = [effect for effect in effects if effect.day < since]
        effects = [*older, *_effects(_in_books(gateway, since), account_id, currency)]
    return Register(account_id, balance, tuple(effects))


def _effects(documents: Iterator[RawObject], account_id: str, currency: str) -> list[Effect]:
    found = (effect_of(document, account_id, currency) for document in documents)
    return [effect for effect in found if effect is not None]


def _cached(session: Session, company_id: str, account_id: str) -> Iterator[RawObject]:
    """Give the cached documents that may touch the account; those that were deleted are not among them."""
    said = f'"{account_id}"'.replace("/", "//").replace("%", "/%").replace("_", "/_")
    for entity in REGISTER_ENTITIES:
        documents = _PAYMENTS if entity == "Payment" else _LISTED
        for qbo_id, sync_token, body in documents.all(session, company=company_id, entity=entity, said=said):
            yield RawObject(entity, qbo_id, sync_token, body.encode())


def _saying(head: type[Any]) -> Select[str, str, str]:
    return select(col(RawRow.qbo_id), col(RawRow.sync_token), col(RawRow.body)).where(
        col(RawRow.company_id) == bindparam("company"),
        col(RawRow.entity) == bindparam("entity"),
        col(RawRow.body).contains(bindparam("said"), escape="/"),
        head.company_id == bindparam("company"),
        head.qbo_id == RawRow.qbo_id,
        head.state != "deleted",
    )


_PAYMENTS = Prepared(_saying(BookPaymentRow))
_LISTED = Prepared(_saying(ListingRow).where(col(ListingRow.entity) == bindparam("entity")))


def _in_books(gateway: QuickBooksGateway, since: date) -> Iterator[RawObject]:
    """Give every document of a kind that may touch a bank account, from a day on, as the books have it now."""
    for entity in REGISTER_ENTITIES:
        start = 1
        while True:
            where = f"TxnDate >= {quote(since.isoformat())}"
            objects = gateway.page(entity, start=start, size=PAGE_SIZE, where=where).objects
            yield from objects
            if len(objects) < PAGE_SIZE:
                break
            start += PAGE_SIZE
