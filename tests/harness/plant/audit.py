"""The audit after a storm: what both services hold against what payers were told and what Tieout wrote.

Law: the counts come from the stand-ins' own books; Tieout's rows are only asked for what they must have kept.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from connector.store.books import DiscrepancyRow
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow, PostingRow
from sync.inbox import UNKNOWN_PAYMENT
from tests.harness.invariants import Watch
from tests.harness.plant.installation import WEB, Installation
from tests.harness.plant.payers import Paper
from tests.harness.plant.report import Report
from tests.harness.truth import minor_of


def audit(plant: Installation, papers: list[Paper], report: Report) -> None:
    """Fill in what the storm came to, and name what is broken."""
    charges = plant.house.charges()
    report.payments, report.money_minor = len(charges), sum(charge["amount"] for charge in charges)
    report.debits = sum(charge["payment_method_details"]["type"] != "card" for charge in charges)
    report.turned_away = sum(not paper.payment for paper in papers)
    report.discrepancies = dict(Counter(row.kind for row in _open(plant)))
    _count_documents(plant, charges, report)
    report.slowest_seconds = _slowest(plant, charges)
    report.broken += [*_consents(charges, papers), *_kept(plant, papers), *_stored(plant), *_vain_bells(plant)]
    report.broken += [*_unexpected(plant), *_false_alarms(plant)]
    watch = Watch(plant.world, plant.house.rt, plant.house.company_id)
    report.broken += [str(one) for one in watch.whole(final=True)]
    watch.close()
    report.broken += _proved(plant)


def _count_documents(plant: Installation, charges: list[dict[str, Any]], report: Report) -> None:
    """Count charges without a document, with more than one, and cents that differ."""
    booked: defaultdict[str, list[int]] = defaultdict(list)
    notes = [(str(doc.get("PrivateNote", "")), minor_of(doc["TotalAmt"])) for doc in _payments(plant)]
    for charge in charges:
        booked[charge["id"]] = [minor for note, minor in notes if charge["id"] in note]
    named = {row.subject for row in _open(plant)}
    for charge in charges:
        found = booked[charge["id"]]
        is_named = bool(named & {charge["id"], charge["metadata"].get("tieout_payment", "")})
        report.lost += not found and not is_named
        report.doubled += len(found) > 1
        report.misstated_minor += abs(found[0] - charge["amount"]) if len(found) == 1 else 0


def _payments(plant: Installation) -> list[dict[str, Any]]:
    return plant.house.ours_in_books("Payment", "PaymentRefNum")


def _open(plant: Installation) -> list[DiscrepancyRow]:
    with plant.house.rt.db.read() as session:
        return list(session.exec(select(DiscrepancyRow).where(col(DiscrepancyRow.closed_at).is_(None))))


def _consents(charges: list[dict[str, Any]], papers: list[Paper]) -> list[str]:
    """Each consent is charged once at most, with the amount that was shown; nobody else is charged."""
    wanted = {paper.intent: paper for paper in papers if paper.intent}
    taken = Counter(charge["payment_intent"] for charge in charges)
    said = [f"I-2 {intent} was charged {count} times" for intent, count in taken.items() if count > 1]
    said += [f"I-2 {intent} was charged and nobody consented" for intent in taken if intent not in wanted]
    said += [
        f"I-18 {charge['payment_intent']} was charged {charge['amount']} instead of {paper.minor}"
        for charge in charges
        if (paper := wanted.get(charge["payment_intent"])) and paper.minor != charge["amount"]
    ]
    return said


def _kept(plant: Installation, papers: list[Paper]) -> list[str]:
    """Whatever a payer was told was started stands as a row with its intent."""
    with plant.house.rt.db.read() as session:
        rows = {row.id: row for row in session.exec(select(PaymentRow))}
    started = [paper for paper in papers if paper.payment]
    lost = [paper for paper in started if paper.payment not in rows or rows[paper.payment].intent_id != paper.intent]
    return [f"I-10 payment {paper.payment} was acknowledged and is not kept" for paper in lost]


def _stored(plant: Installation) -> list[str]:
    """Each event of Stripe that was answered with a 2xx stands in the inbox."""
    listed = plant.world.stripe.control("deliveries", {})["deliveries"]
    accepted = {one["event"] for one in listed if any(200 <= (t["status"] or 0) < 300 for t in one["tries"])}
    with plant.house.rt.db.read() as session:
        stored = set(session.exec(select(InboxRow.event_id).where(InboxRow.provider == "stripe")))
    return [f"I-9 event {event} was answered and is not stored" for event in sorted(accepted - stored)]


def _vain_bells(plant: Installation) -> list[str]:
    """No bell rings for an event before it is durable."""
    vain = [one.point for one in plant.trace.passages() if one.what == "vain"]
    return [f"M2 {point} rang for an event that no committed row holds" for point in vain[:5]]


def _unexpected(plant: Installation) -> list[str]:
    """Nobody is answered with an error that the portal did not expect: what is away is told with 503."""
    said = [json.loads(line) for line in plant.roster.said(WEB).splitlines() if '"event": "unexpected"' in line]
    kinds = Counter((one["endpoint"], one["error"], one["where"]) for one in said)
    return [f"{times} times 500 at {where}: {error} in {frames}" for (where, error, frames), times in kinds.items()]


def _false_alarms(plant: Installation) -> list[str]:
    """Nobody is told to record by hand what stands here and will be recorded."""
    with plant.house.rt.db.read() as session:
        kept = set(session.exec(select(PaymentRow.id)))
    named = [row.subject for row in _open(plant) if row.kind == UNKNOWN_PAYMENT]
    return [f"payment {subject} is called lost, and is not" for subject in named if subject in kept]


def _slowest(plant: Installation, charges: Sequence[Mapping[str, Any]]) -> float:
    """Return the longest a charge waited for its document, in seconds of the product's clock."""
    with plant.house.rt.db.read() as session:
        posted = {
            row.object_id: row.posted_at
            for row in session.exec(select(PostingRow).where(PostingRow.kind == "charge", PostingRow.state == "posted"))
        }
        succeeded = {row.charge_id: row.succeeded_at for row in session.exec(select(PaymentRow))}
    waits = [_between(succeeded.get(charge["id"]), posted.get(charge["id"])) for charge in charges]
    return max(waits, default=0.0)


def _between(began: datetime | None, ended: datetime | None) -> float:
    return (ended - began).total_seconds() if began and ended else 0.0


def _proved(plant: Installation) -> list[str]:
    """Run the product's own judge as a person would."""
    code, output = plant.command("prove", "--live", "--json")
    return [f"`tieout prove --live` exits {code}: {_short(output)}"] if code else []


def _short(output: str) -> str:
    try:
        lines = [line for one in json.loads(output) for result in one["results"] for line in result["lines"]]
        return "; ".join(line["sentence"] for line in lines if not line["is_explained"])[:600]
    except (ValueError, KeyError, TypeError):
        return output[-600:]
