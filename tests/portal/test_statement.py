"""The statement: closes at QuickBooks' own balance, says the same on page, paper and CSV, and shows nobody else's."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pikepdf
import pytest
from sqlmodel import col, update

from connector.ledger.money import Money
from connector.store.cache import AccountRow, CustomerRow, RawRow
from jobs.statements import OTHER, read_statement
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener

YEAR = {"first": date(2026, 1, 1), "last": cast.TODAY}


def owe(rt: Runtime, minor: int) -> None:
    """Let QuickBooks say what the customer owes."""
    with rt.db.write("owe") as session:
        mine = update(CustomerRow).where(
            col(CustomerRow.company_id) == cast.HARBOR, col(CustomerRow.qbo_id) == cast.BLUE_MESA
        )
        session.exec(mine.values(balance_minor=minor))


def moved(rt: Runtime) -> int:
    """Return what the customer's documents come to."""
    owe(rt, 0)
    with rt.db.read() as session:
        lines = read_statement(session, cast.HARBOR, cast.BLUE_MESA, first=date.min, last=date.max).statement.lines
    return sum(line.movement.amount.minor for line in lines if line.movement.qbo_id != OTHER)


def journal_entry(rt: Runtime, minor: int, *, on: str = "84", party: str = cast.BLUE_MESA) -> None:
    detail = {
        "PostingType": "Debit",
        "AccountRef": {"value": on},
        "Entity": {"Type": "Customer", "EntityRef": {"value": party}},
    }
    body = {
        "Id": "77",
        "TxnDate": "2026-11-10",
        "DocNumber": "JE-7",
        "Line": [{"Amount": minor / 100, "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}],
    }
    cast.put(
        rt.db,
        AccountRow(company_id=cast.HARBOR, qbo_id="84", sync_token="0", name="A/R", kind="Accounts Receivable"),
        RawRow(company_id=cast.HARBOR, entity="JournalEntry", qbo_id="77", sync_token="0", body=json.dumps(body)),
    )


def test_it_closes_at_the_balance_and_every_line_adds_up(rt: Runtime) -> None:
    owed = moved(rt)
    owe(rt, owed)
    with rt.db.read() as session:
        made = read_statement(session, cast.HARBOR, cast.BLUE_MESA, **YEAR).statement
    assert made.closing == Money(owed, "USD")
    assert made.opening == Money(0, "USD")
    assert {line.movement.kind.value for line in made.lines} >= {"invoice", "payment"}


def test_a_journal_entry_on_the_receivable_account_has_a_line_of_its_own(rt: Runtime) -> None:
    owed = moved(rt)
    journal_entry(rt, 12345)
    owe(rt, owed + 12345)
    with rt.db.read() as session:
        made = read_statement(session, cast.HARBOR, cast.BLUE_MESA, **YEAR).statement
    [entry] = [line.movement for line in made.lines if line.movement.kind == "entry"]
    assert (entry.number, entry.amount) == ("JE-7", Money(12345, "USD"))
    assert made.opening == Money(0, "USD")


@pytest.mark.parametrize("entry", [{"on": "12"}, {"party": cast.CEDAR_HILL}])
def test_an_entry_on_another_account_or_customer_is_not_taken_for_it(rt: Runtime, entry: dict[str, str]) -> None:
    owed = moved(rt)
    journal_entry(rt, 12345, **entry)
    owe(rt, owed + 500)
    with rt.db.read() as session:
        made = read_statement(session, cast.HARBOR, cast.BLUE_MESA, first=date.min, last=cast.TODAY).statement
    [unnamed] = [line.movement for line in made.lines if line.movement.kind == "entry"]
    assert (unnamed.qbo_id, unnamed.amount) == (OTHER, Money(500, "USD"))


def test_page_paper_and_csv_say_the_same(signed_in: Opener, rt: Runtime) -> None:
    owe(rt, moved(rt))
    client = signed_in(cast.DANA)
    period = "from=2026-01-01&to=2026-11-22"
    page = client.get(f"/c/harbor-tile/statement?{period}").get_data(as_text=True)
    text = client.get(f"/c/harbor-tile/statement.csv?{period}").get_data(as_text=True)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [rows[0]["What"], rows[-1]["What"]] == ["Opening balance", "Closing balance"]
    for row in rows[1:-1]:
        assert f"{float(row['Balance']):,.2f}".replace("-", "−") in page
    pdf = client.get(f"/c/harbor-tile/statement.pdf?{period}")
    assert pdf.headers["Content-Disposition"].endswith('"harbor-tile-statement-2026-01-01-2026-11-22.pdf"')
    with pikepdf.open(io.BytesIO(pdf.data)) as opened:
        assert bool(opened.Root.MarkInfo.Marked)
        assert str(opened.docinfo["/Title"]).startswith("Statement of Blue Mesa")


@pytest.mark.parametrize(
    "days", ["from=2026-12-01&to=2026-01-01", "from=nonsense&to=", "from=0001-01-01&to=9999-12-31"]
)
def test_days_that_make_no_sense_show_the_usual_period(signed_in: Opener, days: str) -> None:
    answer = signed_in(cast.DANA).get(f"/c/harbor-tile/statement?{days}")
    assert answer.status_code == 200
    assert 'value="2026-08-24"' in answer.get_data(as_text=True)


def test_a_spreadsheet_takes_no_number_for_a_formula(signed_in: Opener, rt: Runtime) -> None:
    cast.put(rt.db, *cast.invoice("4711", "=1+1", issued=date(2026, 11, 1)))
    text = signed_in(cast.DANA).get("/c/harbor-tile/statement.csv").get_data(as_text=True)
    assert "Invoice =1+1" in text
    assert all(not cell.startswith(("=", "+", "@")) for row in csv.reader(io.StringIO(text)) for cell in row)
