"""The product's own decisions as tables: asked of its functions once, before a model walks.

Pure functions are called; a condition that lives in SQL is put to a real row in a database in memory. Law: no decision
is written here a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import requests
import urllib3.exceptions
from sqlmodel import Session, col, select

from connector.errors import GatewayError, NotConnected, Rejected, Transient, UnknownOutcome
from connector.ledger import keys
from connector.qbo import faults
from connector.qbo.faults import Fault, Reply
from connector.store.companies import CompanyRow
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow, PostingRow
from connector.store.session import Database
from sync import doors, inbox, outbox
from sync.collect import intents
from sync.pushing import claims, sending

KEY = "acct_1Model/ch_3Model/charge/7"
NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
MOST_ATTEMPTS = 5  # further ones are decided like the fifth

_NEVER_STOOD = requests.ConnectionError(
    SimpleNamespace(reason=urllib3.exceptions.NewConnectionError(None, "refused"))  # type: ignore[arg-type]
)
_RESET = requests.ConnectionError("reset by peer")


def _answer(status: int, code: str = "", kind: str = "ValidationFault", body: bytes = b"{}", wait: str = "") -> Any:
    fault = Fault(code, kind, "as told") if code else None
    return lambda writes: faults.error_of(Reply(status, body, "tid", wait, b""), fault, writes=writes)


_XML_3001 = b'<IntuitResponse><Fault type="SERVICE"><Error code="3001"><Message>slow</Message></Error></Fault>'
# What can come instead of an answer, by name: (does the work happen, the product's reading of it).
WIRE: Mapping[str, tuple[bool, Any]] = {
    "refused": (False, lambda writes: faults.failed_to_send(_NEVER_STOOD, writes=writes)),
    "reset_before": (False, lambda writes: faults.failed_to_send(_RESET, writes=writes)),
    "lost_reply": (True, lambda writes: faults.failed_to_send(requests.ReadTimeout(), writes=writes)),
    "500_before": (False, _answer(500)),
    "500_after": (True, _answer(500)),
    "503_html": (False, _answer(503, body=b"<html>")),
    "429": (False, _answer(429, wait="30")),
    "3001_xml": (False, _answer(400, body=_XML_3001)),
    "401": (False, _answer(401)),
    "closed_6210": (False, _answer(400, "6210")),
    "lapsed_6190": (False, _answer(400, "6190")),
    "stale_5010": (False, _answer(400, "5010")),
    "not_connected": (False, lambda writes: NotConnected("company", "quickbooks")),
}
DEFINITE_NO = frozenset({"closed_6210", "stale_5010"})


@dataclass(frozen=True)
class Posting:
    """What the product decides about a posting."""

    requestids: tuple[int, ...]  # by attempt: which requestid is asked with, numbered as they come
    look: Mapping[tuple[bool, str], bool]  # (any attempt before, state it came from)
    failed: Mapping[tuple[str, str, str, int], tuple[str, bool]]  # (verb, wire, came from, attempt) -> state, counts
    claimable: Mapping[tuple[str, bool], bool]  # (state, lease is over)
    concludes: Mapping[tuple[str, bool], bool]  # (state, fence is ours)


def posting_rules() -> Posting:
    """Ask the product how it claims, looks, fails and concludes."""
    return Posting(_requestids(), _looks(), _failures(), _claimable(), _concludes())


def _requestids() -> tuple[int, ...]:
    """Freeze one posting's requestid again and again, as claims do."""
    row = _row()
    row.request_body, row.request_id = "{}", keys.request_id(KEY, 1)
    seen: dict[str, int] = {}
    numbers = []
    for attempt in range(MOST_ATTEMPTS + 1):
        row.attempt = attempt
        claims._freeze(None, row, None)  # type: ignore[arg-type]  # a frozen body needs no session
        numbers.append(seen.setdefault(row.request_id, len(seen)))
    return tuple(numbers)


def _looks() -> dict[tuple[bool, str], bool]:
    return {
        (had, came): claims.looks_first(attempts=int(had), came_from=came)
        for had in (False, True)
        for came in ("due", "unknown", "leased")
    }


