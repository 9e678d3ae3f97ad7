"""Payments that QuickBooks has, and that its balances as we read them last may not show yet.

Reads rows only. Law: what an invoice's own text names is in its balance; what was posted long before it was read too.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlmodel import Session, col, select

from connector.ledger.postings import PAYS
from connector.store.cache import RawRow
from connector.store.outbox import LegRow, PostingRow
from sync.pulling import cursors


def arriving_minor(session: Session, company_id: str, invoice_ids: Sequence[str]) -> dict[str, int]:
    """Return the minor units that were posted to invoices and are not in their cached balances, by invoice."""
    feed = cursors.find(session, company_id)
    legs = select(LegRow.invoice_id, PostingRow.remote_id, LegRow.amount_minor).where(
        PostingRow.company_id == company_id,
        PostingRow.state == "posted",
        col(PostingRow.kind).in_(PAYS),
        LegRow.company_id == company_id,
        LegRow.posting_id == PostingRow.id,
        col(LegRow.invoice_id).in_(invoice_ids),
    )
    if feed is not None:
        legs = legs.where(col(PostingRow.posted_at) >= feed.updated_at - cursors.OVERLAP)
    posted = session.exec(legs).all()
    named = _named_by(session, company_id, {invoice_id for invoice_id, _, _ in posted}) if posted else {}
    sums: dict[str, int] = {}
    for invoice_id, remote_id, minor in posted:
        if remote_id not in named.get(invoice_id, ()):
            sums[invoice_id] = sums.get(invoice_id, 0) - minor
    return sums


def _named_by(session: Session, company_id: str, invoice_ids: set[str]) -> dict[str, set[str]]:
    """Return the ids of the Payments that invoices' cached texts name."""
    bodies = select(RawRow.qbo_id, RawRow.body).where(
        RawRow.company_id == company_id, RawRow.entity == "Invoice", col(RawRow.qbo_id).in_(invoice_ids)
    )
    return {
        qbo_id: {str(one.get("TxnId")) for one in msgspec.json.decode(body).get("LinkedTxn") or ()}
        for qbo_id, body in session.exec(bodies)
    }
