"""Papers beside invoices: files that go out with them, estimates and their answer, credits and what is left of them."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlmodel import Session, select, update

from connector.store.access import ContactCustomerRow
from connector.store.edits import EditRow
from connector.store.log import LogRow
from connector.store.outbox import MailRow
from connector.store.papers import CopyRow, EstimateRow
from connector.store.session import Database
from portal.app import create_app
from portal.customer.estimates import Standing, standing_of
from sync import copies
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture
from tests.portal.test_invoice_page import text_of

HOME = "/c/harbor-tile"


def photo(size: tuple[int, int] = (1200, 800)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#8a6f4d").save(out, "JPEG", comment=b"taken at home")
    return out.getvalue()


class Shelf:
    """A QuickBooks that holds files and draws papers, and counts how often it is asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {
            "photo": photo(),
            "plan": b"%PDF-1.4 a plan",
            "page": b"<script>alert(1)</script>",
        }
        self.asked: list[str] = []

    def file(self, attachable_id: str, *, most: int) -> bytes:
        self.asked.append(attachable_id)
        return self.files[attachable_id]

    def pdf(self, entity: str, qbo_id: str) -> bytes:
        self.asked.append(f"{entity} {qbo_id}")
        return b"%PDF-1.4 of " + qbo_id.encode()


class Shelves:
    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def quickbooks(self, company_id: str) -> Any:
        assert company_id == cast.HARBOR
        return self.shelf

    def stripe(self, company_id: str) -> Any:
        raise AssertionError("papers never ask Stripe")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def rt(db: Database, shelf: Shelf) -> Runtime:
    """Return a runtime whose QuickBooks answers."""
    cast.stage(db)
    cast.put(
        db,
        *cast.attached("photo", "Invoice", "68", name="kitchen floor.jpg"),
        *cast.attached("plan", "Invoice", "68", name="plan.pdf"),
        *cast.attached("page", "Invoice", "68", name="page.html"),
        *cast.attached("own", "Invoice", "68", name="margin.xlsx", on_send=False),
        *cast.estimate("e-1", "1012"),
        cast.credit("c-1", "CM-7", balance_minor=12400),
        cast.credit("c-2", "CM-8", balance_minor=0),
    )
    return cast.runtime_of(db, gateways=Shelves(shelf))


@pytest.fixture
def app(rt: Runtime) -> Flask:
    return create_app(rt)


# ------------------------------------------------------------------ files


def test_the_invoice_names_what_goes_out_with_it_and_nothing_else(opened: Opener) -> None:
    page = opened("68").get(f"{HOME}/i/68").get_data(as_text=True)
    assert "kitchen floor.jpg" in page
    assert "plan.pdf" in page
    assert "margin.xlsx" not in page


