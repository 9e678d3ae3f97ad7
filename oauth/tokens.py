"""Access tokens for QuickBooks: fresh when they are needed, and refreshed by one caller at a time.

The refresh token rotates and the old one dies, so two refreshes at once would lose the connection. Laws: one refresh
under way for a company, by a lease in its row; the new token is committed before it is used; a token that another
caller refreshed meanwhile is taken, never refreshed again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, update

from connector.clock import Clock
from connector.errors import NotConnected, Transient, Unauthorised, UnknownOutcome
from connector.settings import Settings
from connector.store.companies import ConnectionRow
from connector.store.prepared import Prepared
from connector.store.session import Database
from oauth import connections
from oauth.connections import ACCESS, QUICKBOOKS, SECRET, Access, Connection
from oauth.desk import Desk
from oauth.intuit import INVALID_GRANT, SERVICE, Intuit, Tokens
from oauth.vault import Vault

FRESH_FOR = timedelta(minutes=5)  # a token that ends sooner is renewed before it is used
LEASE = timedelta(seconds=60)  # longer than two calls to Intuit can take
_DEAD = "Intuit no longer accepts our access. Connect QuickBooks again."
_FIRST_POLL_SECONDS, _LONGEST_POLL_SECONDS = 0.05, 1.0
_WAIT_SECONDS = 30.0
_MINE = update(ConnectionRow).where(
    col(ConnectionRow.company_id) == bindparam("company"), col(ConnectionRow.which) == QUICKBOOKS
)
_TAKE = Prepared(
    _MINE.where(
        col(ConnectionRow.version) == bindparam("seen_version"),
        col(ConnectionRow.lease_owner) == bindparam("seen_owner"),
    ).values(lease_owner=bindparam("by"), lease_until=bindparam("end"))
)
_GIVE_BACK = Prepared(
    _MINE.where(col(ConnectionRow.lease_owner) == bindparam("by")).values(lease_owner="", lease_until=None)
)


@dataclass(frozen=True)
class _Desk:
    settings: Settings
    db: Database
    clock: Clock
    vault: Vault


def bearer_for(db: Database, vault: Vault, clock: Clock, settings: Settings, company_id: str) -> Callable[[bool], str]:
    """Return the `bearer` of a company's gateway: `bearer(False)` gives a token, `bearer(True)` a newer one.

    Raises NotConnected when a person must reconnect, Transient or UnknownOutcome when Intuit cannot be asked.
    """
    desk = _Desk(settings, db, clock, vault)
    handed = threading.local()  # the version each thread was given last

    def bearer(refresh: bool) -> str:
        with db.asking() as reader:
            access: Access | Connection = connections.access_of(reader, company_id)
        refused = refresh and access.version == getattr(handed, "version", access.version)
        if refused or not _is_fresh(access, clock):
            access = _renewed(desk, company_id, access.version)
        handed.version = access.version
        return connections.opened(desk, company_id, QUICKBOOKS, ACCESS, access.access_cipher)

    return bearer


def _is_fresh(row: Access | Connection, clock: Clock) -> bool:
    return row.access_expires_at is not None and row.access_expires_at - clock.now() > FRESH_FOR


def _renewed(desk: Desk, company_id: str, stale_version: int) -> Connection:
    """Return the row with a newer token than the stale one: refreshed here, or by whoever was first."""
    end, pause = desk.clock.monotonic() + _WAIT_SECONDS, _FIRST_POLL_SECONDS
    while desk.clock.monotonic() < end:
        with desk.db.asking() as reader:
            row = connections.connected(reader, company_id, QUICKBOOKS)
        if row.version != stale_version:
            return row
        owner = desk.clock.new_id()
        if _is_free(row, desk.clock) and _take_lease(desk, row, owner):
            _refresh(desk, row, owner)
        else:
            desk.clock.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)
    raise Transient(service=SERVICE, message="another refresh of the connection takes too long", code="refreshing")


def _is_free(row: Connection, clock: Clock) -> bool:
    return row.lease_until is None or row.lease_until <= clock.now()


def _take_lease(desk: Desk, row: Connection, owner: str) -> bool:
    """Take the right to refresh this version of the token; the row decides who was first."""
    with desk.db.write("token_lease") as session:
        seen = {"seen_version": row.version, "seen_owner": row.lease_owner}
        values = {"by": owner, "end": desk.clock.now() + LEASE}
        return bool(_TAKE.change(session, company=row.company_id, **seen, **values))


def _refresh(desk: Desk, row: Connection, owner: str) -> None:
    """Refresh under our lease and commit what came before anybody uses it."""
    try:
        tokens = _asked(desk, connections.secret_of(desk, row, SECRET))
    except Unauthorised as error:
        _give_back_lease(desk, row, owner)
        if error.code != INVALID_GRANT:
            raise
        _judge_dead(desk, row)
    except BaseException:
        _give_back_lease(desk, row, owner)
        raise
    else:
        columns = connections.token_columns(desk, row.company_id, tokens)
        with desk.db.write("token") as session:
            connections.change(session, row, **columns, lease_owner="", lease_until=None)


def _judge_dead(desk: Desk, row: Connection) -> None:
    """Say that the connection is lost, unless somebody stored a newer token while ours was refused."""
    with desk.db.write("token_dead") as session:
        is_lost = connections.change(session, row, state="needs_reconnect", last_error=_DEAD)
    if is_lost:
        raise NotConnected(row.company_id, QUICKBOOKS)


def _asked(desk: Desk, refresh_token: str) -> Tokens:
    """Ask Intuit; when its answer is lost, once more with the same token, which Intuit still honours for a while.

    Raises Transient when that answer is lost as well: nothing was asked of the books, so nothing is unknown there.
    """
    intuit = Intuit(desk.settings, desk.clock)
    try:
        return intuit.refresh(refresh_token)
    except UnknownOutcome:
        pass
    try:
        return intuit.refresh(refresh_token)
    except UnknownOutcome as lost:
        raise Transient(service=SERVICE, message=lost.message, code=lost.code, trace=lost.trace) from None


def _give_back_lease(desk: Desk, row: Connection, owner: str) -> None:
    with desk.db.write("token_lease_end") as session:
        _GIVE_BACK.change(session, company=row.company_id, by=owner)
