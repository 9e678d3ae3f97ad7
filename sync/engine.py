"""The pull engine: loads a company's entities page by page, then follows the change feed.

Knows entities only as rows of their table. Laws: a page and its cursor are one commit, so that a crash anywhere repeats
a page and never skips one; a commit counts only while the lease is held; a deletion is believed only after QuickBooks
was asked for the object itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import Session, col, update

from connector.errors import Rejected, TieoutError
from connector.qbo.gateway import PAGE_SIZE, QuickBooksGateway
from connector.qbo.shapes import Buffer, Changes
from connector.store.cache import CursorRow
from connector.store.companies import LeaseRow
from connector.store.prepared import Prepared
from sync import log
from sync.entities import ENTITIES, FEED, Entity
from sync.lease import Lease
from sync.pulling import cursors, fetching, landing, tellings
from sync.pulling.fetching import Fetched, Rows
from sync.runtime import Runtime

PAGED = tuple(entity for entity in ENTITIES if entity.single is None)
IN_FEED = tuple(entity for entity in ENTITIES if entity.in_feed)

_FEED_TOO_OLD = "changedSince"  # the word of the one refusal that is about the time and not about us
_RENEW = Prepared(
    update(LeaseRow)
    .where(col(LeaseRow.name) == bindparam("held"), col(LeaseRow.owner) == bindparam("by"))
    .values(until=bindparam("end"))
)


class LostLease(TieoutError):
    """Another worker took this pull over; nothing of the open commit is kept."""


@dataclass(frozen=True)
class Progress:
    """How far the load of one entity has come; `expected` is None where QuickBooks did not count."""

    entity: str
    pulled: int
    expected: int | None


@dataclass
class Pull:
    """One pull of one company under its lease, and what it came to."""

    rt: Runtime
    company_id: str
    gateway: QuickBooksGateway
    lease: Lease
    progress: Callable[[Progress], None]
    written: Counter[str] = field(default_factory=Counter)
    deleted: Counter[str] = field(default_factory=Counter)
    is_first: bool = False
    _ahead: Counter[str] = field(default_factory=Counter)  # objects of pages whose cursor is not committed yet
    _quiet: dict[str, Progress] = field(default_factory=dict)  # of entities whose last page held nothing new
    _renewed: float = 0.0

    @contextmanager
    def commit(self, name: str) -> Iterator[Session]:
        """Open a write that holds only while the lease is ours, and renews it."""
        with self.rt.db.write(name) as session:
            until = self.rt.clock.now() + timedelta(seconds=self.lease.seconds)
            if not _RENEW.change(session, held=self.lease.name, by=self.lease.owner, end=until):
                raise LostLease(f"the lease {self.lease.name} was taken over")
            yield session
        self._renewed = self.rt.clock.monotonic()

    def holds_nothing_new(self, entity: Entity, fetched: Fetched) -> bool:
        """Tell whether a page may be passed by without a commit, as pages of an unchanged list are.

        Its cursor waits for the next commit: a crash before that repeats pages that write nothing.
        """
        is_late = self.rt.clock.monotonic() - self._renewed > self.lease.seconds / 4
        if is_late or fetched.poisoned or entity.name not in self._quiet:
            return False
        with self.rt.db.read() as session:
            return landing.is_known(session, self.company_id, entity, fetched.rows)

    def advance(self, session: Session, entity: Entity, fetched: Fetched, *, wrote: bool) -> Progress:
        """Move an entity's cursor behind a page in an open commit, and behind those that were passed by before it."""
        position = fetched.start + PAGE_SIZE
        pulled = self._ahead.pop(entity.name, 0) + len(fetched.rows)
        come = cursors.advance(session, self.rt, self.company_id, entity, position=position, pulled=pulled)
        progress = Progress(entity.name, *come)
        self._quiet.pop(entity.name, None)
        if not wrote:
            self._quiet[entity.name] = progress
        return progress

    def pass_by(self, entity: Entity, fetched: Fetched) -> Progress:
        """Count a page that held nothing new."""
        self._ahead[entity.name] += len(fetched.rows)
        last = self._quiet[entity.name]
        return replace(last, pulled=last.pulled + self._ahead[entity.name])

    def finish(self, session: Session, entity: Entity, refused: str) -> None:
        """Say in an open commit that an entity is at its end."""
        cursors.finish(session, self.rt, self.company_id, entity, pulled=self._ahead.pop(entity.name, 0), error=refused)

    def land(self, session: Session, entity: Entity, texts: Sequence[Buffer], *, tells: bool) -> bool:
        """Land objects in an open commit, and say what changed or only what could not be read; returns if any did."""
        landed = landing.land(session, self.rt, self.company_id, entity, texts)
        self.written[entity.name] += len(landed.changes)
        say = tellings.tell if tells else tellings.tell_unreadable
        say(session, self.rt, self.company_id, landed)
        return bool(landed.changes)

    def bury(self, session: Session, entity: Entity, ids: Sequence[str]) -> None:
        """Mark objects as deleted in an open commit, and say so."""
        rows = landing.bury(session, self.company_id, entity, ids)
        self.deleted[entity.name] += len(rows)
        tellings.tell_deleted(session, self.rt, self.company_id, entity, rows)


