"""Counters of attempts that matter, in the database: sign-in and pressing Pay.

They hold across processes and restarts; Flask-Limiter's counters in memory are the cheap ring around them. Laws: a
window counts every try, also the refused ones; no bucket holds an address or a name in clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flask import request
from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from connector.errors import TieoutError
from connector.store.access import LimitRow
from portal.access.tokens import digest
from portal.here import runtime

KEPT = timedelta(days=2)


class TooMany(TieoutError):
    """A limit was reached; `wait` says how long until the window ends."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many tries")
        self.wait = wait


@dataclass(frozen=True)
class Limit:
    """So many tries in a window of time, for one subject."""

    what: str  # sign_in/address, pay/link ...
    subject: str  # hashed before it is stored
    most: int
    window: timedelta

    @property
    def bucket(self) -> str:
        """Return the counter's name."""
        return f"{self.what}/{digest(self.subject)[:24]}"


def count_try(limits: Sequence[Limit]) -> None:
    """Count a try against every limit. Raises TooMany when any is passed; the try stays counted."""
    rt = runtime()
    now = rt.clock.now()
    over: list[timedelta] = []
    with rt.db.write("limit.count") as session:
        for limit in limits:
            start = _window_start(now, limit.window)
            tries = _add_one(session, limit.bucket, start.isoformat())
            if tries == 1:  # a new window: the moment to forget old ones
                session.exec(delete(LimitRow).where(col(LimitRow.window) < (now - KEPT).isoformat()))
            if tries > limit.most:
                over.append(start + limit.window - now)
    if over:
        raise TooMany(max(over))


def address() -> str:
    """Return the address a request came from, as far as the trusted proxies say."""
    return request.remote_addr or "unknown"


def _window_start(now: datetime, window: timedelta) -> datetime:
    seconds = int(window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)


def _add_one(session: Session, bucket: str, window: str) -> int:
    table = LimitRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    insert = (sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert)(table)
    statement = insert.values(bucket=bucket, window=window, tries=1).on_conflict_do_update(
        index_elements=["bucket", "window"], set_={"tries": table.c.tries + 1}
    )
    return int(session.connection().execute(statement.returning(table.c.tries)).scalar_one())
