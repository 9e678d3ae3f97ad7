"""The QuickBooks gateway: few verbs, each one call to QuickBooks, raw objects out and our own errors.

Knows no row and no company of ours; a token comes from outside. Laws: every call is throttled, timed out and wrapped
for the crash points; a read is tried again within seconds, a write never; every error carries its intuit_tid, and for a
write or a look-up what was sent and what came back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import tenacity

from connector import crash
from connector.clock import Clock
from connector.errors import GatewayError, NotFound, RateLimited, Transient
from connector.qbo import bodies, downloads, faults, language
from connector.qbo.bodies import CDC_CAP, Envelope
from connector.qbo.faults import Reply
from connector.qbo.found import is_the_document
from connector.qbo.shapes import Answer, Changes, Document, Found, Page, RawObject, Sent, object_of
from connector.qbo.throttle import Throttle
from connector.qbo.wire import BearerSession, Wire

T = TypeVar("T")
PAGE_SIZE = 1000
BATCH_SIZE = 25
_READ_TRIES, _READ_SECONDS = 3, 20.0


class QuickBooksGateway:
    """One realm's QuickBooks. Safe to share between threads.

    `bearer(refresh)` gives the access token; it is called with True once after QuickBooks refused the present one.
    """

    def __init__(
        self, *, realm_id: str, api_base: str, bearer: Callable[[bool], str], clock: Clock, throttle: Throttle
    ) -> None:
        self.realm_id = realm_id
        self._api_base = api_base
        self._bearer = bearer
        self._clock = clock
        self._throttle = throttle
        self._local = threading.local()

    def company_info(self) -> RawObject:
        """Return the realm's CompanyInfo: one cheap call that shows whether the connection works."""
        return self._one("CompanyInfo", lambda wire: wire.get_single_object("CompanyInfo", self.realm_id))

    def preferences(self) -> RawObject:
        """Return the realm's Preferences."""
        return self._one("Preferences", lambda wire: wire.get(f"{wire.company_url}/preferences"))

    def counts(self, entities: Sequence[str]) -> tuple[dict[str, int], str]:
        """Count several entities in one call; returns the counts of those that answered, and QuickBooks' time."""
        assert len(entities) <= BATCH_SIZE
        items = [{"bId": entity, "Query": language.count_of(entity)} for entity in entities]
        body = msgspec.json.encode({"BatchItemRequest": items})
        envelope = self._read(
            "batch", bodies.BatchCountEnvelope, lambda wire: wire.post(f"{wire.company_url}/batch", body)
        )
        counted = {item.bId: item.QueryResponse.totalCount for item in envelope.BatchItemResponse if item.QueryResponse}
        return counted, _time_in(envelope)

    def page(self, entity: str, *, start: int, size: int = PAGE_SIZE, where: str = "") -> Page:
        """Return a page of an entity in the order of its Id; `start` counts from 1."""
        return self._query(entity, language.page_of(entity, start=start, size=size, where=where))

    def ids(self, entity: str, *, start: int, size: int = PAGE_SIZE) -> list[str]:
        """Return a page of an entity's ids, to find out what is gone."""
        return [found.qbo_id for found in self._query(entity, language.ids_of(entity, start=start, size=size)).objects]

    def query(self, statement: str) -> Page:
        """Run a query; its values were quoted by `connector.qbo.language.quote`."""
        return self._query(language.entity_in(statement), statement)

    def read(self, entity: str, qbo_id: str) -> RawObject:
        """Return one object as it is now. Raises NotFound when it was deleted."""
        return self._one(entity, lambda wire: wire.get_single_object(entity, qbo_id))

    def changes(self, entities: Sequence[str], since: str) -> Changes:
        """Return what changed since a time of QuickBooks' clock, in one call for all entities."""
        named = ",".join(entities)
        envelope = self._read("cdc", bodies.CdcEnvelope, lambda wire: wire.change_data_capture(named, since))
        if envelope.CDCResponse is None:
            raise Transient(service=faults.SERVICE, message="the change feed gave an answer without its list")
        by_entity = dict(bodies.changed_objects(envelope, entities))
        objects = [changed for part in by_entity.values() for changed in part]
        # Whether the cap holds for one entity or for the whole answer is told both ways. If for the answer, then lists
        # behind the long one are cut as well, even to nothing.
        full = (
            entities if len(objects) >= CDC_CAP else [name for name, part in by_entity.items() if len(part) >= CDC_CAP]
        )
        return Changes(objects, _time_in(envelope), frozenset(full))

    def pdf(self, entity: str, qbo_id: str) -> bytes:
        """Return an object's PDF as QuickBooks draws it."""

        def ask(wire: Wire) -> Reply:
            url = f"{wire.company_url}/{entity.lower()}/{qbo_id}/pdf"
            return wire.exchange("GET", url, headers={"Accept": "application/pdf, application/json"})

        return self._retried(lambda: self._pdf_of(self._call(f"{entity.lower()}.pdf", ask, writes=False)))

    def file(self, attachable_id: str, *, most: int) -> bytes:
        """Return an attached file of at most so many bytes, by the address that QuickBooks gives for a while.

        Raises TooLarge for a larger one.
        """

        def ask(wire: Wire) -> Reply:
            return wire.exchange("GET", f"{wire.company_url}/download/{attachable_id}", headers={"Accept": "*/*"})

        def once() -> bytes:
            reply = self._call("attachable.download", ask, writes=False)
            address = downloads.address_in(reply.body) if reply.status == 200 else ""
            if not address:
                self._judged(reply, Envelope, writes=False)
                raise faults.unclear("QuickBooks gave no address of the file", writes=False, reply=reply)
            with crash.sending("qbo.file.download"):
                return downloads.fetch(address, most=most, plain=self._api_base.startswith("http:"))

        return self._retried(once)

    def update(self, entity: str, *, body: bytes, request_id: str) -> Answer:
        """Update an object by a frozen body that names its version. Raises Stale where it has another by now."""

        def ask(wire: Wire) -> Reply:
            return wire.update_object(entity, body, request_id=request_id)  # type: ignore[no-any-return]

        account = _Account(self._clock, f"{entity.lower()}.update", request_id, body)
        with account:
            account.reply = self._call(account.operation, ask, writes=True)
            updated = self._object_in(account.reply, entity, writes=True)
        return Answer(updated, account.sent())

    def create(self, document: Document, *, body: bytes, request_id: str) -> Answer:
        """Create a document from the bytes that were frozen for it, under their requestid. Never tried again here."""

        def ask(wire: Wire) -> Reply:
            return wire.create_object(document.entity, body, request_id=request_id)  # type: ignore[no-any-return]

        account = _Account(self._clock, f"{document.entity.lower()}.create", request_id, body)
        with account:
            account.reply = self._call(account.operation, ask, writes=True)
            created = self._object_in(account.reply, document.entity, writes=True)
        return Answer(created, account.sent())

    def find(self, document: Document) -> Found:
        """Look for a document that may exist already. What was voided or deleted does not count."""

        def once() -> Found:
            account = _Account(self._clock, f"{document.entity.lower()}.find", "", document.lookup.encode())
            with account:
                account.reply = self._call(account.operation, lambda wire: wire.query(document.lookup), writes=False)
                envelope = self._judged(account.reply, bodies.page_shape(document.entity), writes=False)
            rows = [object_of(document.entity, text) for text in bodies.page_texts(document.entity, envelope)]
            return Found([row for row in rows if is_the_document(document, row)], account.sent())

        return self._retried(once)

    def _query(self, entity: str, statement: str) -> Page:
        envelope = self._read("query", bodies.page_shape(entity), lambda wire: wire.query(statement))
        return Page(entity, bodies.page_texts(entity, envelope), str(envelope.time))

    def _one(self, entity: str, ask: Callable[[Wire], Reply]) -> RawObject:
        def once() -> RawObject:
            return self._object_in(self._call(f"{entity.lower()}.read", ask, writes=False), entity, writes=False)

        return self._retried(once)

    def _object_in(self, reply: Reply, entity: str, *, writes: bool) -> RawObject:
        found = bodies.one_object(entity, self._judged(reply, bodies.one_shape(entity), writes=writes))
        if found is None:
            raise faults.unclear(f"the answer holds no {entity}", writes=writes, reply=reply)
        if found.deleted:
            raise NotFound(service=faults.SERVICE, message=f"this {entity} was deleted", code="610", trace=reply.trace)
        return found

    def _read(self, operation: str, shape: type[bodies.E], ask: Callable[[Wire], Reply]) -> bodies.E:
        return self._retried(lambda: self._judged(self._call(operation, ask, writes=False), shape, writes=False))

    def _judged(self, reply: Reply, shape: type[bodies.E], *, writes: bool) -> bodies.E:
        try:
            return bodies.read(reply, shape, writes=writes)
        except GatewayError as error:
            raise self._told(error) from None

    def _told(self, error: GatewayError) -> GatewayError:
        """Let the throttle know when QuickBooks asks us to wait."""
        if isinstance(error, RateLimited):
            self._throttle.pause(self.realm_id, error.wait_seconds)
        return error

    def _pdf_of(self, reply: Reply) -> bytes:
        if reply.status == 200 and reply.body.startswith(b"%PDF"):
            return reply.body
        self._judged(reply, Envelope, writes=False)
        raise faults.unclear("QuickBooks gave something else than a PDF", writes=False, reply=reply)

    def _call(self, operation: str, ask: Callable[[Wire], Reply], *, writes: bool) -> Reply:
        """Make one call. Raises GatewayError when no answer came."""
        with crash.sending(f"qbo.{operation}"):
            try:
                return ask(self._wire())
            except faults.SENDING_FAILED as failure:
                raise faults.failed_to_send(failure, writes=writes) from None

    def _retried(self, once: Callable[[], T]) -> T:
        """Read, and within seconds once or twice more where a read failed without a definite answer."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            stop=tenacity.stop_after_attempt(_READ_TRIES) | tenacity.stop_after_delay(_READ_SECONDS),
            wait=tenacity.wait_random_exponential(multiplier=0.4, max=2.0),
            sleep=self._clock.sleep,
            reraise=True,
        )
        return retrying(once)

    def _wire(self) -> Wire:
        """Return this thread's wire: a session of requests is not for two threads."""
        wire: Wire | None = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = Wire(
                realm_id=self.realm_id,
                api_base=self._api_base,
                session=BearerSession(self._bearer, self._api_base),
                throttle=self._throttle,
            )
        return wire


def _time_in(envelope: Envelope) -> str:
    """Return QuickBooks' time of an answer that a cursor depends on."""
    if not envelope.time:
        raise faults.unclear("QuickBooks did not say its time", writes=False)
    return str(envelope.time)


class _Account:
    """Keeps what one call sent and what came back, and hands it to the error when the call fails."""

    def __init__(self, clock: Clock, operation: str, request_id: str, request: bytes) -> None:
        self.operation = operation
        self.reply: Reply | None = None
        self._clock = clock
        self._request_id = request_id
        self._request = request
        self._started = clock.monotonic()

    def sent(self) -> Sent:
        """Return the account; without a reply it has no status and an empty answer."""
        reply = self.reply
        return Sent(
            operation=self.operation,
            request_id=self._request_id,
            request=self._request,
            status=reply.status if reply else None,
            response=reply.body if reply else b"",
            trace=reply.trace if reply else "",
            took_ms=round((self._clock.monotonic() - self._started) * 1000),
        )

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, GatewayError):
            faults.with_sent(error, self.sent())
