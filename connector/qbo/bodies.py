"""Reads the bodies of QuickBooks: envelopes by shape, objects as the raw text they came as.

One pass over a page finds the fault or cuts the page into objects, a second reads each object's id and version. Law: an
answer that cannot be read in full is an error, never a shorter answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from connector.qbo import faults
from connector.qbo.faults import Fault, Reply
from connector.qbo.shapes import RawObject, object_of

CDC_CAP = 1000


class _Error(msgspec.Struct):
    """One error of a fault; the gateway in front of QuickBooks writes its names in lower case."""

    code: str | int | None = None
    Message: str | None = None
    Detail: str | None = None
    message: str | None = None
    detail: str | None = None


class _FaultBody(msgspec.Struct):
    type: str | None = None
    Error: list[_Error] = []
    error: list[_Error] = []

    def first(self) -> Fault:
        error = next(iter(self.Error or self.error), _Error())
        text = error.Detail or error.Message or error.detail or error.message or ""
        return Fault(code=str(error.code or ""), kind=self.type or "", text=text)


class Envelope(msgspec.Struct):
    """What every answer has: a fault in either spelling, and QuickBooks' own time."""

    Fault: _FaultBody | None = None
    fault: _FaultBody | None = None
    time: str | int = ""


class _Count(msgspec.Struct):
    totalCount: int


class _BatchItem(msgspec.Struct):
    bId: str = ""
    Fault: _FaultBody | None = None
    QueryResponse: _Count | None = None


class BatchCountEnvelope(Envelope):
    """The answer of a batch of counts."""

    BatchItemResponse: list[_BatchItem] = []


class _Cdc(msgspec.Struct):
    QueryResponse: list[dict[str, msgspec.Raw]] = []


class CdcEnvelope(Envelope):
    """The answer of the change feed: for each entity asked for, in that order, its changed objects."""

    CDCResponse: list[_Cdc] | None = None


_lists = msgspec.json.Decoder(list[msgspec.Raw])
E = TypeVar("E", bound=Envelope)


@lru_cache(maxsize=64)
def page_shape(entity: str) -> type[Envelope]:
    """Return the shape of a page of an entity."""
    page = msgspec.defstruct(f"{entity}Page", [(entity, list[msgspec.Raw], msgspec.field(default_factory=list))])
    shape = msgspec.defstruct(f"{entity}PageEnvelope", [("QueryResponse", page)], bases=(Envelope,), kw_only=True)
    return cast("type[Envelope]", shape)


@lru_cache(maxsize=64)
def one_shape(entity: str) -> type[Envelope]:
    """Return the shape of an answer that holds one object."""
    shape = msgspec.defstruct(f"{entity}Envelope", [(entity, msgspec.Raw, msgspec.Raw())], bases=(Envelope,))
    return cast("type[Envelope]", shape)


def read(reply: Reply, shape: type[E], *, writes: bool = False) -> E:
    """Return the decoded answer. Raises the GatewayError that a fault, a bad status or a cut body stands for."""
    try:
        envelope = msgspec.json.decode(reply.body, type=shape)
    except msgspec.DecodeError:
        # A fault has no place for what the shape requires; a cut body, XML and a web page do not decode at all.
        raise faults.error_of(reply, _fault_in(reply.body), writes=writes) from None
    fault = envelope.Fault or envelope.fault
    if fault is not None or not 200 <= reply.status < 300:
        raise faults.error_of(reply, fault.first() if fault else None, writes=writes)
    return envelope


def page_texts(entity: str, envelope: Any) -> list[msgspec.Raw]:
    """Return the JSON of each object of a page."""
    texts: list[msgspec.Raw] = getattr(envelope.QueryResponse, entity)
    return texts


def one_object(entity: str, envelope: Any) -> RawObject | None:
    """Return the object of an answer that holds one."""
    text: msgspec.Raw = getattr(envelope, entity)
    return object_of(entity, text) if bytes(text).startswith(b"{") else None


def changed_objects(envelope: CdcEnvelope, entities: Sequence[str]) -> Iterator[tuple[str, list[RawObject]]]:
    """Give the changed objects of each entity that has any."""
    for feed in envelope.CDCResponse or []:
        for part in feed.QueryResponse:
            for entity in entities:
                if entity in part:
                    yield entity, [object_of(entity, raw) for raw in _lists.decode(part[entity])]


def _fault_in(body: bytes) -> Fault | None:
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
    except msgspec.DecodeError:
        return None
    fault = envelope.Fault or envelope.fault
    return fault.first() if fault else None
