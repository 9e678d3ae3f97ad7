"""Batch requests: up to thirty items, each on its own. Law: one item's fault leaves the others alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.qbo.codec import encode
from sandbox.qbo.entities import BY_NAME, Entity
from sandbox.qbo.refusals import Refusal, business, missing, too_long, unknown_property, unsupported

LONGEST_BID = 10  # where the batch carries a requestid
_VERBS = ("create", "update", "delete")

Write = Callable[[Entity, str, Any], str]  # entity, verb, payload -> the document's JSON
Select = Callable[[str], str]  # a query's text -> its QueryResponse


def read_items(payload: Any, *, limit: int, requestid: str) -> list[dict[str, Any]]:
    """Return the items of a batch. Raises Refusal for the batch as a whole."""
    items = payload.get("BatchItemRequest") if isinstance(payload, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise missing("BatchItemRequest")
    if len(items) > limit:  # the real code is not known
        raise business(f"The batch exceeds the maximum of {limit} items.", element="BatchItemRequest")
    seen: set[str] = set()
    for item in items:
        bid = str(item.get("bId") or "")
        if not bid or bid in seen:
            raise missing("bId") if not bid else business(f"bId {bid} appears twice.", element="bId")
        if requestid and len(bid) > LONGEST_BID:
            raise too_long("bId", limit=LONGEST_BID, length=len(bid))
        seen.add(bid)
    return items


def answer_item(item: dict[str, Any], write: Write, select: Select) -> str:
    """Carry out one item; returns its JSON, a fault included."""
    bid = encode(str(item["bId"]))
    try:
        if "Query" in item:
            return f'{{"QueryResponse":{select(str(item["Query"]))},"bId":{bid}}}'
        entity, payload = _subject(item)
        verb = _verb(item)
        return f'{{"{entity.name}":{write(entity, verb, payload)},"bId":{bid}}}'
    except Refusal as refusal:
        return f'{{"Fault":{encode(refusal.fault())},"bId":{bid}}}'


def _subject(item: dict[str, Any]) -> tuple[Entity, Any]:
    named = [name for name in item if name in BY_NAME]
    if len(named) != 1:
        raise unknown_property(next((name for name in item if name not in ("bId", "operation", "optionsData")), "bId"))
    return BY_NAME[named[0]], item[named[0]]


def _verb(item: dict[str, Any]) -> str:
    operation = str(item.get("operation") or "")
    if str(item.get("optionsData") or "").lower() == "void":
        return "void"
    if operation not in _VERBS:
        raise unsupported(operation or "of a batch item without one")
    return operation
