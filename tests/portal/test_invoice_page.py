"""The invoice page in every state of an invoice, on real bodies, with hostile names, and light enough for a phone."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from connector.store.cache import RawRow
from portal.filters import STATIC
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

SAYS = {
    "68": ["Invoice 1068 for Blue Mesa Ranch", "$620.00", "Due Tuesday 1 December, in 9 days", "Pay $620.00",
           "Slate floor, kitchen", "50 at 25.00, on 2 October", "Sales tax 8%", "120.00",
           "Paid 20 November by Visa 4242", "−1,000.00", "$1,000.00 of $1,620.00 paid", "Balance, US dollars"],
    "71": ["$412.00", "Due Monday 14 December, in 22 days", "Pay $412.00", "Total, US dollars"],
    "59": ["$640.00", "Was due Monday 2 November, 20 days ago", "Pay $640.00"],
    "52": ["Paid", "$1,000.00 was paid on 20 November by Visa 4242", "/c/harbor-tile/r/pay-full"],
    "74": ["Cancelled", "Harbor Tile Co. has cancelled this invoice"],
    "75": ["Withdrawn", "has withdrawn this invoice"],
    "76": ["Payment under way", "$620.00", "Test Bank 6789", "Clearing", "until about Thursday 26 November"],
    "77": ["Nothing to pay"],
    "78": ["$200.00", "Due on receipt", "(being recorded)", "−100.00"],
}  # fmt: skip
PAYABLE = {"68", "71", "59", "78"}


def text_of(html: str) -> str:
    """Return what a person reads, spaces made single."""
    plain = re.sub(r"<[^>]+>", " ", html)
    for name, sign in {"&#39;": "'", "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#34;": '"'}.items():
        plain = plain.replace(name, sign)
    return " ".join(plain.split())


@pytest.mark.parametrize("invoice_id", SAYS)
def test_every_state_says_what_it_is(opened: Opener, invoice_id: str) -> None:
    answer = opened(invoice_id).get(f"/c/harbor-tile/i/{invoice_id}")
    html = answer.get_data(as_text=True)
    assert answer.status_code == 200
    for words in SAYS[invoice_id]:
        assert words in html or words in text_of(html), words
    assert ("/c/harbor-tile/pay?i=" in html) == (invoice_id in PAYABLE)


def test_who_asks_stands_first_and_can_be_called(opened: Opener) -> None:
    html = opened("68").get("/c/harbor-tile/i/68").get_data(as_text=True)
    assert html.index("Harbor Tile Co.") < html.index("Invoice 1068 for")
    assert 'href="tel:(503) 555-0142"' in html
    assert html.count('<a href="/c/harbor-tile/i/68/ask">') == 1, "it is asked for once, beside the other questions"
    assert "read <time" in html
    assert "40 seconds ago" in text_of(html)


def test_the_payers_own_order_and_the_project_stand_on_it(rt: Runtime, opened: Opener) -> None:
    fields = [{"DefinitionId": "1", "Name": "P.O. Number", "Type": "StringType", "StringValue": "PO-77"}]
    more = {"CustomField": fields, "ProjectRef": {"value": "416296152", "name": "North terrace"}}
    with rt.db.write("books") as session:
        row = session.get_one(RawRow, (cast.HARBOR, "Invoice", "71"))
        row.body = json.dumps(json.loads(row.body) | more)
    words = text_of(opened("71").get("/c/harbor-tile/i/71").get_data(as_text=True))
    assert "P.O. PO-77 Project North terrace" in words


def test_payments_and_balance_sum_to_the_total(rt: Runtime, opened: Opener) -> None:
    """What left the balance in ways we do not see one by one has a line of its own."""
    cast.put(
        rt.db,
        *cast.invoice("90", "1090", total=50000, balance=12000, tax=0, payments=["300", "301", "302"]),
        *cast.book_payment("300", {"90": 20000}),
        *cast.book_payment("301", {"90": 10000}, total_minor=0),
    )
    words = text_of(opened("90").get("/c/harbor-tile/i/90").get_data(as_text=True))
    figures = re.search(r"Total 500\.00 (.*) Balance, US dollars 120\.00", words)
    assert figures is not None
    taken = [int(one.replace(",", "").replace(".", "")) for one in re.findall(r"−([\d,.]+)", figures[1])]
    assert sum(taken) == 50000 - 12000
    assert "Other payments and credits −80.00" in words


def test_an_invoice_that_is_being_paid_twice_over_offers_nothing(rt: Runtime, opened: Opener) -> None:
    cast.put(rt.db, *cast.payment("pay-open", {"71": 41200}, state="created", at=cast.NOW - timedelta(minutes=2)))
    guest = opened("71")
    html = guest.get("/c/harbor-tile/i/71").get_data(as_text=True)
    assert "was started" in html
    assert "is not finished" in text_of(html)
    assert "pay?i=71" not in html
    rt.clock.move(timedelta(minutes=29))  # type: ignore[attr-defined]  # its reservation is over
    assert "pay?i=71" in guest.get("/c/harbor-tile/i/71").get_data(as_text=True)


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


def test_hostile_names_stay_text(rt: Runtime, opened: Opener, signed_in: Opener, at_desk: Opener) -> None:
    rows: list[SQLModel] = [
        cast.customer("666", HOSTILE),
        *cast.contact("contact-evil", "evil@evil.test", ["666"]),
        *cast.invoice("666", HOSTILE, customer_id="666", memo=HOSTILE, lines=[{**cast.SEALING, "title": HOSTILE}]),
        *cast.payment("pay-evil", {"666": 1000}, customer_id="666", numbers={"666": HOSTILE}, label=HOSTILE),
        cast.discrepancy("need-evil", sentence=HOSTILE, next_step=HOSTILE),
    ]
    cast.put(rt.db, *rows)
    guest, contact, omar = opened("666"), signed_in("contact-evil"), at_desk(cast.OMAR)
    seen = 0
    for client, paths in (
        (guest, ("i/666", "pay?i=666", "p/pay-evil", "r/pay-evil")),
        (contact, ("", "invoices", "payments", "customers")),
    ):
        for path in paths:
            seen += _check(client.get(f"/c/harbor-tile/{path}").get_data(as_text=True))
    for path in (
        "",
        "needs?open=need-evil",
        "customers/666",
        "invoices",
        "invoices/666",
        "payments",
        "search?q=script",
    ):
        seen += _check(omar.get(f"/staff/{path}").get_data(as_text=True))
    assert seen > 10


def _check(html: str) -> int:
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "49" not in re.findall(r"onerror=alert\(2\)&gt;(\d+)", html)
    return html.count("&lt;script&gt;alert")


BROKEN_BODIES: dict[str, Any] = {
    "not json": "<html>502</html>",
    "a list": "[1, 2]",
    "nothing": "null",
    "strange types": '{"Line": [{"DetailType": "SalesItemLineDetail", "Amount": "abc"}]}',
    "parts of a cent": '{"Line": [{"DetailType": "SalesItemLineDetail", "Amount": 1.005}]}',
    "not a number": '{"Line": [{"DetailType": "SalesItemLineDetail", "Amount": NaN}]}',
    "beyond any amount": '{"Line": [{"DetailType": "SalesItemLineDetail", "Amount": 1e30}]}',
    "no date": '{"Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ServiceDate": "soon"}}]}',
}


@pytest.mark.parametrize("body", BROKEN_BODIES.values(), ids=BROKEN_BODIES.keys())
def test_a_body_that_cannot_be_read_costs_only_the_lines(rt: Runtime, opened: Opener, body: str) -> None:
    head, raw = cast.invoice("91", "1091", total=10000, tax=0)
    assert isinstance(raw, RawRow)
    cast.put(rt.db, head, raw.model_copy(update={"body": body}))
    html = opened("91").get("/c/harbor-tile/i/91").get_data(as_text=True)
    assert "The lines of this invoice are in its PDF." in html
    assert "Pay $100.00" in html


def test_real_invoices_show_their_lines(rt: Runtime, opened: Opener, shared: Path) -> None:
    """Every recorded invoice of QuickBooks is read: its lines, its tax, its discount."""
    bodies = sorted((shared / "quickbooks_recorded" / "response" / "Invoice").glob("*.json"))
    assert bodies
    ids = []
    for n, path in enumerate(bodies):
        head, raw = cast.invoice(f"rec{n}", f"R{n}")
        assert isinstance(raw, RawRow)
        cast.put(rt.db, head, raw.model_copy(update={"body": path.read_text()}))
        ids.append(f"rec{n}")
    guest = opened(*ids)
    pages = [guest.get(f"/c/harbor-tile/i/{one}").get_data(as_text=True) for one in ids]
    assert not [path.name for path, html in zip(bodies, pages, strict=True) if "are in its PDF" in html]
    said = text_of(" ".join(pages))
    for words in ("Tree and Shrub Trimming 2 at 15.00, on 6 April 30.00", "Discount 10% −30.50", "Sales tax 8% 3.60"):
        assert words in said


def test_the_first_page_is_light(opened: Opener) -> None:
    """The page with everything it loads stays under 60 KB, uncompressed."""
    answer = opened("68").get("/c/harbor-tile/i/68")
    html = answer.get_data(as_text=True)
    files = re.findall(r'(?:href|src)="/static/([a-z.]+)\?', html)
    size = len(answer.get_data()) + sum((STATIC / name).stat().st_size for name in files)
    assert {"base.css", "portal.css"} <= set(files)
    assert size < 60_000
    assert "<script" not in html


def test_the_pdf_says_plainly_when_the_books_are_away(opened: Opener) -> None:
    answer = opened("68").get("/c/harbor-tile/i/68/pdf")
    assert answer.status_code == 503
    assert "The PDF cannot be fetched right now" in answer.get_data(as_text=True)


def test_overdue_begins_the_day_after(rt: Runtime, opened: Opener) -> None:
    cast.put(rt.db, *cast.invoice("92", "1092", due=date(2026, 11, 22)))
    guest = opened("92")
    assert "Due today" in guest.get("/c/harbor-tile/i/92").get_data(as_text=True)
    rt.clock.move(timedelta(hours=10))  # type: ignore[attr-defined]  # past midnight in Portland
    said = text_of(guest.get("/c/harbor-tile/i/92").get_data(as_text=True))
    assert "Was due Sunday 22 November, yesterday" in said
