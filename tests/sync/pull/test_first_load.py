"""The first load: everything lands as QuickBooks holds it, in the calls it needs, and goes on where it stopped."""

from __future__ import annotations

import pytest

from connector.errors import GatewayError, NotConnected, RateLimited, UnknownOutcome
from connector.qbo import language
from connector.store.cache import CustomerRow, InvoiceRow
from connector.store.companies import CompanyRow
from connector.store.session import Database
from sandbox.seed import seed
from sandbox.world import World
from sync import engine
from sync.engine import Progress
from sync.lease import alone
from sync.pull import pull_company
from sync.pulling import fetching
from tests.qbo.rig import Rig, rule
from tests.sync.pull.cached import count, cursor, differences, invoice

ESTIMATE = '{"Id":"9001","SyncToken":"0","TxnDate":"2026-11-02","CustomerRef":{"value":"1"},"TotalAmt":10.00}'


@pytest.fixture
def harbor(world: World, db: Database) -> Rig:
    """Return a company with two years of history."""
    seed(world.quickbooks, customers=20, invoices=60)
    return Rig(world, db).connect()


def test_everything_lands_byte_for_byte(harbor: Rig) -> None:
    result = pull_company(harbor.rt, harbor.company_id)

    assert result.is_first
    assert result.written["Invoice"] == 60
    assert differences(harbor) == []


def test_heads_agree_with_the_books(harbor: Rig) -> None:
    pull_company(harbor.rt, harbor.company_id)

    ledger = harbor.control(f"quickbooks/ledger?realm={harbor.realm}", method="GET")
    receivable = next(row["cents"] for row in ledger["accounts"] if row["name"].startswith("Accounts Receivable"))
    with harbor.db.read() as session:
        rows = session.exec(InvoiceRow.__table__.select()).all()  # type: ignore[attr-defined]
        owed = sum(row.balance_minor for row in rows)
        balances = sum(
            row.balance_minor
            for row in session.exec(CustomerRow.__table__.select()).all()  # type: ignore[attr-defined]
        )
    assert balances == receivable  # credits and unapplied payments count in both
    assert owed >= receivable
    assert {row.state for row in rows} == {"live", "voided"}


def test_the_company_learns_who_it_is(harbor: Rig) -> None:
    pull_company(harbor.rt, harbor.company_id)

    with harbor.db.read() as session:
        company = session.get_one(CompanyRow, harbor.company_id)
    assert (company.name, company.zone, company.home_currency) == ("Harbor Tile Co.", "America/Los_Angeles", "USD")
    assert company.place == "Portland, OR"
    assert company.phone
    assert company.address.endswith("Portland, OR 97211")


def test_the_calls_are_counts_pages_and_one_look_at_changes(harbor: Rig) -> None:
    harbor.forget_calls()
    pull_company(harbor.rt, harbor.company_id)

    pages = sum(1 for entity in engine.PAGED if harbor.all_texts(entity.name))
    assert sorted(harbor.calls()) == sorted(
        ["batch", "companyinfo.read", "preferences.read", *["query"] * pages, "cdc", "batch"]
    )
    harbor.forget_calls()
    pull_company(harbor.rt, harbor.company_id)
    assert harbor.calls() == ["cdc"]


