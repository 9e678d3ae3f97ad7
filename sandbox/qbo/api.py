"""The Accounting API: from a call to an answer.

Checks come in the order of the real front door: bearer, limits, then the books. Law: an answer that reports a change
leaves only after the change is on the shelf, and a known `requestid` gets its first answer again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandbox.faults import Fault
from sandbox.qbo import refusals
from sandbox.qbo.batching import answer_item, read_items
from sandbox.qbo.books import Books
from sandbox.qbo.calls import Answer, Call, refusal_answer
from sandbox.qbo.codec import decode
from sandbox.qbo.entities import BY_PATH, Entity
from sandbox.qbo.journal import Entry
from sandbox.qbo.paper import paper_of
from sandbox.qbo.query import Query, parse
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.replays import LONGEST, LONGEST_OF_BATCH
from sandbox.qbo.selecting import changed_since, select
from sandbox.qbo.side_doors import door_of
from sandbox.qbo.times import envelope_time, utc_text
from sandbox.qbo.writing import verb_of, write

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

SINGLETONS = ("CompanyInfo", "Preferences")
# Faults of meaning by name: what the books are made to say.
MEANINGS: dict[str, Callable[[], Refusal]] = {
    "stale_5010": refusals.stale,
    "closed_6210": refusals.closed,
    "inactive_610": refusals.inactive,
    "lapsed_6190": refusals.lapsed,
    "no_rights_120": refusals.no_rights,
    "throttled": refusals.throttled,
    "xml_throttle": lambda: refusals.throttled(xml=True),
    "system_10000": refusals.broken,
    "fault_200": lambda: refusals.broken(status=200),
    "token_401": lambda: refusals.unauthenticated("Token expired: eyJl***"),
}


class Api:
    """Answers calls for one stand-in, each under its lock."""

    def __init__(self, standin: QuickBooksStandin) -> None:
        self._standin = standin

    def answer(self, call: Call) -> Answer:
        """Answer a call; never raises."""
        standin = self._standin
        with standin.lock:
            try:
                answer = self._checked(call)
            except Refusal as refusal:
                answer = refusal_answer(refusal, standin.clock.seconds())
            standin.commit()
            standin.journal.add(self._line(call, answer))
        return answer

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
        standin.oauth.check_bearer(call.authorization, call.realm)
        if standin.switches["throttle"] and not standin.throttle.admits(call.realm, batch=call.operation == "batch"):
            raise refusals.throttled(xml=standin.switches["throttle_as_xml"])
        books = standin.books(call.realm)
        if books is None:
            raise refusals.unauthorised()
        if standin.switches["administrator"] == "lost":
            raise refusals.no_rights()
        faults = standin.faults.pick("quickbooks", call.operation, transport=False)
        mean(faults)
        return self._routed(call, books, faults)

    def _routed(self, call: Call, books: Books, faults: list[Fault]) -> Answer:
        first = call.steps[0]
        if call.method not in ("GET", "POST"):
            raise refusals.unsupported(call.method)
        if first == "query":
            return self._enveloped(f'"QueryResponse":{select(books, parse(_query_text(call)))}')
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
        return self._replayed(call, faults, lambda: self._write(call, books, entity), longest=LONGEST)

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

    def _write(self, call: Call, books: Books, entity: Entity) -> Answer:
        payload = _payload(call.body)
        verb = verb_of(payload, operation=call.args.get("operation", ""), include=call.args.get("include", ""))
        if (entity.name, verb) == ("JournalEntry", "void"):
            return self._enveloped('"BatchItemResponse":[]')  # seen live: 200, and nothing is done
        _, text = write(books, entity, verb, payload)
        return self._enveloped(f'"{entity.name}":{text}')

    def _batch(self, call: Call, books: Books) -> Answer:
        limit = int(self._standin.switches["batch_limit"])
        items = read_items(_payload(call.body), limit=limit, requestid=call.requestid)

        def write_item(entity: Entity, verb: str, payload: Any) -> str:
            mean(self._standin.faults.pick("quickbooks", f"{entity.path}.{verb}", transport=False))
            return write(books, entity, verb, payload)[1]

        def select_item(query: Query) -> str:
            return select(books, query)

        answers = ",".join(answer_item(item, write_item, select_item) for item in items)
        return self._enveloped(f'"BatchItemResponse":[{answers}]')

    def _replayed(self, call: Call, faults: list[Fault], work: Callable[[], Answer], *, longest: int) -> Answer:
        """Do the work once for a requestid; the faults `ignore_requestid` and `forget_requestid` break that promise."""
        if not call.requestid:
            return work()
        if len(call.requestid) > longest:
            raise refusals.too_long("requestid", limit=longest, length=len(call.requestid))
        names = {fault.name for fault in faults}
        replays = self._standin.replays
        if "forget_requestid" in names:
            replays.forget(call.realm, call.requestid)
        held = None if "ignore_requestid" in names else replays.find(call.realm, call.requestid, call.body)
        if held is not None:
            call.warning = "replayed, and the body differs from the first" if held.body_differs else "replayed"
            return Answer(200, held.text)
        answer = work()
        if "ignore_requestid" not in names:
            replays.remember(call.realm, call.requestid, call.body, str(answer.content))
        return answer


def mean(faults: list[Fault]) -> None:
    """Refuse as the first fault that names a refusal says."""
    for fault in faults:
        if fault.name in MEANINGS:
            raise MEANINGS[fault.name]()


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
