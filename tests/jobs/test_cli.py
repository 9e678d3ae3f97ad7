"""The command line: what it says, how it ends, and that it never shows a traceback or a secret."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from connector.ledger.money import Money
from connector.store.access import LinkRow, MembershipRow, StaffRow
from connector.store.books import DiscrepancyRow
from connector.store.companies import CompanyRow
from connector.store.log import LogRow
from connector.store.outbox import MailRow, PostingRow
from jobs import boot
from portal.cli import COMMANDS, main
from portal.commands import doctor, shared
from sync import tieout
from sync.runtime import Runtime
from sync.tieout import CurrencyProof, NamedLine, Proof
from tests.jobs.conftest import COMPANY, NOON, OTHER, owe_mail

Run = Callable[..., Result]


@pytest.fixture
def run(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return how to run a command on this test's runtime."""
    monkeypatch.setattr(boot, "runtime", lambda: rt)
    monkeypatch.setattr(shared, "check_settings", lambda: None)

    def call(*arguments: str, **more: Any) -> Result:
        return CliRunner().invoke(main, list(arguments), catch_exceptions=False, **more)

    return call


def said(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS])
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_keys_are_made_fresh_and_fit_their_settings() -> None:
    from oauth.vault import Vault

    first, second = (said(CliRunner().invoke(main, ["keys", "--json"])) for _ in range(2))
    assert len(first["SECRET_KEY"]) >= 32
    assert first["SECRET_KEY"] != second["SECRET_KEY"]
    assert Vault(first["VAULT_KEYS"]).seal("x", company_id="c", column="d")


def test_a_company_is_added_once_and_a_bad_slug_is_refused(run: Run) -> None:
    first = said(run("company", "add", "new-one", "New One", "--json"))
    again = said(run("company", "add", "new-one", "New One", "--json"))
    assert first == again
    assert first["url"] == "http://127.0.0.1:8800/c/new-one/"
    assert {row["slug"] for row in said(run("company", "list", "--json"))} == {"harbor-tile", "cedar", "new-one"}
    wrong = run("company", "add", "New One", "x")
    assert wrong.exit_code == 2
    assert "harbor-tile" in wrong.output


def test_which_company_is_asked_for_when_there_are_two(run: Run) -> None:
    open_choice = run("held")
    assert open_choice.exit_code == 2
    assert "cedar | harbor-tile" in open_choice.output
    assert run("held", "--company", "nobody").exit_code == 2
    assert run("held", "--company", "cedar").output == "Nothing is held.\n"


def test_an_owner_gets_a_link_that_stands_only_as_a_hash(run: Run, rt: Runtime) -> None:
    url = said(run("owner", " Olivia@Harbor.Example ", "--company", "harbor-tile", "--json"))["url"]
    said(run("owner", "olivia@harbor.example", "--company", "harbor-tile", "--role", "viewer", "--json"))
    with rt.db.read() as session:
        (staff,) = session.exec(select(StaffRow)).all()
        (membership,) = session.exec(select(MembershipRow)).all()
        links = session.exec(select(LinkRow)).all()
    assert staff.email == "olivia@harbor.example"
    assert (membership.company_id, membership.role) == (COMPANY, "viewer")
    assert all(url.rpartition("/")[2] not in link.token_hash for link in links)
    assert run("owner", "nobody", "--company", "harbor-tile").exit_code == 2


def test_a_link_is_made_for_an_invoice_of_this_company_and_no_other(run: Run) -> None:
    result = said(run("link", "1068", "--company", "harbor-tile", "--json"))
    assert result["url"].startswith("http://127.0.0.1:8800/c/harbor-tile/l/")
    assert said(run("link", "inv-1068", "--company", "harbor-tile", "--json"))["invoice"] == "1068"
    assert run("link", "1068", "--company", "cedar").exit_code == 2
    assert run("link", "9999", "--company", "harbor-tile").exit_code == 2


def test_open_invoices_are_listed_for_one_customer_or_all(run: Run) -> None:
    rows = said(run("invoices", "--company", "harbor-tile", "--json"))
    assert [(row["number"], row["balance_minor"], row["customer"]) for row in rows] == [
        ("1068", 62000, "Blue Mesa Ranch"),
        ("1071", 100000, "Blue Mesa Ranch"),
    ]
    assert said(run("invoices", "--company", "harbor-tile", "--customer", "Nobody", "--json")) == []
    assert "$620.00" in run("invoices", "--company", "harbor-tile").output


