"""A company's connections as rows: reading them, storing tokens sealed, and saying that one is lost.

The only module that writes `ConnectionRow`. Laws: a secret reaches a row only as a cipher bound to company and column;
every write of a token raises the version, and a write that expects another version changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import bindparam
from sqlalchemy import select as pick
from sqlmodel import Session, col, update

from connector.errors import NotConnected
from connector.store.companies import ConnectionRow
from connector.store.prepared import Askable, Prepared
from oauth.desk import Desk
from oauth.intuit import Tokens

QUICKBOOKS, STRIPE = "quickbooks", "stripe"
ACCESS, SECRET, WEBHOOK = "connection.access", "connection.secret", "connection.webhook"


@dataclass(frozen=True, slots=True)
class Connection:
    """A company's connection as it stood when it was read, column by column; `change` writes it."""

    company_id: str
    which: str
    state: str
    account: str
    livemode: bool
    through_platform: bool
    access_cipher: str
    secret_cipher: str
    webhook_cipher: str
    publishable_key: str
    access_expires_at: datetime | None
    refresh_expires_at: datetime | None
    hard_expires_at: datetime | None
    version: int
    lease_owner: str
    lease_until: datetime | None
    last_error: str
    connected_at: datetime


class Access(NamedTuple):
    """The token of a working connection to QuickBooks, sealed: what each call asks for."""

    version: int
    access_cipher: str
    access_expires_at: datetime | None


COLUMNS = tuple(col(getattr(ConnectionRow, one.name)) for one in fields(Connection))
_MINE = (col(ConnectionRow.company_id) == bindparam("company"), col(ConnectionRow.which) == bindparam("which"))
_WORKS = (*_MINE, col(ConnectionRow.state) == "connected")
_ONE = Prepared(pick(*COLUMNS).where(*_MINE))
# Every call to the outside asks for one of these: each takes a third of what the whole row does.
_ACCESS = Prepared(pick(*(col(getattr(ConnectionRow, name)) for name in Access._fields)).where(*_WORKS))
_ACCOUNT = Prepared(pick(col(ConnectionRow.account)).where(*_WORKS))
_KEY = Prepared(
    pick(col(ConnectionRow.account), col(ConnectionRow.through_platform), col(ConnectionRow.secret_cipher)).where(
        *_WORKS
    )
)


def find(reader: Askable, company_id: str, which: str) -> Connection | None:
    """Return a company's connection to a service, in whatever state."""
    row = _ONE.first(reader, company=company_id, which=which)
    return Connection(*row) if row else None


def connected(reader: Askable, company_id: str, which: str) -> Connection:
    """Return a company's working connection. Raises NotConnected."""
    row = find(reader, company_id, which)
    if row is None or row.state != "connected":
        raise NotConnected(company_id, which)
    return row


def access_of(reader: Askable, company_id: str) -> Access:
    """Return the token of a company's working connection to QuickBooks. Raises NotConnected."""
    return Access(*_working(_ACCESS, reader, company_id, QUICKBOOKS))


def account_of(reader: Askable, company_id: str, which: str) -> str:
    """Return the account of a company's working connection. Raises NotConnected."""
    return str(_working(_ACCOUNT, reader, company_id, which)[0])


def key_of(reader: Askable, company_id: str) -> tuple[str, str]:
    """Return the account at Stripe and what it is reached by: its sealed key, or a word for the platform's.

    Raises NotConnected.
    """
    account, through_platform, cipher = _working(_KEY, reader, company_id, STRIPE)
    return account, _reached_by(through_platform, cipher)


def reached_by(row: Connection) -> tuple[str, str]:
    """Return of a connection what `key_of` asks for."""
    return row.account, _reached_by(row.through_platform, row.secret_cipher)


def _reached_by(through_platform: bool, cipher: str) -> str:
    return "the platform's" if through_platform else cipher


