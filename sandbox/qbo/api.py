"""The Accounting API: from a call to an answer.

Checks come in the order of the real front door: bearer, limits, then the books. Law: an answer that reports a change
leaves only after the change is on the shelf, and a known `requestid` gets its first answer again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.qbo import refusals, xmltext
from sandbox.qbo.batching import answer_item, read_items
from sandbox.qbo.books import Books
from sandbox.qbo.calls import JSON, Answer, Call, refusal_answer
from sandbox.qbo.codec import decode
from sandbox.qbo.entities import BY_PATH, Entity
from sandbox.qbo.journal import Entry
from sandbox.qbo.meanings import OF_THE_API, argument_of, mean
from sandbox.qbo.paper import paper_of
from sandbox.qbo.query import parse
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.replays import LONGEST, LONGEST_OF_BATCH
from sandbox.qbo.selecting import changed_since, select
from sandbox.qbo.side_doors import door_of
from sandbox.qbo.times import envelope_time, utc_text
from sandbox.qbo.writing import verb_of, write

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

SINGLETONS = ("CompanyInfo", "Preferences")
MAINTENANCE_SECONDS = 600


class Api:
    """Answers calls for one stand-in, each under its lock."""

    def __init__(self, standin: QuickBooksStandin) -> None:
        self._standin = standin
        self._under_way = 0
        self._counting = threading.Lock()

    def answer(self, call: Call) -> Answer:
        """Answer a call; never raises."""
        standin = self._standin
        most = int(standin.switches["throttle_in_flight"])
        with self._counted() as under_way:
            if most and under_way > most:  # told at the door: whoever waits for the books waits inside
                answer = self._refused(call, standin.too_many())
                standin.journal.add(self._line(call, answer))
                return answer
            with standin.lock:
                answer = self._under_lock(call)
        if call.rings_first:
            standin.ring_before_answering()
        return answer

    @contextmanager
    def _counted(self) -> Iterator[int]:
        """Count a call as under way, the waiting ones among them."""
        with self._counting:
            self._under_way += 1
            under_way = self._under_way
        try:
            yield under_way
        finally:
            with self._counting:
                self._under_way -= 1

    def _under_lock(self, call: Call) -> Answer:
        standin = self._standin
        try:
            with standin.as_app():
                answer = self._checked(call)
            if call.wants_xml and answer.kind == JSON:
                answer = Answer(answer.status, xmltext.from_json(str(answer.content)), xmltext.KIND)
        except Refusal as refusal:
            answer = self._refused(call, refusal)
        standin.commit()
        standin.journal.add(self._line(call, answer))
        return answer

    def _refused(self, call: Call, refusal: Refusal) -> Answer:
        return refusal_answer(refusal, self._standin.clock.seconds(), xml=call.wants_xml)

    def _line(self, call: Call, answer: Answer) -> Entry:
        path = f"/v3/company/{call.realm}/{'/'.join(call.steps)}"
        at = utc_text(self._standin.clock.seconds())
        return Entry(
            at,
            call.method,
            path,
            call.operation,
            call.realm,
            call.requestid,
            answer.status,
            call.tid,
            answer.code,
            call.warning,
        )

    def _checked(self, call: Call) -> Answer:
        standin = self._standin
        if standin.in_maintenance():
            return closed_page()
        standin.oauth.check_bearer(call.authorization, call.realm)
        standin.check_limits(call.realm, batch=call.operation == "batch", reading=call.reads)
        books = standin.books(call.realm)
        if books is None:
            raise refusals.unauthorised()
        if standin.switches["administrator"] == "lost":
            raise refusals.no_rights()
        faults = standin.faults.pick("quickbooks", call.operation, only=OF_THE_API)
        mean(faults)
        call.rings_first = any(fault.name == "before_response" for fault in faults)
        closed_for = argument_of(faults, "maintenance", MAINTENANCE_SECONDS)
        if closed_for is not None:
            standin.close_for(closed_for)
            return closed_page()
        answer = self._routed(call, books, faults)
        standin.budget.count(int(call.reads))
        return answer

    def _routed(self, call: Call, books: Books, faults: list[Fault]) -> Answer:
        first = call.steps[0]
        if call.method not in ("GET", "POST"):
            raise refusals.unsupported(call.method)
        if first == "query":
            return self._enveloped(f'"QueryResponse":{self._selected(call, books, _query_text(call), faults)}')
        if first == "cdc":
            return self._enveloped(f'"CDCResponse":{_changes(call, books)}')
        if first == "batch" and call.method == "POST":
            return self._replayed(call, faults, lambda: self._batch(call, books), longest=LONGEST_OF_BATCH)
        door = door_of(call)
        if door is not None and call.method == "GET":
            return door(self._standin, call, books)
        if door is not None:
            return self._replayed(call, faults, lambda: door(self._standin, call, books), longest=LONGEST)
        entity = BY_PATH.get(first)
        if entity is None:
            raise refusals.unsupported(f"{call.method} {'/'.join(call.steps)}")
        if call.method == "GET":
            return self._read(call, books, entity)
        return self._replayed(call, faults, lambda: self._write(call, books, entity, faults), longest=LONGEST)

    def _selected(self, call: Call, books: Books, text: str, faults: list[Fault]) -> str:
        query = parse(text)
        behind = argument_of(faults, "query_lag", 1000) or 0.0
        return select(books, query, unseen=self._standin.lag.unseen(call.realm, query.entity.name, behind / 1000))

    def _enveloped(self, content: str) -> Answer:
        return Answer(200, f'{{{content},"time":"{envelope_time(self._standin.clock.seconds())}"}}')

    def _read(self, call: Call, books: Books, entity: Entity) -> Answer:
        books.settle_balances()
        if entity.name in SINGLETONS:
            key = "1"  # whatever the path says: the realm id, 1, nothing
        elif len(call.steps) > 1:
            key = call.steps[1]
        else:
            raise refusals.unsupported(f"read of every {entity.name}")
        text = books.docs.text(entity.name, key)
        if text is None:
            raise refusals.gone() if entity.transaction else refusals.inactive()
        if call.steps[2:] == ("pdf",):
            if "pdf" not in entity.verbs:
                raise refusals.unsupported("pdf")
            return Answer(200, paper_of(books, entity, decode(text)), "application/pdf")
        return self._enveloped(f'"{entity.name}":{text}')

    def _write(self, call: Call, books: Books, entity: Entity, faults: list[Fault]) -> Answer:
        payload = _payload(call.body)
        verb = verb_of(payload, operation=call.args.get("operation", ""), include=call.args.get("include", ""))
        if (entity.name, verb) == ("JournalEntry", "void"):
            return self._enveloped('"BatchItemResponse":[]')  # seen live: 200, and nothing is done
        text = self._written(call, books, entity, verb, payload, faults)
        return self._enveloped(f'"{entity.name}":{text}')

    def _written(self, call: Call, books: Books, entity: Entity, verb: str, payload: Any, faults: list[Fault]) -> str:
        key, text = write(books, entity, verb, payload)
        if verb == "create":
            behind = argument_of(faults, "query_lag", 1000)
            milliseconds = float(self._standin.switches["query_lag"]) if behind is None else behind
            self._standin.lag.note(call.realm, entity.name, key, hidden_for=milliseconds / 1000)
        return text

    def _batch(self, call: Call, books: Books) -> Answer:
        standin = self._standin
        limit = int(standin.switches["batch_limit"])
        items = read_items(_payload(call.body), limit=limit, requestid=call.requestid)

        def faults_of(operation: str) -> list[Fault]:
            faults = standin.faults.pick("quickbooks", operation, only=OF_THE_API)
            mean(faults)
            return faults

        def write_item(entity: Entity, verb: str, payload: Any) -> str:
            return self._written(call, books, entity, verb, payload, faults_of(f"{entity.path}.{verb}"))

        def select_item(text: str) -> str:
            if standin.budget.is_spent():
                raise standin.too_many()
            answer = self._selected(call, books, text, faults_of("query"))
            standin.budget.count(1)
            return answer

        answers = ",".join(answer_item(item, write_item, select_item) for item in items)
        return self._enveloped(f'"BatchItemResponse":[{answers}]')

    def _replayed(self, call: Call, faults: list[Fault], work: Callable[[], Answer], *, longest: int) -> Answer:
        """Do the work once for a requestid; the faults `ignore_requestid` and `forget_requestid` break that promise."""
        if not call.requestid:
            return work()
        if len(call.requestid) > longest:
            raise refusals.too_long("requestid", limit=longest, length=len(call.requestid))
        ignored = any(fault.name == "ignore_requestid" for fault in faults)
        replays, now = self._standin.replays, self._standin.clock.seconds()
        since = self._remembered_since(faults, now)
        held = None if ignored else replays.find(call.realm, call.requestid, call.body, since=since)
        if held is not None:
            call.warning = "replayed, and the body differs from the first" if held.body_differs else "replayed"
            return Answer(200, held.text)
        answer = work()
        if not ignored:
            replays.remember(call.realm, call.requestid, call.body, str(answer.content), now)
        return answer

    def _remembered_since(self, faults: list[Fault], now: float) -> float:
        """Return the instant before which answers are forgotten: for ever, for a time, or now (`forget_requestid`)."""
        lifetime = float(self._standin.switches["requestid_lifetime"])
        forgetful = argument_of(faults, "forget_requestid", -1)
        if forgetful is not None:
            return now - forgetful  # without an argument later than any answer
        return now - lifetime if lifetime else 0.0


def closed_page() -> Answer:
    """Return what the gateway says during maintenance: a web page."""
    page = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
    return Answer(503, page, "text/html;charset=UTF-8")


def _payload(body: bytes) -> Any:
    try:
        return decode(body.decode())
    except UnicodeDecodeError:
        raise refusals.unsupported("on a body that is not UTF-8") from None
    except (ValueError, RecursionError):
        raise refusals.unknown_property("body") from None


def _query_text(call: Call) -> str:
    if call.method == "GET":
        return call.args.get("query", "")
    try:
        return call.body.decode()
    except UnicodeDecodeError:
        raise refusals.unsupported("on a query that is not UTF-8") from None


def _changes(call: Call, books: Books) -> str:
    names = [name.strip() for name in call.args.get("entities", "").split(",") if name.strip()]
    if not names:
        raise refusals.missing("entities")
    if not call.args.get("changedSince"):
        raise refusals.missing("changedSince")
    return changed_since(books, names, call.args["changedSince"])