def hold_posting(rt: Runtime) -> None:
    with rt.db.write("hold") as session:
        row = session.get_one(PostingRow, "posting-1")
        row.state, row.held_code = "held", "6210"
        row.held_text, row.held_next = "September is closed.", "Open it, or choose another day."


def test_what_is_held_is_listed_and_retried_by_its_own_company_only(run: Run, rt: Runtime) -> None:
    hold_posting(rt)
    assert "September is closed. Open it" in run("held", "--company", "harbor-tile").output
    assert run("retry", "posting-1", "--company", "cedar").exit_code == 2
    assert run("retry", "--company", "harbor-tile").exit_code == 2
    result = run("retry", "posting-1", "--company", "harbor-tile")
    assert result.output == "1 posting will be sent again.\n"
    with rt.db.read() as session:
        assert session.get_one(PostingRow, "posting-1").state == "due"


def test_failed_mails_are_listed_and_sent_again(run: Run, rt: Runtime) -> None:
    owe_mail(rt, "receipt", state="failed", error="mail: no such mailbox (550)")
    owe_mail(rt, "sign_in", key="old link", state="failed")
    assert "no such mailbox" in run("mails", "--company", "harbor-tile").output
    assert "1 mail will be sent again." in run("mails", "--again", "--company", "harbor-tile").output
    with rt.db.read() as session:
        states = {row.kind: row.state for row in session.exec(select(MailRow))}
    assert states == {"receipt": "due", "sign_in": "failed"}


def test_status_shows_at_one_look_what_waits(run: Run, rt: Runtime) -> None:
    hold_posting(rt)
    owe_mail(rt, "receipt")
    with rt.db.write("open") as session:
        fixed = {"kind": "k", "subject": "s", "opened_at": NOON, "seen_at": NOON}
        session.add(DiscrepancyRow(id="d-1", company_id=COMPANY, sentence="A cent is missing.", **fixed))
        session.add(DiscrepancyRow(id="d-2", company_id=OTHER, sentence="Not yours.", **fixed))
    seen = said(run("status", "--company", "harbor-tile", "--json"))["harbor-tile"]
    assert seen["on_its_way"] == {"events": 0, "debits": 0, "payments": 0, "postings": 0, "mails": 1}
    assert seen["for_a_person"] == {"held": 1, "discrepancies": 1, "mails_failed": 0}
    shown = run("status", "--company", "harbor-tile").output
    assert "1 mail" in shown
    assert "1 held posting, 1 discrepancy" in shown
    listed = run("discrepancies", "--company", "harbor-tile").output
    assert "A cent is missing." in listed
    assert "Not yours" not in listed


def test_the_log_speaks_in_sentences_newest_last(run: Run, rt: Runtime) -> None:
    with rt.db.write("log") as session:
        for n, sentence in enumerate(("First thing", "Second thing")):
            line = {"kind": "push", "state": "recorded", "sentence": sentence, "money_minor": 100, "currency": "USD"}
            session.add(LogRow(id=f"line-{n}", company_id=COMPANY, at=NOON, **line))
    shown = run("log", "--company", "harbor-tile").output
    assert shown.index("First thing") < shown.index("Second thing")
    assert "today 12:00" in shown
    assert "1.00" in shown
    assert [row["id"] for row in said(run("log", "--lines", "1", "--company", "harbor-tile", "--json"))] == ["line-1"]


def proof(*, cent: int) -> Proof:
    line = NamedLine("books_foreign", "JournalEntry 7 moves −$0.01.", Money(cent, "USD"), False, "x", "Delete it.")
    usd = [Money(minor, "USD") for minor in (1000, 1000, 1000 - cent, cent)]
    result = CurrencyProof("USD", usd[0], usd[1], usd[2], usd[3], (line,) if cent else (), ties=not cent)
    return Proof(COMPANY, NOON, (result,))