def _working(asked: Prepared, reader: Askable, company_id: str, which: str) -> Any:
    row = asked.first(reader, company=company_id, which=which)
    if row is None:
        raise NotConnected(company_id, which)
    return row


def secret_of(desk: Desk, row: Connection, column: str) -> str:
    """Open a secret of a connection: ACCESS, SECRET or WEBHOOK."""
    cipher = {ACCESS: row.access_cipher, SECRET: row.secret_cipher, WEBHOOK: row.webhook_cipher}[column]
    return opened(desk, row.company_id, row.which, column, cipher)


def opened(desk: Desk, company_id: str, which: str, column: str, cipher: str) -> str:
    """Open what `sealed` made of a secret for its column."""
    return desk.vault.open(cipher, company_id=company_id, column=f"{which}.{column}").decode()


def sealed(desk: Desk, company_id: str, which: str, column: str, secret: str) -> str:
    """Seal a secret of a connection for its column."""
    return desk.vault.seal(secret, company_id=company_id, column=f"{which}.{column}")


def token_columns(desk: Desk, company_id: str, tokens: Tokens) -> dict[str, Any]:
    """Return what a row holds of fresh tokens; the version and the lease are the caller's."""
    return {
        "access_cipher": sealed(desk, company_id, QUICKBOOKS, ACCESS, tokens.access),
        "secret_cipher": sealed(desk, company_id, QUICKBOOKS, SECRET, tokens.refresh),
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "hard_expires_at": tokens.hard_expires_at,
        "rotated_at": desk.clock.now(),
        "last_error": "",
    }


def change(session: Session, row: Connection, **values: Any) -> bool:
    """Change a connection if nobody did meanwhile; returns whether it was changed."""
    which = {"company": row.company_id, "service": row.which, "seen_version": row.version}
    changing = _changing(tuple(sorted(values)))
    return bool(changing.change(session, **which, version=row.version + 1, **values))


@cache
def _changing(names: tuple[str, ...]) -> Prepared:
    seen = update(ConnectionRow).where(
        col(ConnectionRow.company_id) == bindparam("company"),
        col(ConnectionRow.which) == bindparam("service"),
        col(ConnectionRow.version) == bindparam("seen_version"),
    )
    return Prepared(seen.values({name: bindparam(name) for name in ("version", *names)}))


def put(session: Session, desk: Desk, company_id: str, which: str, columns: dict[str, Any]) -> None:
    """Connect: whatever stood in the row before is replaced, and a refresh under way finds its version gone."""
    fresh = {**columns, "state": "connected", "connected_at": desk.clock.now(), "lease_owner": "", "lease_until": None}
    mine = update(ConnectionRow).where(col(ConnectionRow.company_id) == company_id, col(ConnectionRow.which) == which)
    if not session.exec(mine.values(version=ConnectionRow.version + 1, **fresh)).rowcount:
        session.add(ConnectionRow(company_id=company_id, which=which, **fresh))


def say_lost(desk: Desk, company_id: str, which: str, reason: str) -> None:
    """Mark a connection that a person must renew, with the reason in a sentence."""
    with desk.db.write("connection_lost") as session:
        _LOSE.change(session, company=company_id, service=which, reason=reason)


_LOSE = Prepared(
    update(ConnectionRow)
    .where(
        col(ConnectionRow.company_id) == bindparam("company"),
        col(ConnectionRow.which) == bindparam("service"),
        col(ConnectionRow.state) == "connected",
    )
    .values(state="needs_reconnect", last_error=bindparam("reason"))
)


def ends_soon(row: Connection, now: datetime, days: int = 30) -> datetime | None:
    """Return when the connection ends for good, where that is near: after 100 idle days or five years at most."""
    ends = [end for end in (row.refresh_expires_at, row.hard_expires_at) if end is not None]
    soonest = min(ends, default=None)
    return soonest if soonest is not None and (soonest - now).days < days else None
