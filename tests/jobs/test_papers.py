"""Receipts on paper: the facts on them, the same bytes every time, readable by a screen reader, small."""

from __future__ import annotations

import io
from datetime import timedelta

import pikepdf
import pytest
from sqlmodel import select

from connector.ledger.money import Money
from connector.store.money import ShareRow
from connector.store.outbox import PostingRow
from jobs.brand import accent_of, initials, ink_on
from jobs.papers.receipt import receipt_pdf
from jobs.receipts import NoReceipt, read_receipt
from sync.runtime import Runtime
from tests.jobs.conftest import COMPANY, NOON, OTHER, payment


def text_of(pdf: bytes) -> str:
    """Return the title of a paper and whether it is tagged, as its own structure says."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert bool(opened.Root.MarkInfo.Marked)
        assert str(opened.Root.Lang) == "en"
        return str(opened.docinfo["/Title"])


@pytest.fixture
def pdf(rt: Runtime) -> bytes:
    return receipt_pdf(rt, COMPANY, "pay-1")


def test_a_receipt_is_tagged_titled_small_and_the_same_every_time(rt: Runtime, pdf: bytes) -> None:
    assert text_of(pdf) == "Receipt 1042, Harbor Tile Co."
    assert len(pdf) < 60_000
    assert receipt_pdf(rt, COMPANY, "pay-1") == pdf


def test_it_embeds_our_font_and_no_other(pdf: bytes) -> None:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        fonts = {str(font.BaseFont).partition("+")[2] for page in opened.pages for font in page.Resources.Font.values()}
    assert fonts == {"Inter-Regular", "Inter-SemiBold"}


def test_it_says_recorded_only_when_every_posting_is(rt: Runtime) -> None:
    with rt.db.write("post") as session:
        first = session.exec(select(PostingRow)).one()
        first.state, first.posted_at = "posted", NOON + timedelta(minutes=2)
        second = first.model_dump() | {"id": "posting-2", "key": "acct/ch_1/charge/cust-2", "state": "due"}
        session.add(PostingRow(**second | {"posted_at": None}))
    with rt.db.read() as session:
        assert read_receipt(session, COMPANY, "pay-1").books == ("Will be recorded in Harbor Tile Co.’s books.")
    with rt.db.write("post") as session:
        other = session.exec(select(PostingRow).where(PostingRow.id == "posting-2")).one()
        other.state, other.posted_at = "posted", NOON + timedelta(minutes=3)
    with rt.db.read() as session:
        assert read_receipt(session, COMPANY, "pay-1").books == (
            "Recorded in Harbor Tile Co.’s books on 23 November 2026 at 12:03."
        )


def test_it_says_what_is_left_once_that_was_read(rt: Runtime) -> None:
    with rt.db.read() as session:
        assert read_receipt(session, COMPANY, "pay-1").left_text == ""
    for left, said in ((4200, "$42.00 left to pay"), (0, "Nothing, paid in full")):
        with rt.db.write("left") as session:
            for share in session.exec(select(ShareRow).where(ShareRow.payment_id == "pay-1")):
                share.left_minor = left if share.number == "1068" else 0
        with rt.db.read() as session:
            assert read_receipt(session, COMPANY, "pay-1").left_text == said


def test_what_no_invoice_takes_is_a_line_of_its_own(rt: Runtime) -> None:
    with rt.db.write("pay") as session:
        session.add(payment("pay-9", state="succeeded", succeeded_at=NOON, receipt_number=7, amount_minor=5))
    with rt.db.read() as session:
        (line,) = read_receipt(session, COMPANY, "pay-9").lines
    assert (line.label, line.amount) == ("On account", Money(5, "USD"))


def test_a_name_in_a_script_that_our_font_lacks_still_gives_a_receipt(rt: Runtime) -> None:
    from connector.store.cache import CustomerRow

    with rt.db.write("rename") as session:
        session.exec(select(CustomerRow)).one().name = "日本タイル #let x = 1 *bold* \\ $y$"
    assert receipt_pdf(rt, COMPANY, "pay-1").startswith(b"%PDF-")


@pytest.mark.parametrize(("company", "payment_id"), [(OTHER, "pay-1"), (COMPANY, "nothing"), (COMPANY, "pay-open")])
def test_there_is_no_receipt_for_others_for_nothing_or_for_what_has_not_arrived(
    rt: Runtime, company: str, payment_id: str
) -> None:
    with rt.db.write("pay") as session:
        session.add(payment("pay-open", state="processing"))
    with pytest.raises(NoReceipt):
        receipt_pdf(rt, company, payment_id)


def test_letters_and_ink_of_a_company() -> None:
    assert [initials(name) for name in ("Harbor Tile Co.", "cedar", "", "Łukasz & Söhne")] == ["HT", "C", "", "ŁS"]
    assert ink_on("#ffee00") == "#1a1a18"
    assert ink_on("#0f6b5f") == "#ffffff"
    assert accent_of(None) == ("#0f6b5f", "#ffffff")
