"""The ticker: every few seconds it rings for whatever is due, and does what nobody hears itself.

Several may run: one holds the lease, the others wait for it. Laws: work of a period is rung once, by a unique row; with
Redis gone, or with no worker alive, everything still gets done here, only slower; one piece of work that fails keeps no
other waiting.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Table, bindparam
from sqlmodel import Session, col, delete, select
from sqlmodel.sql.expression import Select

from connector.store.built import built
from connector.store.companies import TickRow
from connector.store.prepared import Prepared
from connector.store.upsert import insert_ignoring
from jobs import tasks
from jobs.due import ALL, CHORES, ROUNDS, WHOLE, connections_by_company, period_of
from jobs.queue import RqBell
from sync.lease import alone
from sync.runtime import Runtime

log = structlog.get_logger()

# So many turns in a row something was due although it was rung for: no worker is alive, or all are busy.
UNHEARD_TURNS = 4
LEASE_TURNS = 4
TICKS_KEPT = timedelta(days=7)

PRUNE = "prune"
_TICKS: Table = TickRow.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it

_PRUNE = Prepared(delete(TickRow).where(col(TickRow.rung_at) < bindparam("before")))

Heard = Callable[[str, str], bool]
Do = Callable[[str, str], None]


def do(work: str, subject: str) -> None:
    """Do a task in this process."""
    task: Callable[[str], None] = getattr(tasks, work)
    task(subject)


@dataclass(frozen=True)
class _Tick:
    """A kind of work for somebody in a period."""

    work: str  # pull/<company id>
    period: str

    @property
    def task(self) -> tuple[str, str]:
        """Return the task's name and its subject."""
        name, _, subject = self.work.partition("/")
        return name, subject


class Ticker:
    """Goes through what is due. `heard` rings and tells whether somebody took it; `do` does it here."""

    def __init__(self, rt: Runtime, *, heard: Heard, do: Do = do) -> None:
        self._rt = rt
        self._heard = heard
        self._do = do
        self._rung: Counter[tuple[str, str]] = Counter()  # turns in a row that something was due

    def turn(self) -> dict[str, int]:
        """Go through everything once; returns how often each kind of work was rung for or done."""
        seen: set[tuple[str, str]] = set()
        done: Counter[str] = Counter()
        for work, subject in self._due():
            seen.add((work, subject))
            self._see_to(work, subject)
            done[work] += 1
        self._rung = Counter({key: turns for key, turns in self._rung.items() if key in seen})
        return dict(done)

    def _due(self) -> list[tuple[str, str]]:
        now = self._rt.clock.now()
        with self._rt.db.read() as session:
            due = [(chore.work, subject) for chore in CHORES for subject in chore.due_for(session, now)]
            ticks = self._ticks(session, now)
            rung = _rung_of(session, ticks)
        return self._come_round([tick for tick in ticks if (tick.work, tick.period) not in rung], now) + due

    def _come_round(self, fresh: Sequence[_Tick], now: datetime) -> list[tuple[str, str]]:
        """Return the work whose period began, each period once however many tickers run."""
        if not fresh:
            return []
        with self._rt.db.write("tick") as session:
            mine = [tick for tick in fresh if insert_ignoring(session, _TICKS, [{**asdict(tick), "rung_at": now}])]
            if any(tick.work == PRUNE for tick in mine):
                _PRUNE.change(session, before=now - TICKS_KEPT)
        return [tick.task for tick in mine if tick.work != PRUNE]

    def _ticks(self, session: Session, now: datetime) -> list[_Tick]:
        connected = connections_by_company(session)
        turns = [
            _Tick(f"{turn.work}/{company_id}", period_of(now, turn.every(self._rt.settings)))
            for turn in ROUNDS
            for company_id, services in connected.items()
            if turn.needs <= services
        ]
        turns += [
            _Tick(f"{one.work}/{ALL}", period_of(now, one.every)) for one in WHOLE if one.is_wanted(self._rt.settings)
        ]
        return [*turns, _Tick(PRUNE, period_of(now, timedelta(days=1)))]

    def _see_to(self, work: str, subject: str) -> None:
        key = (work, subject)
        self._rung[key] += 1
        if self._heard(work, subject) and self._rung[key] < UNHEARD_TURNS:
            return
        self._rung[key] = 0
        try:
            self._do(work, subject)
        except Exception:  # one company's trouble must not keep the others waiting; the next turn comes
            log.exception("work failed", work=work, subject=subject)


def _rung_of(session: Session, ticks: Sequence[_Tick]) -> set[tuple[str, str]]:
    """Return the work and period of those that were rung for."""
    works, periods = {tick.work for tick in ticks}, {tick.period for tick in ticks}
    return set(_among(session, works, periods))


@built
def _among(works: Collection[str], periods: Collection[str]) -> Select[str, str]:
    return select(TickRow.work, TickRow.period).where(col(TickRow.work).in_(works), col(TickRow.period).in_(periods))


def tick(rt: Runtime) -> None:
    """Take turns until a signal says stop."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    assert isinstance(rt.bell, RqBell)
    ticker, pause = Ticker(rt, heard=rt.bell.heard), rt.settings.sweep_seconds
    while not stopped.is_set():
        try:
            _take_turns(rt, ticker, stopped)
        except Exception:  # a database that is away comes back; the scheduler is there then
            log.exception("turn failed")
        stopped.wait(pause)


def _take_turns(rt: Runtime, ticker: Ticker, stopped: threading.Event) -> None:
    """Take turns for as long as the lease is ours."""
    pause = rt.settings.sweep_seconds
    with alone(rt, "ticker", seconds=LEASE_TURNS * pause) as lease:
        while lease and not stopped.is_set() and lease.keep(rt):
            ticker.turn()
            stopped.wait(pause)