def _failures() -> dict[tuple[str, str, str, int], tuple[str, bool]]:
    table = {}
    for verb in ("find", "create"):
        for wire, (_, meaning) in WIRE.items():
            for came in ("due", "unknown", "leased"):
                for attempt in range(1, MOST_ATTEMPTS + 1):
                    verdict = sending.verdict_on(meaning(verb == "create"), verb=verb, attempt=attempt)
                    state = sending.state_after(verdict, came_from=came)
                    table[verb, wire, came, attempt] = (state, verdict.counts)
    return table


def _claimable() -> dict[tuple[str, bool], bool]:
    table = {}
    with _database() as session:
        for state in ("due", "unknown", "leased", "posted", "held"):
            for is_over in (False, True):
                until = NOW - timedelta(seconds=1) if is_over else NOW + timedelta(seconds=60)
                row = _keep(session, state=state, lease_until=until if state == "leased" else None)
                free = select(PostingRow.id).where(col(PostingRow.id) == row.id, claims.is_claimable(NOW))
                swept = select(PostingRow.id).where(col(PostingRow.id) == row.id, outbox.is_claimable(NOW))
                table[state, is_over] = bool(session.exec(free).first() and session.exec(swept).first())
    return table


def _concludes() -> dict[tuple[str, bool], bool]:
    table = {}
    with _database() as session:
        for state in ("due", "unknown", "leased", "posted", "held"):
            for is_mine in (False, True):
                row = _keep(session, state=state, fence=7)
                taken: Any = SimpleNamespace(row=row, fence=7 if is_mine else 6)
                table[state, is_mine] = claims.conclude(session, taken, held_code="")
    return table


@dataclass(frozen=True)
class Paying:
    """What the product decides about making a PaymentIntent."""

    keys: tuple[str, ...]  # idempotency key by attempt, from 1
    looks: Mapping[tuple[bool, int], bool]  # (older than a key lives, attempt)
    gives_up: bool  # an old payment without an intent is refused
    raises: Mapping[str, bool]  # by failure: the attempt is raised


STRIPE: Mapping[str, tuple[bool, bool, GatewayError]] = {
    # failure: (does the work happen, is the answer kept under the key, the product's error)
    "refused": (False, False, Transient("stripe", "x")),
    "reset_before": (False, False, UnknownOutcome("stripe", "x")),
    "lost_reply": (True, True, UnknownOutcome("stripe", "x")),
    "500_before": (False, True, UnknownOutcome("stripe", "x", status=500)),
    "500_after": (True, True, UnknownOutcome("stripe", "x", status=500)),
    "402": (False, True, Rejected("stripe", "x", "card", status=402)),
}


def paying_rules() -> Paying:
    """Ask the product how it makes an intent, with a gateway that only notes what is asked."""
    rows = {attempt: PaymentRow(id="P", company_id="C", attempt=attempt) for attempt in range(1, MOST_ATTEMPTS + 1)}
    looks, gives_up = {}, False
    for is_old in (False, True):
        for attempt, row in rows.items():
            row.created_at = NOW - timedelta(hours=25 if is_old else 1)
            looked: list[bool] = []
            rt: Any = SimpleNamespace(clock=SimpleNamespace(now=lambda: NOW))
            try:
                intents._earlier(rt, row, _Nothing(looked))  # type: ignore[arg-type]
            except Rejected:
                gives_up = True
            looks[is_old, attempt] = bool(looked)
    return Paying(tuple(intents.key_of(row) for row in rows.values()), looks, gives_up, _raised())


class _Nothing:
    """A gateway that finds nothing and says what it is told to say."""

    def __init__(self, looked: list[bool], error: GatewayError | None = None) -> None:
        self._looked, self._error = looked, error

    def find_intent(self, payment_id: str, since: datetime) -> None:
        self._looked.append(True)

    def create_intent(self, new: object, *, key: str) -> None:
        assert self._error is not None
        raise self._error


def _raised() -> dict[str, bool]:
    return {name: _is_raised(error) for name, (_, _, error) in STRIPE.items()}