def test_a_file_is_saved_and_never_shown_in_our_own_origin(opened: Opener) -> None:
    guest = opened("68")
    for file_id, kind in (("plan", "application/pdf"), ("page", "application/octet-stream")):
        answer = guest.get(f"{HOME}/i/68/file/{file_id}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_small_picture_is_written_anew(opened: Opener) -> None:
    answer = opened("68").get(f"{HOME}/i/68/picture/photo")
    assert answer.headers["Content-Type"] == "image/jpeg"
    with Image.open(BytesIO(answer.get_data())) as small:
        assert small.size == (copies.SMALL, 213)
        assert "comment" not in small.info
    assert opened("68").get(f"{HOME}/i/68/picture/plan").status_code == 404


def test_a_file_is_read_once_and_anew_for_another_version(opened: Opener, rt: Runtime, shelf: Shelf) -> None:
    guest = opened("68")
    for _ in range(3):
        guest.get(f"{HOME}/i/68/file/plan")
    assert shelf.asked == ["plan"]
    with rt.db.write("edit") as session:
        session.connection().exec_driver_sql("UPDATE attached SET sync_token = '1' WHERE attachable_id = 'plan'")
    shelf.files["plan"] = b"%PDF-1.4 another"
    assert guest.get(f"{HOME}/i/68/file/plan").get_data() == b"%PDF-1.4 another"


def test_copies_stay_within_their_bound(rt: Runtime, monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> None:
    monkeypatch.setattr(copies, "MOST_KEPT", 250)
    for n in range(4):
        shelf.files[f"f{n}"] = b"%PDF-" + bytes(95)
        copies.attachment(rt, cast.HARBOR, f"f{n}", "0")
        rt.clock.move(timedelta(minutes=1))  # type: ignore[attr-defined]
    with Session(rt.db.engine) as session:
        kept = sorted(session.exec(select(CopyRow.qbo_id)))
    assert kept == ["f2", "f3"]


def test_quickbooks_own_pdf_is_kept_for_the_day_and_the_balance(opened: Opener, rt: Runtime, shelf: Shelf) -> None:
    guest = opened("68")
    guest.get(f"{HOME}/i/68/pdf")
    assert guest.get(f"{HOME}/i/68/pdf").get_data() == b"%PDF-1.4 of 68"
    assert shelf.asked == ["Invoice 68"]
    rt.clock.move(timedelta(days=1))  # type: ignore[attr-defined]
    opened("68").get(f"{HOME}/i/68/pdf")
    assert shelf.asked == ["Invoice 68", "Invoice 68"]


# ------------------------------------------------------------------ estimates


def answer(signed_in: Opener, who: str = cast.DANA, **form: str) -> Any:
    payer = signed_in(who)
    token = csrf_of(payer, f"{HOME}/account")
    given = {"answer": "approve", "name": "Dana  Reyes", "version": "0", **form}
    return payer.post(f"{HOME}/e/e-1", data={"csrf_token": token, **given})


def owed(rt: Runtime) -> list[EditRow]:
    with Session(rt.db.engine) as session:
        return list(session.exec(select(EditRow)))


def test_an_approval_is_owed_to_quickbooks_with_name_and_day(signed_in: Opener, rt: Runtime) -> None:
    assert answer(signed_in, note="Start in May.").status_code == 302
    (edit,) = owed(rt)
    assert edit.wanted == '{"TxnStatus": "Accepted", "AcceptedBy": "Dana Reyes", "AcceptedDate": "2026-11-22"}'
    assert edit.base == '{"TxnStatus": "Pending", "TotalAmt": "5000.00"}'
    assert edit.title == "Estimate 1012 approved by Dana Reyes"
    assert ("push", cast.HARBOR) in rt.bell.rings  # type: ignore[attr-defined]
    page = signed_in(cast.DANA).get(f"{HOME}/e/e-1").get_data(as_text=True)
    assert "Approved by Dana Reyes on 22 November" in text_of(page)
    assert "within a few minutes" in page
    assert 'id="answer"' not in page


def test_staff_are_told_of_it(signed_in: Opener, rt: Runtime) -> None:
    answer(signed_in, answer="decline", note="Too dear for us.")
    with Session(rt.db.engine) as session:
        mails = session.exec(select(MailRow.to).where(MailRow.kind == "notice_staff")).all()
        line = session.exec(select(LogRow).where(LogRow.kind == "talk")).one()
    assert sorted(mails) == ["ines@ledgerandco.test", "omar@harbortile.test"]
    assert line.sentence == "Blue Mesa Ranch declined estimate 1012 over $5,000.00"
    assert line.detail == "Dana Reyes, signed in as dana@bluemesa.test: Too dear for us."


def test_the_first_answer_counts(signed_in: Opener, rt: Runtime) -> None:
    answer(signed_in)
    answer(signed_in, cast.LUIS, answer="decline", name="Luis")
    assert [edit.title for edit in owed(rt)] == ["Estimate 1012 approved by Dana Reyes"]


def test_an_answer_that_staff_put_aside_can_be_given_again(signed_in: Opener, rt: Runtime) -> None:
    answer(signed_in, name="Dana Reyes", answer="approve")
    with rt.db.write("aside") as session:
        session.exec(update(EditRow).values(state="dropped"))
    for _ in range(2):  # pressed twice it is one answer
        answer(signed_in, name="Dana Reyes", answer="decline")
    assert [(row.state, row.title) for row in owed(rt)] == [
        ("dropped", "Estimate 1012 approved by Dana Reyes"),
        ("due", "Estimate 1012 declined by Dana Reyes"),
    ]


def test_an_answer_to_another_version_is_not_taken(signed_in: Opener, rt: Runtime) -> None:
    given = answer(signed_in, version="1")
    assert given.status_code == 422
    assert "changed since you opened it" in given.get_data(as_text=True)
    assert owed(rt) == []


def test_an_answer_has_a_name(signed_in: Opener, rt: Runtime) -> None:
    assert answer(signed_in, name="  ").status_code == 422
    assert answer(signed_in, answer="perhaps").status_code == 422
    assert owed(rt) == []


def test_who_only_looks_does_not_answer(signed_in: Opener, rt: Runtime) -> None:
    with rt.db.write("role") as session:
        session.get_one(ContactCustomerRow, (cast.HARBOR, cast.DANA, cast.BLUE_MESA)).role = "view"
    page = signed_in(cast.DANA).get(f"{HOME}/e/e-1").get_data(as_text=True)
    assert 'id="answer"' not in page
    assert answer(signed_in).status_code == 404
    assert owed(rt) == []


def test_an_expired_estimate_says_so_and_takes_no_answer(signed_in: Opener, rt: Runtime) -> None:
    with rt.db.write("expire") as session:
        session.get_one(EstimateRow, (cast.HARBOR, "e-1")).expires_day = cast.TODAY - timedelta(days=1)
    page = signed_in(cast.DANA).get(f"{HOME}/e/e-1").get_data(as_text=True)
    assert "Expired on 21 November" in text_of(page)
    answer(signed_in)
    assert owed(rt) == []


def test_where_an_estimate_stands() -> None:
    today = cast.TODAY
    assert standing_of("Pending", today, today) is Standing.WAITS, "the last day counts"
    assert standing_of("Pending", today - timedelta(days=1), today) is Standing.EXPIRED
    assert standing_of("", None, today) is Standing.WAITS
    assert standing_of("Accepted", today - timedelta(days=1), today) is Standing.APPROVED
    assert standing_of("Converted", None, today) is Standing.CLOSED


# ------------------------------------------------------------------ credits


def test_credits_are_listed_with_what_is_left_of_them(signed_in: Opener) -> None:
    page = signed_in(cast.DANA).get(f"{HOME}/documents").get_data(as_text=True)
    left = page[page.index("Credit CM-7") : page.index("Credit CM-8")]
    assert "$124.00" in left
    assert "of $324.00" in left
    assert "Used up" in page[page.index("Credit CM-8") :]


def test_papers_of_estimates_and_credits_are_quickbooks_own(signed_in: Opener, shelf: Shelf) -> None:
    dana = signed_in(cast.DANA)
    assert dana.get(f"{HOME}/e/e-1/pdf").get_data() == b"%PDF-1.4 of e-1"
    assert dana.get(f"{HOME}/credit/c-1/pdf").get_data() == b"%PDF-1.4 of c-1"
    assert shelf.asked == ["Estimate e-1", "CreditMemo c-1"]


# ------------------------------------------------------------------ the home


def test_the_home_shows_credits_debits_answers_and_what_happened(signed_in: Opener) -> None:
    page = signed_in(cast.DANA).get(f"{HOME}/").get_data(as_text=True)
    facts = page[page.index("facts-list") : page.index("Open invoices")]
    assert "$124.00" in facts
    assert "Test Bank 6789, until about 26 November" in text_of(facts)
    assert "$620.00 on its way" in facts
    assert "1 estimate waits for your answer" in facts
    lately = text_of(page[page.index("What happened lately") :])
    assert lately.index("22 November") < lately.index("20 November") < lately.index("12 November")
    assert "Credit CM-7" in lately


def test_the_home_says_all_that_is_owed_however_many_invoices_are_open(signed_in: Opener, rt: Runtime) -> None:
    of = {"customer_id": cast.RIDGE, "total": 100, "tax": 0}
    many = [row for n in range(251) for row in cast.invoice(f"9{n:03}", f"N{n:03}", due=date(2027, 1, 1), **of)]
    cast.put(rt.db, *many, *cast.invoice("8000", "LAST", due=date(2027, 2, 1), **{**of, "total": 10000}))
    page = signed_in(cast.LUIS, customer_id=cast.RIDGE).get(f"{HOME}/").get_data(as_text=True)
    assert '<p class="figure">$351.00</p>' in page


def test_a_home_without_anything_says_what_will_be_there(signed_in: Opener, rt: Runtime) -> None:
    page = signed_in(cast.LUIS, customer_id=cast.RIDGE).get(f"{HOME}/").get_data(as_text=True)
    assert "Invoices, payments, credits and estimates appear here" in page
    assert "Estimates and credits" not in page
    assert "facts-list" not in page
