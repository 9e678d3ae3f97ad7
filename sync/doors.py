"""The doors of the webhooks: what is signed is stored and then answered, what is forged leaves no trace.

Nothing is done with an event here; the inbox does that, when the bell rings or the sweep comes. Laws: a good answer is
given only after the commit; the same event is stored once, however often it comes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, bindparam
from sqlalchemy import select as pick
from sqlmodel import col, select
from sqlmodel.sql.expression import Select

from connector.store.built import built
from connector.store.companies import CompanyRow, ConnectionRow
from connector.store.outbox import InboxRow
from connector.store.prepared import Askable, Prepared
from connector.store.upsert import insert_ignoring, new_row
from connector.stripe.facts import Hint
from connector.stripe.webhooks import BadBody, BadSignature, read_hint
from oauth import connections
from oauth.connections import Connection
from sync.intuit_hints import IntuitHint, is_signed, read_hints
from sync.runtime import Runtime

# The bell brings a worker at once; the sweep looks a little later, so that they do not do the same twice.
GRACE = timedelta(seconds=5)


@dataclass(frozen=True)
class Accepted:
    """Stored and committed: answer 200. `inbox_ids` are the events that were new."""

    inbox_ids: tuple[str, ...] = ()
    status: int = 200


@dataclass(frozen=True)
class Refused:
    """Not stored. `reason` is for the log of the process, never for the sender."""

    status: int
    reason: str


@dataclass(slots=True)
class Event:
    """An event as the inbox will hold it, column by column."""

    id: str
    provider: str
    account: str
    event_id: str
    kind: str
    state: str
    received_at: datetime
    due_at: datetime
    company_id: str = ""
    object_id: str = ""
    error: str = ""


def accept_stripe(rt: Runtime, slug: str, body: bytes, header: str) -> Accepted | Refused:
    """Take a webhook of Stripe: at a company's own door, or at the common one (no slug) by the account it names.

    What the platform's endpoint signed for an account of nobody here is kept and answered: a refusal would hold back
    the events of every other account.
    """
    with rt.db.asking() as reader:
        connection = _by_slug(reader, slug) if slug else _by_account(reader, _claimed_account(body))
    secrets = _secrets(rt, connection, is_common=not slug)
    if not secrets:
        return Refused(404 if slug else 400, "unknown company" if slug else "unknown account")
    try:
        hint = read_hint(body, header, secrets, rt.clock.now())
    except (BadSignature, BadBody) as error:
        return Refused(400, str(error))
    return _store(rt, [_stripe_row(rt, connection, hint)])


def accept_quickbooks(rt: Runtime, body: bytes, header: str) -> Accepted | Refused:
    """Take a webhook of QuickBooks, which may tell of several companies at once.

    What is signed but cannot be read is kept as failed: a refusal would hold back every event behind it.
    """
    tokens = rt.settings.qbo_verifier_token.get_secret_value().replace(",", " ").split()
    if not is_signed(body, header, tokens):
        return Refused(401, "the signature does not match")
    hints = read_hints(body)
    with rt.db.read() as session:
        realms = {hint.realm_id for hint in hints}
        companies = {realm: company_id for realm, company_id in _companies(session, realms) if realm}
    rows = [_intuit_row(rt, hint, companies.get(hint.realm_id, "")) for hint in hints]
    return _store(rt, rows or [_unreadable(rt, body)])


@built
def _companies(realms: Collection[str]) -> Select[str | None, str]:
    return select(CompanyRow.realm_id, CompanyRow.id).where(col(CompanyRow.realm_id).in_(realms))


_INBOX: Table = InboxRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_HELD = tuple(one.name for one in fields(Event))


def _store(rt: Runtime, rows: Sequence[Event]) -> Accepted:
    """Commit events, then ring: once for each event of Stripe, once for each company of QuickBooks."""
    with rt.db.write("inbox") as session:
        stored = [row for row in rows if insert_ignoring(session, _INBOX, [_columns(row)])]
    rung: set[str] = set()
    for row in stored:
        what = row.company_id if row.provider == "quickbooks" else row.id
        if row.state == "new" and what not in rung:
            rung.add(what)
            rt.bell.ring("settle", row.id)
    return Accepted(tuple(row.id for row in stored))


def _columns(row: Event) -> dict[str, Any]:
    return new_row(InboxRow, **{name: getattr(row, name) for name in _HELD})


def _secrets(rt: Runtime, connection: Connection | None, *, is_common: bool) -> list[str]:
    """Return what may have signed: the secret of the account's own endpoint, at the common door also the platform's."""
    own = connections.secret_of(rt, connection, connections.WEBHOOK) if connection else ""
    platform = rt.settings.stripe_connect_webhook_secret.get_secret_value() if is_common else ""
    return f"{own} {platform}".replace(",", " ").split()


_OF_STRIPE = pick(*connections.COLUMNS).where(col(ConnectionRow.which) == connections.STRIPE)
_NAMED = Prepared(
    _OF_STRIPE.where(col(ConnectionRow.company_id) == CompanyRow.id, col(CompanyRow.slug) == bindparam("slug"))
)
_WITH_ACCOUNT = Prepared(
    _OF_STRIPE.where(col(ConnectionRow.account) == bindparam("account"), col(ConnectionRow.state) != "disconnected")
)


def _by_slug(reader: Askable, slug: str) -> Connection | None:
    row = _NAMED.first(reader, slug=slug)
    return Connection(*row) if row else None


def _by_account(reader: Askable, account: str) -> Connection | None:
    row = _WITH_ACCOUNT.first(reader, account=account) if account else None
    return Connection(*row) if row else None


def _claimed_account(body: bytes) -> str:
    """Return the account a body names, unverified: it only chooses the secret that it must then be signed with."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    account = said.get("account") if isinstance(said, dict) else ""
    return account if isinstance(account, str) else ""


def _stripe_row(rt: Runtime, connection: Connection | None, hint: Hint) -> Event:
    """Return the row of an event; one of another account or mode is kept and not acted upon."""
    account = hint.account or (connection.account if connection else "")
    ours = connection if connection and account == connection.account else None
    state = "unmatched" if ours is None else "new" if hint.livemode == ours.livemode else "ignored"
    return _row(
        rt,
        state,
        provider="stripe",
        account=account,
        event_id=hint.event_id,
        company_id=ours.company_id if ours else "",
        kind=hint.kind,
        object_id=hint.object_id,
    )


def _intuit_row(rt: Runtime, hint: IntuitHint, company_id: str) -> Event:
    return _row(
        rt,
        "new" if company_id else "unmatched",
        provider="quickbooks",
        account=hint.realm_id,
        event_id=hint.event_id,
        company_id=company_id,
        kind=hint.kind,
        object_id=hint.object_id,
    )


def _unreadable(rt: Runtime, body: bytes) -> Event:
    event_id = hashlib.sha256(body).hexdigest()
    error = "Signed, but in no format we know."
    return _row(rt, "failed", provider="quickbooks", account="", event_id=event_id, kind="unreadable", error=error)


def _row(rt: Runtime, state: str, **columns: Any) -> Event:
    now = rt.clock.now()
    return Event(id=rt.clock.new_id(), state=state, received_at=now, due_at=now + GRACE, **columns)