def _is_raised(error: GatewayError) -> bool:
    db = Database("sqlite://")
    db.create_all()
    rt: Any = SimpleNamespace(db=db, clock=SimpleNamespace(now=lambda: NOW, new_id=lambda: "E"))
    row = PaymentRow(
        id="P", company_id="C", customer_id="7", currency="USD", form_nonce="n", created_at=NOW, expires_at=NOW
    )
    with db.write("model") as session:
        session.add(CompanyRow(id="C", slug="c", name="C", created_at=NOW))
        session.flush()
        session.add(row)
    with suppress(GatewayError):
        intents._create(rt, row, _Nothing([], error))  # type: ignore[arg-type]
    with db.read() as session:
        attempt = session.exec(select(PaymentRow.attempt)).one()
    db.close()
    return attempt > 1


@dataclass(frozen=True)
class Door:
    """What the product does with an event at the door, and with one that cannot be worked off."""

    is_stored_when_told: bool  # the row is there when 200 is said
    is_rung_after: bool  # the row is there when the bell rings
    is_swept: bool  # a lost ring costs no more than an hour
    is_once: bool  # the same event again is no second row
    later: Mapping[tuple[bool, int], str]  # (the failure passes by itself, tries before) -> state


def door_rules() -> Door:
    """Store a real event twice and fail it at every try."""
    db = Database("sqlite://")
    db.create_all()
    with db.write("model") as session:
        session.add(CompanyRow(id="C", slug="c", name="C", created_at=NOW))
    seen: list[bool] = []
    there = select(InboxRow.id)

    def ring(work: str, subject: str) -> None:
        with db.read() as session:
            seen.append(session.exec(there.where(InboxRow.id == subject)).first() is not None)

    ids = iter(range(10**6))
    clock = SimpleNamespace(now=lambda: NOW, new_id=lambda: f"X{next(ids)}")
    rt: Any = SimpleNamespace(db=db, clock=clock, bell=SimpleNamespace(ring=ring))
    doors._store(rt, [_event("E1")])
    with db.read() as session:
        first = session.exec(select(InboxRow)).all()
    doors._store(rt, [_event("E2")])
    doors._store(rt, [_event("E3", "evt_2")])  # whoever writes behind has written the second by now
    with db.read() as session:
        once = len(session.exec(there.where(InboxRow.event_id == "evt_1")).all()) == 1
    swept = bool(first) and first[0].due_at - first[0].received_at <= timedelta(hours=1)
    table = Door(bool(first), all(seen), swept, once, _later(rt))
    db.close()
    return table


def _event(row_id: str, event_id: str = "evt_1") -> doors.Event:
    return doors.Event(
        id=row_id,
        provider="stripe",
        account="acct",
        event_id=event_id,
        company_id="C",
        kind="payout.paid",
        state="new",
        received_at=NOW,
        due_at=NOW,
    )


def _later(rt: Any) -> dict[tuple[bool, int], str]:
    table = {}
    for patient, error in ((True, Transient("stripe", "x")), (False, Rejected("stripe", "x"))):
        for tries in range(inbox.MOST_TRIES):
            event = _event(rt.clock.new_id(), rt.clock.new_id())
            row = InboxRow(**asdict(event), attempts=tries)
            table[patient, tries] = inbox._later(rt, row, error)
    return table


@contextmanager
def _database() -> Iterator[Session]:
    """Give a session on a database in memory with one company."""
    db = Database("sqlite://")
    db.create_all()
    with Session(db.engine, expire_on_commit=False) as session:
        session.add(CompanyRow(id="C", slug="c", name="C", created_at=NOW))
        session.commit()
        yield session
    db.close()


_made = iter(range(10**9))


def _row(**values: Any) -> PostingRow:
    number = next(_made)
    fresh: dict[str, Any] = {
        "id": f"R{number}",
        "company_id": "C",
        "key": f"{KEY}{number}",
        "kind": "charge",
        "reference": "TO",
        "day": date(2026, 11, 22),
        "currency": "USD",
        "due_at": NOW,
        "created_at": NOW,
        "fence": 7,
    }
    if not values:
        fresh["key"] = KEY
    return PostingRow(**fresh | values)


def _keep(session: Session, **values: Any) -> PostingRow:
    row = _row(**values)
    session.add(row)
    session.commit()
    return row