def test_a_proof_that_ties_ends_well_and_one_cent_ends_it_with_1_and_its_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tieout, "prove", lambda rt, company_id, live: proof(cent=0))
    ties = run("prove", "--company", "harbor-tile")
    assert ties.exit_code == 0
    assert ties.output.splitlines()[-1] == "tie-out 0.00"
    monkeypatch.setattr(tieout, "prove", lambda rt, company_id, live: proof(cent=1))
    differs = run("prove", "--company", "harbor-tile")
    assert differs.exit_code == 1
    assert "JournalEntry 7 moves −$0.01." in differs.output
    assert "→ Delete it." in differs.output
    assert "tie-out" not in differs.output.splitlines()[-1]
    program = run("prove", "--company", "harbor-tile", "--json")
    assert program.exit_code == 1
    assert json.loads(program.stdout)[0]["results"][0]["unexplained_minor"] == 1


def test_the_chain_is_checked_for_every_company(run: Run) -> None:
    assert run("verify-chain").output == "Every attempt stands as it was written.\n"


def test_what_is_not_connected_is_said_with_the_way_to_connect(run: Run, rt: Runtime) -> None:
    from connector.errors import NotConnected

    def nobody(company_id: str) -> Any:
        raise NotConnected(company_id, "quickbooks")

    rt.gateways.quickbooks = nobody  # type: ignore[method-assign]
    result = run("pull", "--company", "harbor-tile")
    assert result.exit_code == 3
    assert result.output == "Not connected to QuickBooks: tieout connect quickbooks\n"


def test_the_doctor_finds_what_is_missing_and_says_what_to_do(run: Run) -> None:
    result = run("doctor")
    assert result.exit_code == 1
    assert "tieout migrate" in result.output  # the tests' tables were made without steps
    findings = json.loads(run("doctor", "--json").stdout)
    assert {one["what"]: one["state"] for one in findings} == {
        "Settings": "ok",
        "Database": "wrong",
        "Redis": "note",
        "Mail": "ok",
    }


def test_settings_that_are_wrong_are_named_and_no_value_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    from connector.settings import settings

    for name in ("SECRET_KEY", "VAULT_KEYS", "SMTP_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SECRET_KEY", "tooshortbutsecret")
    monkeypatch.setenv("SWEEP_SECONDS", "-1")
    settings.cache_clear()
    boot.runtime.cache_clear()
    result = CliRunner().invoke(main, ["status"])
    assert result.exit_code == 3
    assert "SECRET_KEY" in result.output
    assert "SWEEP_SECONDS" in result.output
    assert "tooshortbutsecret" not in result.output


def test_a_database_without_tables_is_said_plainly(rt: Runtime, run: Run) -> None:
    from sqlmodel import SQLModel

    SQLModel.metadata.drop_all(rt.db.engine)
    result = run("status")
    assert result.exit_code == 3
    assert "tieout migrate" in result.output


def test_a_company_is_told_what_it_speaks_unasked(run: Run, rt: Runtime) -> None:
    assert said(run("company", "language", "fr", "--company", "harbor-tile", "--json"))["language"] == "fr"
    with rt.db.read() as session:
        assert session.get_one(CompanyRow, COMPANY).language == "fr"
    assert run("company", "language", "tlh", "--company", "harbor-tile").exit_code == 2


def test_a_company_is_given_a_host_of_its_own(run: Run, rt: Runtime) -> None:
    asked = said(run("company", "host", "Pay.HarborTile.test", "--company", "harbor-tile", "--json"))
    assert (asked["host"], asked["host_wanted"]) == (None, "pay.harbortile.test")
    assert re.fullmatch(r"http://pay\.harbortile\.test:8800/c/harbor-tile/\?reached=[0-9a-f]{32}", asked["url"])
    refused = run("company", "host", "https://pay.harbortile.test", "--company", "harbor-tile")
    assert (refused.exit_code, "without https://" in refused.stderr) == (2, True)
    assert said(run("company", "host", "none", "--company", "harbor-tile", "--json"))["host_wanted"] is None


def test_the_doctor_says_that_nobody_came_by_a_new_host_yet(run: Run, rt: Runtime) -> None:
    run("company", "host", "pay.harbortile.test", "--company", "harbor-tile")
    with rt.db.read() as session:
        said = doctor._address(rt, session.get_one(CompanyRow, COMPANY)).line()
    assert said.startswith("· Harbor Tile Co., address: nobody has come by pay.harbortile.test yet")
    assert "open http://pay.harbortile.test:8800/c/harbor-tile/?reached=" in said
