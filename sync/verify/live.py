"""Invariants read back from their owners: I-1, I-3 and I-5 from QuickBooks' own documents, I-4 from both balances.

Reads only, page by page; keeps nothing. Laws: a document counts as ours by the reference or the note that only we
write; what is on its way is not missing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, func, select

from connector.ledger.matching import match
from connector.ledger.postings import Kind
from connector.qbo.document_effects import Effect, effect_of
from connector.qbo.gateway import PAGE_SIZE
from connector.qbo.language import quote
from connector.store.companies import MappingRow
from connector.store.outbox import PostingRow
from sync.outbox import UNDER_WAY
from sync.runtime import Runtime
from sync.tieout.gather import gather
from sync.verify.broken import Broken
from sync.verify.named import Named

_ENTITIES = ("Payment", "Purchase", "Transfer")
_ON_CLEARING = (Kind.CHARGE.value, Kind.FEE.value, Kind.PAYOUT.value)
_OURS = re.compile(r"TO[A-Z2-7]{19}")
_PAYOUT = re.compile(r"Stripe payout (po_\w+)")


@dataclass(frozen=True)
class _Read:
    """Our documents as the books have them now, by the name we gave them, and our postings by the same name."""

    documents: Mapping[str, Sequence[Effect]]
    postings: Mapping[str, PostingRow]
    named: Named


def in_the_books_once(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-1: each recorded posting stands in QuickBooks exactly once, or the difference is named."""
    read = _read(session, rt, company_id)
    for mark, row in read.postings.items():
        found = read.documents.get(mark, ())
        names = [f"{effect.entity}/{effect.qbo_id}" for effect in found]
        is_told = read.named.has(row.id, f"{row.entity}/{row.remote_id}", row.object_id, *names)
        if len(found) > 1 and not is_told:
            yield Broken("I-1", row.id, f"it stands {len(found)} times in QuickBooks: {', '.join(names)}")
        elif not found and row.state == "posted" and not is_told:
            yield Broken("I-1", row.id, f"{row.entity} {row.remote_id} is gone from QuickBooks, nobody is told")


def every_document_has_its_fact(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-3: each document that bears our mark has its posting."""
    read = _read(session, rt, company_id)
    for mark, found in read.documents.items():
        names = [f"{effect.entity}/{effect.qbo_id}" for effect in found]
        if mark not in read.postings and not read.named.has(*names):
            yield Broken("I-3", names[0], f"it bears our mark {mark}, and no posting is known by it")


def payouts_arrived_once(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-5: each recorded payout moved exactly its amount out of clearing."""
    read = _read(session, rt, company_id)
    for mark, row in read.postings.items():
        if row.kind != Kind.PAYOUT.value or row.state != "posted" or read.named.has(row.id, row.object_id):
            continue
        moved = sum(-effect.amount.minor for effect in read.documents.get(mark, ()))
        names = [f"{effect.entity}/{effect.qbo_id}" for effect in read.documents.get(mark, ())]
        if moved != row.amount_minor and not read.named.has(f"{row.entity}/{row.remote_id}", *names):
            yield Broken("I-5", row.object_id, f"{row.amount_minor} was paid out, {moved} left clearing")


def both_sides_tie(session: Session, rt: Runtime, company_id: str) -> Iterator[Broken]:
    """I-4: between Stripe's balance and the clearing account nothing lies that no open discrepancy names."""
    named = Named.read(session, company_id)
    for currency, sides in gather(rt, company_id, live=True).sides.items():
        for item in match(sides).items:
            if not item.is_explained and not named.has(item.subject, currency):
                what = f"{item.amount.minor} {currency} ({item.why})"
                yield Broken("I-4", item.subject or currency, f"{what} lies between the two sides, nobody is told")


def _read(session: Session, rt: Runtime, company_id: str) -> _Read:
    rows = session.exec(select(PostingRow).where(PostingRow.company_id == company_id)).all()
    moving = [row for row in rows if row.kind in _ON_CLEARING and row.amount_minor]  # others are not in its register
    postings = {_mark_of(row): row for row in moving if row.state in (*UNDER_WAY, "posted", "held", "dropped")}
    return _Read(_documents(session, rt, company_id), postings, Named.read(session, company_id))


def _mark_of(row: PostingRow) -> str:
    return row.object_id if row.kind == Kind.PAYOUT.value else row.reference


def _documents(session: Session, rt: Runtime, company_id: str) -> dict[str, list[Effect]]:
    """Read our documents on the clearing accounts from the books, from the first day of ours on."""
    chosen = select(MappingRow.qbo_id, MappingRow.currency).where(
        MappingRow.company_id == company_id, MappingRow.role == "clearing"
    )
    accounts = session.exec(chosen).all()
    since = session.exec(select(func.min(col(PostingRow.day))).where(PostingRow.company_id == company_id)).one()
    documents: defaultdict[str, list[Effect]] = defaultdict(list)
    if since is None:
        return documents
    for effect in _effects(rt, company_id, accounts, since):
        payout = _PAYOUT.search(effect.note) if effect.entity == "Transfer" else None
        mark = payout[1] if payout else effect.reference
        if (payout or _OURS.fullmatch(mark)) and effect.amount:
            documents[mark].append(effect)
    return documents


def _effects(rt: Runtime, company_id: str, accounts: Sequence[tuple[str, str]], since: date) -> Iterator[Effect]:
    gateway = rt.gateways.quickbooks(company_id)
    where = f"TxnDate >= {quote(since.isoformat())}"
    for entity in _ENTITIES:
        start = 1
        while True:
            objects = gateway.page(entity, start=start, size=PAGE_SIZE, where=where).objects
            for document in objects:
                for account_id, currency in accounts:
                    if effect := effect_of(document, account_id, currency):
                        yield effect
            if len(objects) < PAGE_SIZE:
                break
            start += PAGE_SIZE
