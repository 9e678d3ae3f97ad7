"""The gateway against the stand-in: what is created is found, once, alive, and by no other sign than its own."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from connector.errors import NotFound, Rejected, Unauthorised, UnknownOutcome
from connector.qbo.found import is_the_document, is_voided
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.shapes import Document, RawObject
from connector.store.session import Database
from sandbox.world import World
from tests.qbo.rig import Rig, rule


@pytest.fixture
def rig(world: World, db: Database) -> Rig:
    return Rig(world, db).connect()


@pytest.fixture
def gateway(rig: Rig) -> QuickBooksGateway:
    return rig.quickbooks(rig.company_id)


def payment(
    customer: str, invoice: str, *, amount: str = "100.00", reference: str = "TOAAAAAAAAAAAAAAAAAAA"
) -> Document:
    fields = {
        "CustomerRef": {"value": customer},
        "TotalAmt": float(amount),
        "PaymentRefNum": reference,
        "PrivateNote": "Stripe ch_1; Tieout 01J",
        "Line": [{"Amount": float(amount), "LinkedTxn": [{"TxnId": invoice, "TxnType": "Invoice"}]}],
    }
    return Document(
        "Payment",
        fields,
        f"SELECT * FROM Payment WHERE PaymentRefNum = '{reference}' MAXRESULTS 1000",
        {"PaymentRefNum": reference, "CustomerRef.value": customer, "TotalAmt": amount},
        "ch_1",
    )


def bytes_of(document: Document) -> bytes:
    return json.dumps(dict(document.fields)).encode()


@pytest.fixture
def owed(rig: Rig) -> Document:
    customer = rig.customer("Blue Mesa Ranch")
    return payment(customer, rig.invoice(customer, 100.00))


def test_what_was_created_is_found_and_the_same_requestid_creates_no_second(
    rig: Rig, gateway: QuickBooksGateway, owed: Document
) -> None:
    assert gateway.find(owed).documents == []
    made = gateway.create(owed, body=bytes_of(owed), request_id="R1")
    again = gateway.create(owed, body=bytes_of(owed), request_id="R1")

    assert again.document == made.document
    assert made.document.body.decode() == rig.text("Payment", made.document.qbo_id)
    assert made.sent.trace
    found = gateway.find(owed)
    assert [one.qbo_id for one in found.documents] == [made.document.qbo_id]
    assert found.sent.operation == "payment.find"
    assert found.sent.request.decode() == owed.lookup


def test_a_lost_answer_is_unknown_and_the_look_finds_what_happened(
    rig: Rig, gateway: QuickBooksGateway, owed: Document
) -> None:
    rig.faults(rule("payment.create", "drop_after_commit"))
    with pytest.raises(UnknownOutcome):
        gateway.create(owed, body=bytes_of(owed), request_id="R1")
    assert len(gateway.find(owed).documents) == 1
    assert rig.calls().count("payment.create") == 1


@pytest.mark.parametrize("verb", ["void", "delete"])
def test_what_was_voided_or_deleted_does_not_count(
    rig: Rig, gateway: QuickBooksGateway, owed: Document, verb: str
) -> None:
    made = gateway.create(owed, body=bytes_of(owed), request_id="R1").document
    rig.quickbooks_control(verb, entity="Payment", id=made.qbo_id)
    assert gateway.find(owed).documents == []


def test_somebody_elses_document_under_the_same_reference_is_not_ours(
    rig: Rig, gateway: QuickBooksGateway, owed: Document
) -> None:
    rig.create(
        "Payment",
        CustomerRef={"value": "1"},
        TotalAmt=100.0,
        PaymentRefNum="TOAAAAAAAAAAAAAAAAAAA",
        PrivateNote="by hand",
    )
    assert gateway.find(owed).documents == []


def test_reading_what_is_gone(rig: Rig, gateway: QuickBooksGateway) -> None:
    invoice = rig.invoice(rig.customer("Blue Mesa Ranch"), 10.0)
    assert gateway.read("Invoice", invoice).body.decode() == rig.text("Invoice", invoice)
    rig.quickbooks_control("delete", entity="Invoice", id=invoice)
    with pytest.raises(NotFound):
        gateway.read("Invoice", invoice)


def test_counts_of_several_come_in_one_call(rig: Rig, gateway: QuickBooksGateway) -> None:
    quiet = rig.customer("Quiet Ltd")
    rig.edit("Customer", quiet, Active=False)
    rig.invoice(rig.customer("Blue Mesa Ranch"), 10.0)
    rig.forget_calls()
    counts, server_time = gateway.counts(["Customer", "Invoice", "Payment", "Nonsense"])
    assert counts == {"Customer": 2, "Invoice": 1, "Payment": 0}, "one that QuickBooks refuses spoils no other"
    assert rig.calls() == ["batch"]
    assert server_time.endswith(("-08:00", "-07:00"))


def test_a_query_and_its_page(rig: Rig, gateway: QuickBooksGateway) -> None:
    rig.customer("O'Brien & Söhne")
    from connector.qbo.language import quote

    page = gateway.query(f"SELECT * FROM Customer WHERE DisplayName = {quote(chr(79) + chr(39) + 'Brien & Söhne')}")
    (found,) = page.objects
    assert found.body.decode() == rig.text("Customer", found.qbo_id)
    assert gateway.query("SELECT * FROM Customer WHERE DisplayName = 'nobody'").objects == []
    with pytest.raises(Rejected) as caught:
        gateway.query("SELECT * FROM Customer WHERE Notes = 'x'")
    assert caught.value.code == "4001"


def test_an_invoice_as_pdf(rig: Rig, gateway: QuickBooksGateway) -> None:
    invoice = rig.invoice(rig.customer("Blue Mesa Ranch"), 10.0)
    assert gateway.pdf("Invoice", invoice).startswith(b"%PDF")
    with pytest.raises(NotFound):
        gateway.pdf("Invoice", "424242")


def test_a_token_for_one_company_opens_no_other(world: World, db: Database, rig: Rig) -> None:
    other = world.quickbooks.add_company("Second Company")
    gateway = rig.quickbooks(rig.company_id)
    gateway.realm_id = other
    with pytest.raises(Unauthorised):
        gateway.company_info()


@pytest.mark.parametrize(
    ("body", "is_ours"),
    [
        (b'{"TotalAmt":100.0,"PaymentRefNum":"TO1","PrivateNote":"ch_1"}', True),
        (b'{"TotalAmt":100,"PaymentRefNum":"TO1","PrivateNote":"x ch_1 y"}', True),
        (b'{"TotalAmt":100.01,"PaymentRefNum":"TO1","PrivateNote":"ch_1"}', False),
        (b'{"TotalAmt":100.00,"PaymentRefNum":"TO2","PrivateNote":"ch_1"}', False),
        (b'{"TotalAmt":100.00,"PaymentRefNum":"TO1","PrivateNote":"ch_2"}', False),
        (b'{"TotalAmt":100.00,"PaymentRefNum":"TO1"}', False),
        (b'{"TotalAmt":0,"PaymentRefNum":"TO1","PrivateNote":"Voided - ch_1"}', False),
    ],
)
def test_a_found_row_is_judged_by_all_its_signs(body: bytes, is_ours: bool) -> None:
    wanted = Document("Payment", {}, "", {"TotalAmt": "100.00", "PaymentRefNum": "TO1"}, "ch_1")
    assert is_the_document(wanted, RawObject("Payment", "1", "0", body)) is is_ours


def test_a_note_about_voiding_does_not_void() -> None:
    assert is_voided({"TotalAmt": Decimal(0), "PrivateNote": "Voided"})
    assert not is_voided({"TotalAmt": Decimal(5), "PrivateNote": "Voided cheque replaced"})
    assert not is_voided({"TotalAmt": Decimal(0), "PrivateNote": "credit applied"})