def run(pull: Pull) -> None:
    """Load what was not loaded yet, and follow what changed since."""
    with pull.rt.db.read() as session:
        kept = cursors.all_of(session, pull.company_id)
    feed, now = kept.get(FEED), pull.rt.clock.now()
    if feed is None or cursors.is_too_old(feed, now):
        _load_anew(pull)
    elif feed.phase == cursors.FIRST:
        _load_all(pull)
    elif _follow(pull, feed):
        _load_daily(pull, kept)


def _load_anew(pull: Pull) -> None:
    _begin(pull)
    _load_all(pull)


def _begin(pull: Pull) -> None:
    """Count everything in one call; its answer's time is where the change feed will continue."""
    counts, server_time = pull.gateway.counts([entity.name for entity in PAGED])
    with pull.commit("pull_begin") as session:
        cursors.begin(session, pull.rt, pull.company_id, counts=counts, server_time=server_time)


def _load_all(pull: Pull) -> None:
    """Load every entity that is not at its end, take what changed meanwhile, and check that nothing is missing."""
    pull.is_first = True
    with pull.rt.db.read() as session:
        kept = cursors.all_of(session, pull.company_id)
    for entity in ENTITIES:
        if entity.name not in kept:  # this version of the product knows it first, in the middle of a load
            _restart(pull, entity)
        if entity.name not in kept or kept[entity.name].phase == cursors.FIRST:
            _load(pull, entity)
    _take_changes(pull, kept[FEED], ends_load=True)
    with pull.rt.db.read() as session:
        ends = cursors.all_of(session, pull.company_id)
    given = [entity for entity in PAGED if not ends[entity.name].error]
    _compare_all(pull, given)
    _say_loaded(pull)


def _load(pull: Pull, entity: Entity) -> None:
    """Load one entity from its cursor to its end. One that QuickBooks refuses to give stops no other."""
    try:
        if entity.single:
            _land_page(pull, entity, Rows(1, [entity.single(pull.gateway).body]))
        else:
            with pull.rt.db.read() as session:
                row = cursors.find(session, pull.company_id, entity.name)
            assert row is not None, "an entity is loaded after its cursor was made"
            pages = fetching.pages(pull.gateway, pull.rt.clock, entity.name, start=row.position, expected=row.expected)
            for fetched in pages:
                _land_page(pull, entity, fetched)
        refused = ""
    except Rejected as error:
        refused = str(error)
    with pull.commit("pull_end") as session:
        pull.finish(session, entity, refused)


def _land_page(pull: Pull, entity: Entity, fetched: Fetched) -> None:
    if pull.holds_nothing_new(entity, fetched):
        pull.progress(pull.pass_by(entity, fetched))
        return
    with pull.commit("pull_page") as session:
        wrote = pull.land(session, entity, fetched.rows, tells=False)
        if fetched.poisoned:
            number = len(fetched.poisoned)
            tellings.tell_poisoned(session, pull.rt, pull.company_id, entity, number, fetched.reason)
        progress = pull.advance(session, entity, fetched, wrote=wrote)
    pull.progress(progress)


def _follow(pull: Pull, feed: CursorRow) -> bool:
    """Take what changed since the last pull; where QuickBooks no longer reaches back that far, load everything anew.

    Returns whether the cursors still stand as they were read before.
    """
    try:
        _take_changes(pull, feed, ends_load=False)
    except Rejected as error:
        if _FEED_TOO_OLD not in error.message:
            raise
        _load_anew(pull)
        return False
    return True