def test_progress_is_told_page_by_page(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _pages_of(monkeypatch, 25)
    told: list[Progress] = []
    pull_company(harbor.rt, harbor.company_id, told.append)

    assert [p for p in told if p.entity == "Invoice"] == [
        Progress("Invoice", 25, 60),
        Progress("Invoice", 50, 60),
        Progress("Invoice", 60, 60),
    ]
    assert cursor(harbor, "Invoice").finished_at is not None
    assert cursor(harbor).phase == "following"


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_crash_between_page_and_commit_repeats_that_page_and_skips_none(
    harbor: Rig, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    _pages_of(monkeypatch, 25)
    passed = 0
    advance = engine.cursors.advance

    def die_at_the_commit(session, rt, company_id, entity, **more):  # type: ignore[no-untyped-def]
        nonlocal passed
        passed += entity.name == "Invoice"
        if passed == nth:
            raise Crash
        return advance(session, rt, company_id, entity, **more)

    monkeypatch.setattr(engine.cursors, "advance", die_at_the_commit)
    with pytest.raises(Crash):
        pull_company(harbor.rt, harbor.company_id)
    assert count(harbor, InvoiceRow) == cursor(harbor, "Invoice").pulled == 25 * (nth - 1)

    monkeypatch.setattr(engine.cursors, "advance", advance)
    result = pull_company(harbor.rt, harbor.company_id)

    assert result.is_first
    assert result.written["Invoice"] == 60 - 25 * (nth - 1)
    assert differences(harbor) == []


@pytest.mark.parametrize("do", ["reset_before", "truncate:200", "status_html:503", "status_empty:502", "xml_throttle"])
def test_a_broken_answer_changes_nothing_and_the_next_pull_goes_on(harbor: Rig, do: str) -> None:
    def spoil(progress: Progress) -> None:
        if progress.entity == "Vendor":
            harbor.faults(rule("query", do, times=0))

    with pytest.raises(GatewayError) as caught:
        pull_company(harbor.rt, harbor.company_id, spoil)

    assert not isinstance(caught.value, UnknownOutcome), "a read can have done no harm"
    assert isinstance(caught.value, RateLimited) == (do == "xml_throttle")
    assert cursor(harbor).error
    assert (cursor(harbor).phase, count(harbor, InvoiceRow)) == ("first", 0)

    harbor.faults()
    harbor.clock.slept += 61
    harbor.forget_calls()
    pull_company(harbor.rt, harbor.company_id)
    assert differences(harbor) == []
    assert cursor(harbor).error == ""
    assert "companyinfo.read" not in harbor.calls(), "what was loaded is not loaded again"


def test_a_failing_read_is_tried_again_within_the_call(harbor: Rig) -> None:
    harbor.faults(rule("query", "status:500", nth=3), rule("cdc", "reset_before"))
    pull_company(harbor.rt, harbor.company_id)
    assert differences(harbor) == []


def test_what_changes_between_pages_is_not_lost(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows deleted behind the reader shift the pages; rows added and edited come with the changes."""
    _pages_of(monkeypatch, 10)
    before = sorted(harbor.all_texts("Invoice"), key=int)
    unpaid = [key for key in before if not _is_linked(harbor, key)]

    def meddle(progress: Progress) -> None:
        if progress.entity == "Invoice" and progress.pulled == 10:
            harbor.quickbooks_control("delete", entity="Invoice", id=unpaid[0])
            harbor.edit("Invoice", before[3], PrivateNote="changed while it was pulled")
            harbor.invoice("1", 77.10)

    pull_company(harbor.rt, harbor.company_id, meddle)

    assert before.index(unpaid[0]) < 30, "the deleted invoice stands before the pages that are still to come"
    assert differences(harbor) == []
    assert invoice(harbor, unpaid[0]).state == "deleted"


def test_an_entity_that_quickbooks_refuses_stops_no_other(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    statement = language.page_of

    def misspelt(entity: str, *, start: int, size: int, where: str = "") -> str:
        return statement(entity + "s" * (entity == "Estimate"), start=start, size=size, where=where)

    harbor.quickbooks_control("load", documents=[{"entity": "Estimate", "text": ESTIMATE}])
    monkeypatch.setattr(language, "page_of", misspelt)
    pull_company(harbor.rt, harbor.company_id)
    assert "4000" in cursor(harbor, "Estimate").error
    missing = differences(harbor)
    assert "Estimate 9001" in missing
    assert all(one.startswith("Estimate ") for one in missing)

    monkeypatch.setattr(language, "page_of", statement)
    harbor.world.advance(25 * 3600)
    pull_company(harbor.rt, harbor.company_id)
    assert differences(harbor) == [], "it is asked for again the next day"


def test_rights_that_are_gone_stop_everything_until_a_person_reconnects(harbor: Rig) -> None:
    harbor.faults(rule("query", "no_rights_120", times=0))
    with pytest.raises(NotConnected):
        pull_company(harbor.rt, harbor.company_id)
    assert harbor.connection().state == "needs_reconnect"
    harbor.forget_calls()
    with pytest.raises(NotConnected):
        pull_company(harbor.rt, harbor.company_id)
    assert harbor.calls() == []


def test_one_pull_at_a_time(harbor: Rig) -> None:
    with alone(harbor.rt, f"pull/{harbor.company_id}", seconds=60):
        assert pull_company(harbor.rt, harbor.company_id).is_busy
    assert not pull_company(harbor.rt, harbor.company_id).is_busy


def test_a_pull_that_lost_its_lease_commits_nothing_more(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _pages_of(monkeypatch, 25)

    def take_over(progress: Progress) -> None:
        if progress.entity == "Invoice" and progress.pulled == 25:
            harbor.world.advance(3600)
            with alone(harbor.rt, f"pull/{harbor.company_id}", seconds=60) as lease:
                assert lease is not None

    with pytest.raises(engine.LostLease):
        pull_company(harbor.rt, harbor.company_id, take_over)
    assert count(harbor, InvoiceRow) == 25


def test_ids_may_sort_as_text(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _pages_of(monkeypatch, 7)
    harbor.switch(id_sorts_as="text")
    pull_company(harbor.rt, harbor.company_id)
    assert differences(harbor) == []


def test_an_unchanged_list_is_read_again_without_a_write(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a month everything is read again; only the first page of a list costs a commit while nothing is new."""
    _pages_of(monkeypatch, 10)
    pull_company(harbor.rt, harbor.company_id)
    harbor.world.advance(31 * 86_400)
    pages: list[Progress] = []
    landed = _landed_pages(monkeypatch)

    result = pull_company(harbor.rt, harbor.company_id, pages.append)

    assert result.is_first
    assert result.written == {}
    assert [page.pulled for page in pages if page.entity == "Invoice"] == [10, 20, 30, 40, 50, 60]
    assert landed.count("Invoice") == 1
    assert cursor(harbor, "Invoice").pulled == 60


def test_one_change_in_an_unchanged_list_is_landed(harbor: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    _pages_of(monkeypatch, 10)
    pull_company(harbor.rt, harbor.company_id)
    changed = sorted(harbor.all_texts("Invoice"), key=int)[35]
    harbor.edit("Invoice", changed, PrivateNote="seen again")
    harbor.world.advance(31 * 86_400)
    landed = _landed_pages(monkeypatch)

    assert pull_company(harbor.rt, harbor.company_id).written == {"Invoice": 1}
    assert differences(harbor) == []
    assert landed.count("Invoice") == 3, "the first page, the changed one, and the one behind it, which is new ground"
    assert cursor(harbor, "Invoice").pulled == 60


def _landed_pages(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the pages that cost a commit."""
    landed: list[str] = []
    advance = engine.Pull.advance

    def counted(pull, session, entity, fetched, *, wrote):  # type: ignore[no-untyped-def]
        landed.append(entity.name)
        return advance(pull, session, entity, fetched, wrote=wrote)

    monkeypatch.setattr(engine.Pull, "advance", counted)
    return landed


class Crash(BaseException):
    """The end of the process, for one that cannot be caught by mistake."""


def _pages_of(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Make pages small, so that few objects fill several."""
    monkeypatch.setattr(fetching, "PAGE_SIZE", size)
    monkeypatch.setattr(engine, "PAGE_SIZE", size)
    page = fetching.QuickBooksGateway.page
    monkeypatch.setattr(
        fetching.QuickBooksGateway,
        "page",
        lambda gateway, entity, *, start, size=size, where="": page(
            gateway, entity, start=start, size=size, where=where
        ),
    )


def _is_linked(rig: Rig, qbo_id: str) -> bool:
    from tests.qbo.rig import parsed

    text = rig.text("Invoice", qbo_id)
    assert text is not None
    return bool(parsed(text).get("LinkedTxn"))
