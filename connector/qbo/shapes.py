"""What the QuickBooks gateway takes and gives: raw objects, pages, changes, answers.

Values only; no HTTP here. Law: a raw object's `body` is byte for byte what QuickBooks sent for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

Buffer: TypeAlias = bytes | msgspec.Raw


@dataclass(frozen=True, slots=True)
class RawObject:
    """One object of QuickBooks: its id, version, and its JSON as it came."""

    entity: str
    qbo_id: str
    sync_token: str
    body: bytes
    deleted: bool = False  # a tombstone of the change feed: only the id is known


class _Head(msgspec.Struct):
    """What is read of every object; `status` stands only on tombstones."""

    Id: str = ""
    SyncToken: str = ""
    status: str = ""


_heads = msgspec.json.Decoder(_Head)


def object_of(entity: str, text: Buffer) -> RawObject:
    """Read an object's id and version from its JSON; its body stays the text as it came."""
    head = _heads.decode(text)
    return RawObject(entity, head.Id, head.SyncToken, bytes(text), head.status == "Deleted")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a query: each object's JSON, cut from the answer without being read."""

    entity: str
    texts: Sequence[msgspec.Raw]
    server_time: str  # QuickBooks' own clock, for cursors

    @property
    def objects(self) -> list[RawObject]:
        """Return the objects with their ids and versions read."""
        return [object_of(self.entity, text) for text in self.texts]


@dataclass(frozen=True, slots=True)
class Changes:
    """An answer of the change feed. `full` names entities whose list reached the cap and may be cut."""

    objects: Sequence[RawObject]
    server_time: str
    full: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a call looked like on the wire, for the attempt log. Bodies hold business data: never for log files."""

    operation: str  # payment.create, payment.find, purchase.create ...
    request_id: str
    request: bytes
    status: int | None
    response: bytes
    trace: str  # intuit_tid
    took_ms: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A document that was created or found, and how the call went."""

    document: RawObject
    sent: Sent


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up found (voided and deleted documents do not count), and how the call went."""

    documents: Sequence[RawObject]
    sent: Sent


@dataclass(frozen=True, slots=True)
class Document:
    """A document to create: its entity and its JSON fields, amounts as numbers of major units in text form.

    `lookup` says how it is found again: the entity's own query conditions, then fields that must be equal in the body.
    """

    entity: str  # Payment, Purchase, Transfer
    fields: Mapping[str, object]
    lookup: str  # a QuickBooks query: SELECT * FROM Payment WHERE PaymentRefNum = '...'
    must_equal: Mapping[str, object] = field(default_factory=dict)  # dotted path -> value
    must_contain: str = ""  # text that the note holds: the Stripe id