def _take_changes(pull: Pull, feed: CursorRow, *, ends_load: bool) -> None:
    since = cursors.since(feed)
    changes = pull.gateway.changes([entity.name for entity in IN_FEED], since)
    cut = [entity for entity in IN_FEED if entity.name in changes.full]
    if cut:
        _catch_up(pull, cut, since)
    gone = {entity: _gone(pull, entity, changes) for entity in IN_FEED if entity not in cut}
    with pull.commit("pull_changes") as session:
        for entity, ids in gone.items():
            texts = [one.body for one in changes.objects if one.entity == entity.name and not one.deleted]
            if texts:
                pull.land(session, entity, texts, tells=not ends_load)
            if ids:
                pull.bury(session, entity, ids)
        cursors.follow(session, pull.rt, pull.company_id, changes.server_time or feed.changed_since)


def _gone(pull: Pull, entity: Entity, changes: Changes) -> list[str]:
    """Return the ids that the feed calls deleted and that QuickBooks, asked for them, does not have."""
    buried = [one.qbo_id for one in changes.objects if one.entity == entity.name and one.deleted]
    return _confirmed(pull, entity, buried)


def _confirmed(pull: Pull, entity: Entity, ids: Sequence[str]) -> list[str]:
    alive = {one.qbo_id for one in fetching.fetch_by_ids(pull.gateway, entity.name, ids)} if ids else set()
    return [qbo_id for qbo_id in ids if qbo_id not in alive]


def _catch_up(pull: Pull, cut: Sequence[Entity], since: str) -> None:
    """Page through the changes of entities, because the feed's answer reached its cap and may be cut.

    The feed has no pages and no end of its window, so halving it would only ever give the newer half. A query has
    pages; what it does not show are deletions, so the ids are compared where the counts differ.
    """
    for entity in cut:
        for fetched in fetching.changed_pages(pull.gateway, entity.name, since):
            with pull.commit("pull_catch_up") as session:
                pull.land(session, entity, fetched.rows, tells=True)
    _compare_all(pull, cut)


def _compare_all(pull: Pull, entities: Sequence[Entity]) -> None:
    """Compare the cache with QuickBooks' own counts, in one call for all of them."""
    counts, _ = pull.gateway.counts([entity.name for entity in entities])
    for entity in entities:
        _compare(pull, entity, counts.get(entity.name))


def _compare(pull: Pull, entity: Entity, counted: int | None) -> None:
    """Compare the cache with QuickBooks where the counts differ: fetch what is missing, bury what is gone."""
    with pull.rt.db.read() as session:
        if counted in (None, landing.count_living(session, pull.company_id, entity)):
            return
        ours = landing.living_ids(session, pull.company_id, entity)
    theirs = fetching.fetch_ids(pull.gateway, entity.name)
    missing = fetching.fetch_by_ids(pull.gateway, entity.name, sorted(theirs - ours))
    gone = _confirmed(pull, entity, sorted(ours - theirs))
    with pull.commit("pull_compare") as session:
        pull.land(session, entity, [one.body for one in missing], tells=False)
        pull.bury(session, entity, gone)


def _load_daily(pull: Pull, kept: Mapping[str, CursorRow]) -> None:
    """Load again, once a day, what the change feed does not tell of, and what was refused or is new in the table."""
    for entity in ENTITIES:
        row = kept.get(entity.name)
        if row is None or ((row.error or not entity.in_feed) and cursors.is_due(row, pull.rt.clock.now())):
            _restart(pull, entity)
            _load(pull, entity)


def _restart(pull: Pull, entity: Entity) -> None:
    with pull.commit("pull_daily") as session:
        cursors.restart(session, pull.rt, pull.company_id, entity)


def _say_loaded(pull: Pull) -> None:
    with pull.commit("pull_loaded") as session:
        rows = cursors.all_of(session, pull.company_id)
        parts = tellings.counts_of({entity: rows[entity.name].pulled for entity in PAGED})
        sentence = f"Everything was pulled from QuickBooks: {parts}."
        log.write(session, pull.rt, pull.company_id, kind="pull", state="pulled", sentence=sentence)
