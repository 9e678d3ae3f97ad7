"""Seeded bugs: what a careless engineer would have written, planted at a seam of the product to see the harness bite.

The product holds no test branch: a bug replaces the product's own function in the modules that call it, and is taken
out again. Law: each is a faithful wrong version that passes a happy run; each names the invariant that must catch it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from sqlmodel import col, update

from connector.errors import RateLimited, TieoutError
from connector.ledger import keys
from connector.store.money import PaymentRow
from connector.store.outbox import InboxRow, PostingRow
from jobs.mail import sending as mails
from jobs.mail.envelope import message_id
from oauth import connections, tokens
from sync import doors
from sync.outbox import is_one_of
from sync.pushing import claims
from sync.pushing.verdicts import Outcome, Verdict

Wrong = Callable[..., Any]
Places = Sequence[tuple[str, str]]  # module (or module:class), name


@dataclass
class Bug:
    """One seeded bug. `wrong` gets the real function and returns the wrong one that takes its place."""

    name: str
    careless: str  # what was thought, in a sentence
    caught_by: tuple[str, ...]  # invariants, any of which must break
    needs: tuple[str, ...]  # faults or events without which it does no harm
    layers: tuple[str, ...]  # where it can be found
    places: Places
    wrong: Callable[[Wrong], Wrong]
    on_undo: Callable[[], None] | None = None
    _kept: list[tuple[Any, str, Any]] = field(default_factory=list, repr=False)

    def apply(self) -> None:
        """Plant the bug in every module that calls the function."""
        assert not self._kept, f"{self.name} is planted already"
        wrong = None
        for place, name in self.places:
            owner = _owner(place)
            real = getattr(owner, name)
            wrong = wrong or self.wrong(real)
            self._kept.append((owner, name, real))
            setattr(owner, name, wrong)

    def undo(self) -> None:
        """Take the bug out again."""
        while self._kept:
            owner, name, real = self._kept.pop()
            setattr(owner, name, real)
        if self.on_undo:
            self.on_undo()


def _owner(place: str) -> Any:
    module, _, inside = place.partition(":")
    owner = importlib.import_module(module)
    return getattr(owner, inside) if inside else owner


# 1. A new key whenever something is sent again ---


def _fresh_key(real: Wrong) -> Wrong:
    def freeze(session: Any, row: PostingRow, limits: Mapping[str, int] | None) -> None:
        real(session, row, limits)
        row.request_id = keys.request_id(f"{row.key}/{row.attempt + 1}", row.generation)

    return freeze


# 2. Nothing is looked up before it is sent again ---


def _no_lookup(_real: Wrong) -> Wrong:
    def looks_first(*, attempts: int, came_from: str) -> bool:
        return False

    return looks_first


# 3. The bell is rung inside the write, and nobody sweeps what the bell was rung for ---

_NEVER = timedelta(days=30)


def _enqueue_first(real: Wrong) -> Wrong:
    def store(rt: Any, rows: Sequence[doors.Event]) -> doors.Accepted:
        for row in rows:
            row.due_at = row.received_at + _NEVER  # "the bell brings a worker, so no sweep is needed"
            if row.state == "new":
                rt.bell.ring("settle", row.id)
        quiet = _Quiet(rt)
        answer: doors.Accepted = real(quiet, rows)
        return answer

    return store


class _Quiet:
    """A runtime whose bell was rung already."""

    def __init__(self, rt: Any) -> None:
        self._rt = rt
        self.bell = self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rt, name)

    def ring(self, work: str, subject: str) -> None:
        """Stay silent."""


# 4. Webhooks are answered at once and written a little later, many in one commit ---

_behind: list[doors.Event] = []  # what was answered and not yet written; dies with its process


def forget_memory() -> None:
    """Lose what a dead process would lose; a simulation calls it when it ends a process."""
    _behind.clear()
    _unsaved.clear()


def _write_behind(real: Wrong) -> Wrong:
    def store(rt: Any, rows: Sequence[doors.Event]) -> doors.Accepted:
        if _behind:
            real(rt, list(_behind))
        _behind[:] = rows
        return doors.Accepted(tuple(row.id for row in rows))

    return store


# 5. Whoever comes last writes ---


def _no_fence(_real: Wrong) -> Wrong:
    def conclude(session: Any, taken: claims.Claim, **values: Any) -> bool:
        mine = update(PostingRow).where(col(PostingRow.id) == taken.row.id)
        return bool(session.exec(mine.values(lease_owner="", lease_until=None, **values)).rowcount)

    return conclude


# 6. >= for <= in the bound of a lease ---


def _bound(_real: Wrong) -> Wrong:
    def is_claimable(now: datetime) -> Any:
        waiting = is_one_of(col(PostingRow.state), "due", "unknown") & (col(PostingRow.due_at) <= now)
        return waiting | ((col(PostingRow.state) == "leased") & (col(PostingRow.lease_until) >= now))

    return is_claimable


# 7. The day of the server, not of the company ---


def _utc_day(_real: Wrong) -> Wrong:
    def day_in(_zone: str, instant: datetime) -> date:
        return instant.astimezone(UTC).date()

    return day_in


# 8. SQLite's own BEGIN: readers become writers half way ---


def _deferred(real: Wrong) -> Wrong:
    def begin(driver: Any, *, writes: bool) -> None:
        real(driver, writes=False)

    return begin


# 9. "Slow down" read as "wrong request" ---


def _throttle_is_refusal(real: Wrong) -> Wrong:
    def verdict_on(error: Any, *, verb: str, attempt: int) -> Verdict:
        if isinstance(error, RateLimited):
            return Verdict(Outcome.HELD, "rejected")
        found: Verdict = real(error, verb=verb, attempt=attempt)
        return found

    return verdict_on


# 10. The payer is thanked before anything is written ---


def _receipt_first(real: Wrong) -> Wrong:
    def write(rt: Any, look: Any) -> Any:
        if look.change.mail == "receipt" and look.row.payer_email:
            _thank(rt, look.row)
        return real(rt, look)

    return write


def _thank(rt: Any, row: PaymentRow) -> None:
    url, sender = rt.settings.smtp_url.get_secret_value(), rt.settings.mail_from
    if not url:
        return
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, row.payer_email, "Your receipt"
    message["Message-ID"] = message_id(row.company_id, f"receipt/{row.id}", sender)
    message.set_content("Thank you for your payment.")
    try:
        mails.send(mails.post_office(url), message)
    except TieoutError:
        return  # the mail's own row brings it later


# 11. What the event says is what is written ---

_SAID = {
    "payment_intent.created": "created",
    "payment_intent.requires_action": "requires_action",
    "payment_intent.processing": "processing",
    "payment_intent.payment_failed": "failed",
    "payment_intent.canceled": "canceled",
}


def _payload_trusted(real: Wrong) -> Wrong:
    def intent(rt: Any, row: InboxRow) -> str:
        state = _SAID.get(row.kind)
        if state is None:
            done: str = real(rt, row)
            return done
        with rt.db.write("settle") as session:
            mine = update(PaymentRow).where(
                col(PaymentRow.company_id) == row.company_id, col(PaymentRow.intent_id) == row.object_id
            )
            session.exec(mine.values(state=state, version=PaymentRow.version + 1))
        return "settled"

    return intent


# 12. A fresh token is used first and saved when there is time ---

_unsaved: dict[str, Any] = {}  # tokens by company, in this process's memory


def _used_before_saved(real: Wrong) -> Wrong:
    def bearer_for(db: Any, vault: Any, clock: Any, settings: Any, company_id: str) -> Callable[[bool], str]:
        desk = tokens._Desk(settings, db, clock, vault)
        honest = real(db, vault, clock, settings, company_id)

        def bearer(refresh: bool) -> str:
            _save(desk, company_id)
            with db.read() as session:
                row = connections.connected(session, company_id, connections.QUICKBOOKS)
            if not refresh and tokens._is_fresh(row, clock):
                return str(honest(False))
            fresh = tokens._asked(desk, connections.secret_of(desk, row, connections.SECRET))
            _unsaved[company_id] = fresh
            return fresh.access

        return bearer

    return bearer_for


def _save(desk: Any, company_id: str) -> None:
    fresh = _unsaved.pop(company_id, None)
    if fresh is None:
        return
    with desk.db.write("token") as session:
        row = connections.connected(session, company_id, connections.QUICKBOOKS)
        connections.change(session, row, **connections.token_columns(desk, company_id, fresh))


ALL = (
    Bug(
        "fresh_key_per_retry",
        "Each try gets a requestid of its own, so that no old answer comes back.",
        ("I-1", "I-11"),
        ("drop_after_commit",),
        ("L0", "L1", "L2"),
        (("sync.pushing.claims", "_freeze"),),
        _fresh_key,
    ),
    Bug(
        "no_lookup",
        "QuickBooks remembers our requestid, so there is nothing to look up.",
        ("I-1",),
        ("drop_after_commit", "forget_requestid"),
        ("L0", "L1", "L2"),
        (("sync.pushing.claims", "looks_first"), ("sync.pushing.verdicts", "looks_first")),
        _no_lookup,
    ),
    Bug(
        "enqueue_before_commit",
        "Ring early, it is quicker; and what is rung for needs no sweep.",
        ("I-10", "I-13"),
        ("a worker that hears the bell before the commit",),
        ("L0", "L1", "L2"),
        (("sync.doors", "_store"),),
        _enqueue_first,
    ),
    Bug(
        "answered_before_commit",
        "Stripe wants a quick 200; the rows are written with the next event.",
        ("I-10",),
        ("webhooks",),
        ("L0", "L1", "L2"),
        (("sync.doors", "_store"),),
        _write_behind,
        forget_memory,
    ),
    Bug(
        "no_fence",
        "A posting is found by its id; the lease keeps others away.",
        ("I-12",),
        ("two workers, a lease that ends under one of them",),
        ("L0", "L1", "L2"),
        (("sync.pushing.claims", "conclude"),),
        _no_fence,
    ),
    Bug(
        "wrong_bound",
        ">= for <= in the end of a lease: what is leased looks free, what was left behind does not.",
        ("I-13", "I-12"),
        ("a crash after the claim",),
        ("L0", "L1", "L2"),
        (("sync.outbox", "is_claimable"), ("sync.pushing.claims", "is_claimable")),
        _bound,
    ),
    Bug(
        "utc_day",
        "The server runs in UTC, so its date is the date.",
        ("I-23",),
        ("a payment after four in the afternoon in Los Angeles",),
        ("L1", "L2"),
        (("sync.settling.facts", "day_in"),),
        _utc_day,
    ),
    Bug(
        "deferred_begin",
        "SQLite begins a transaction by itself; BEGIN is BEGIN.",
        ("X-7",),
        ("two writers at once",),
        ("L2",),
        (("connector.store.lent", "begin"), ("connector.store.session", "begin")),
        _deferred,
    ),
    Bug(
        "throttle_is_refusal",
        "3001 is a fault like any other fault of the fault table.",
        ("I-13",),
        ("xml_throttle or status 429",),
        ("L0", "L1", "L2"),
        (("sync.pushing.sending", "verdict_on"), ("sync.pushing.verdicts", "verdict_on")),
        _throttle_is_refusal,
    ),
    Bug(
        "receipt_before_commit",
        "The payer should not wait for our database.",
        ("I-10",),
        ("a crash before settle's commit, a mail server",),
        ("L1", "L2"),
        (("sync.settle", "_write"),),
        _receipt_first,
    ),
    Bug(
        "event_trusted",
        "The event says what happened; why ask Stripe again?",
        ("I-8", "I-1", "I-2"),
        ("events late, twice or in another order",),
        ("L1", "L2"),
        (("sync.inbox", "_intent"),),
        _payload_trusted,
    ),
    Bug(
        "token_saved_late",
        "The new token is in hand; saving it can wait until the call is through.",
        ("I-21",),
        ("a refresh of the token",),
        ("L1", "L2"),
        (("oauth.tokens", "bearer_for"), ("jobs.gateways", "bearer_for")),
        _used_before_saved,
        forget_memory,
    ),
)
BY_NAME = {bug.name: bug for bug in ALL}


def known() -> dict[str, Bug]:
    """Return every bug by name, those included that were added after the harness stood."""
    try:
        from tests.harness.later_bugs import LATER
    except ImportError:
        return dict(BY_NAME)
    return {**BY_NAME, **{bug.name: bug for bug in LATER}}


@contextmanager
def planted(name: str) -> Iterator[Bug]:
    """Plant a bug for a block. Raises KeyError for an unknown name."""
    bug = known()[name]
    bug.apply()
    try:
        yield bug
    finally:
        bug.undo()


def apply(name: str) -> Bug:
    """Plant a bug for the rest of this process, as a process starter of the harness does."""
    bug = known()[name]
    bug.apply()
    return bug
