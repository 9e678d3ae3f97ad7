"""Sales forms: totals, tax, discounts, terms, numbers, voiding, and what they post."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from tests.sandbox.client import Company, sale


@pytest.fixture
def buyer(company: Company) -> str:
    return str(company.customer(BillAddr={"Line1": "1 Mesa Road", "City": "Bend"})["Id"])


def test_a_minimal_invoice_is_filled_in_as_recorded_ones_are(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100.00", TxnDate="2026-01-15")
    assert made["DueDate"] == "2026-02-14", "thirty days without terms"
    assert (made["TotalAmt"], made["Balance"], made["TxnTaxDetail"]) == (100, 100, {"TotalTax": 0})
    assert made["DocNumber"] == "1001"
    assert made["CustomerRef"] == {"value": buyer, "name": "Blue Mesa Ranch"}
    assert made["BillAddr"]["Line1"] == "1 Mesa Road"
    assert made["CurrencyRef"]["value"] == "USD"
    line, subtotal = made["Line"]
    assert (line["Id"], line["LineNum"]) == ("1", 1)
    assert line["SalesItemLineDetail"]["ItemAccountRef"]["name"] == "Services"
    assert line["SalesItemLineDetail"]["TaxCodeRef"] == {"value": "NON"}
    assert subtotal == {"Amount": 100, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert company.read("Invoice", made["Id"]) == made


def test_amounts_are_written_as_quickbooks_writes_them(company: Company, buyer: str) -> None:
    company.invoice(buyer, "42.40")
    assert '"TotalAmt":42.4,' in company.get("query", query="SELECT * FROM Invoice").text


def test_tax_follows_the_code_on_taxable_lines_and_is_rounded_once(company: Company, buyer: str) -> None:
    taxed = {"TaxCodeRef": {"value": "TAX"}}
    lines = [sale("33.33", **taxed), sale("33.33", **taxed), sale("50.00")]
    made = company.create(
        "Invoice", CustomerRef={"value": buyer}, Line=lines, TxnTaxDetail={"TxnTaxCodeRef": {"value": "2"}}
    )
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("5.8")  # 66.66 x 8.7 % = 5.79942
    detail = made["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]
    assert (detail["TaxPercent"], detail["NetAmountTaxable"]) == (Decimal("8.7"), Decimal("66.66"))
    assert made["TotalAmt"] == Decimal("122.46")
    assert company.balance("Sales Tax Payable") == -580


def test_an_explicit_tax_is_taken_as_it_is(company: Company, buyer: str) -> None:
    detail = {"TxnTaxCodeRef": {"value": "2"}, "TotalTax": Decimal("2.40")}
    memo = company.create("CreditMemo", CustomerRef={"value": buyer}, Line=[sale("30.00")], TxnTaxDetail=detail)
    assert (memo["TotalAmt"], memo["TxnTaxDetail"]["TotalTax"]) == (Decimal("32.4"), Decimal("2.4"))
    assert memo["RemainingCredit"] == memo["Balance"] == Decimal("32.4")
    assert (company.balance("Sales Tax Payable"), company.balance("Accounts Receivable (A/R)")) == (240, -3240)


def test_new_lines_in_a_sparse_update_bring_new_tax(company: Company, buyer: str) -> None:
    taxed = {"TaxCodeRef": {"value": "TAX"}}
    code = {"TxnTaxCodeRef": {"value": "2"}}
    made = company.create("Invoice", CustomerRef={"value": buyer}, Line=[sale("100", **taxed)], TxnTaxDetail=code)
    changed = company.update("Invoice", made, Line=[sale("200", **taxed)])
    assert (changed["TxnTaxDetail"]["TotalTax"], changed["Balance"]) == (Decimal("17.4"), Decimal("217.4"))
    noted = company.update("Invoice", changed, PrivateNote="x")
    assert noted["TxnTaxDetail"] == changed["TxnTaxDetail"]


def test_a_discount_lowers_the_total_and_hits_its_own_account(company: Company, buyer: str) -> None:
    discount = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 5}}
    made = company.create("Invoice", CustomerRef={"value": buyer}, Line=[sale("1005"), discount])
    assert [line["Amount"] for line in made["Line"]] == [1005, 1005, Decimal("50.25")]
    assert made["TotalAmt"] == Decimal("954.75")
    assert company.balance("Discounts given") == 5025


def test_discount_before_tax_lowers_the_taxable_amount(company: Company, buyer: str) -> None:
    discount = {"Amount": 20, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}
    lines = [sale("100", TaxCodeRef={"value": "TAX"}), sale("100"), discount]
    code = {"TxnTaxCodeRef": {"value": "2"}}
    made = company.create(
        "Invoice", CustomerRef={"value": buyer}, Line=lines, TxnTaxDetail=code, ApplyTaxAfterDiscount=True
    )
    assert made["TxnTaxDetail"]["TotalTax"] == Decimal("7.83")  # on 90 of the 100


def test_terms_set_the_due_date_and_a_given_date_wins(company: Company, buyer: str) -> None:
    terms = {row["Name"]: row["Id"] for row in company.query("SELECT * FROM Term")["Term"]}
    made = company.invoice(buyer, TxnDate="2026-03-01", SalesTermRef={"value": terms["Net 15"]})
    assert made["DueDate"] == "2026-03-16"
    assert made["SalesTermRef"]["name"] == "Net 15"
    given = company.invoice(buyer, TxnDate="2026-03-01", SalesTermRef={"value": terms["Net 15"]}, DueDate="2026-05-05")
    assert given["DueDate"] == "2026-05-05"


def test_invoices_and_credit_memos_share_a_number_sequence(company: Company, buyer: str) -> None:
    first = company.invoice(buyer)
    memo = company.create("CreditMemo", CustomerRef={"value": buyer}, Line=[sale("5")])
    estimate = company.create("Estimate", CustomerRef={"value": buyer}, Line=[sale("5")])
    numbers = [one["DocNumber"] for one in (first, memo, estimate, company.invoice(buyer))]
    assert numbers == ["1001", "1002", "1001", "1003"]


def test_an_estimate_posts_nothing_and_is_pending(company: Company, buyer: str) -> None:
    made = company.create("Estimate", CustomerRef={"value": buyer}, Line=[sale("500")])
    assert made["TxnStatus"] == "Pending"
    assert company.balance("Accounts Receivable (A/R)") == 0


def test_a_deposit_on_the_invoice_lowers_what_is_open(company: Company, buyer: str) -> None:
    checking = company.account("Checking")
    made = company.invoice(buyer, "100", Deposit=30, DepositToAccountRef={"value": checking})
    assert (made["TotalAmt"], made["Balance"]) == (100, 70)
    assert (company.balance("Checking"), company.balance("Accounts Receivable (A/R)")) == (3000, 7000)


def test_a_void_empties_the_form_and_the_ledger(company: Company, buyer: str) -> None:
    made = company.invoice(buyer, "100", PrivateNote="old words")
    answer = company.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="void")
    void = answer.json()["Invoice"]
    assert (void["TotalAmt"], void["Balance"], void["SyncToken"]) == (0, 0, "1")
    assert void["PrivateNote"] == "Voided - old words"
    assert all(line["Amount"] == 0 for line in void["Line"])
    assert void["DocNumber"] == made["DocNumber"]
    assert company.balance("Accounts Receivable (A/R)") == 0
    assert company.read("Customer", buyer)["Balance"] == 0


def test_a_delete_leaves_a_tombstone(company: Company, buyer: str) -> None:
    made = company.invoice(buyer)
    answer = company.post("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")
    assert answer.json()["Invoice"] == {"status": "Deleted", "domain": "QBO", "Id": made["Id"]}
    gone = company.get(f"invoice/{made['Id']}")
    assert (gone.status_code, gone.json()["Fault"]["Error"][0]["code"]) == (400, "610")
    assert company.refused("invoice", {"Id": made["Id"], "SyncToken": "0"}, operation="delete")[0] == "610"
    assert company.query("SELECT * FROM Invoice") == {}


def test_receipts_move_money_at_once(company: Company, buyer: str) -> None:
    sold = company.create("SalesReceipt", CustomerRef={"value": buyer}, Line=[sale("80")])
    assert (sold["Balance"], company.balance("Undeposited Funds"), company.balance("Services")) == (0, 8000, -8000)
    checking = company.account("Checking")
    company.create(
        "RefundReceipt", CustomerRef={"value": buyer}, Line=[sale("30")], DepositToAccountRef={"value": checking}
    )
    assert (company.balance("Checking"), company.balance("Services")) == (-3000, -5000)
    assert company.read("Customer", buyer)["Balance"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CustomerRef": None}, "2020"),
        ({"CustomerRef": {"value": "999"}}, "2500"),
        ({"Line": []}, "2020"),
        ({"Line": "x"}, "2010"),
        ({"Line": [{"DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}}]}, "2020"),
        ({"Line": [sale("10.00", Qty=3, UnitPrice=Decimal("3.33"))]}, "6070"),
        ({"Line": [sale("10.00", TaxCodeRef={"value": "5"})]}, "6100"),
        ({"Line": [sale("10.00", ItemRef={"value": "77"})]}, "2500"),
        ({"Line": [sale("-5")]}, "6000"),
        ({"Line": [{**sale("1"), "Amount": "ten"}]}, "2090"),
        ({"Line": [{**sale("1"), "Amount": True}]}, "2090"),
        ({"Line": [{**sale("1"), "Amount": "NaN"}]}, "2090"),
        ({"DocNumber": "x" * 22}, "2050"),
        ({"PrivateNote": "x" * 4001}, "2050"),
        ({"CustomerMemo": {"value": "x" * 1001}}, "2050"),
        ({"BillEmail": {"Address": "nonsense"}}, "2210"),
        ({"PrintStatus": "Perhaps"}, "2170"),
        ({"TxnDate": "2026-02-30"}, "2010"),
        ({"CurrencyRef": {"value": "EUR"}}, "6000"),
        ({"SalesTermRef": {"value": "99"}}, "2500"),
        ({"TxnTaxDetail": {"TxnTaxCodeRef": {"value": "9"}}}, "2500"),
        ({"Deposit": 500, "DepositToAccountRef": {"value": "6"}}, "6000"),
        ({"Surprise": 1}, "2010"),
    ],
)
def test_what_is_wrong_with_an_invoice_is_named_and_nothing_is_kept(
    company: Company, buyer: str, changes: dict[str, Any], code: str
) -> None:
    body = {"CustomerRef": {"value": buyer}, "Line": [sale("100")], **changes}
    assert company.refused("invoice", body)[0] == code
    assert company.query("SELECT count(*) FROM Invoice") == {"totalCount": 0}
    assert company.steer("quickbooks/ledger", method="GET")["sum_cents"] == 0


def test_lengths_are_named_in_the_detail(company: Company, buyer: str) -> None:
    body = {"CustomerRef": {"value": buyer}, "Line": [sale("1")], "DocNumber": "x" * 24}
    _, detail = company.refused("invoice", body)
    assert "Min:0 Max:21 supported. Supplied length:24" in detail


def test_numbers_by_hand_must_be_free_when_the_company_asked_to_be_warned(company: Company, buyer: str) -> None:
    changes = {"SalesFormsPrefs": {"CustomTxnNumbers": True}}
    company.steer("quickbooks/edit", {"entity": "Preferences", "id": "1", "changes": changes})
    assert "DocNumber" not in company.invoice(buyer), "no automatic number any more"
    first = company.invoice(buyer, DocNumber="A-7")
    again = {"CustomerRef": {"value": buyer}, "Line": [sale("1")], "DocNumber": "A-7"}
    assert company.refused("invoice", again)[0] == "6140"
    assert company.update("Invoice", first, DocNumber="A-7", PrivateNote="same number kept")["DocNumber"] == "A-7"
    company.steer("quickbooks/switches", {"warn_duplicate_numbers": False})
    assert company.create("Invoice", **again)["DocNumber"] == "A-7"


def test_lines_may_be_grouped_or_words_alone(company: Company, buyer: str) -> None:
    group = {"DetailType": "GroupLineDetail", "GroupLineDetail": {"Quantity": 1, "Line": [sale("10"), sale("5")]}}
    words = {"DetailType": "DescriptionOnly", "Description": "Thank you"}
    made = company.create("Invoice", CustomerRef={"value": buyer}, Line=[group, words, sale("1")])
    assert made["TotalAmt"] == 16
    assert company.balance("Services") == -1600


def test_a_long_invoice_prints_on_as_many_pages_as_it_needs(company: Company) -> None:
    buyer = company.customer("Bistro Zoë (Søn)")["Id"]
    lines = [{**sale("12.50"), "Description": f"Tile no. {n}"} for n in range(90)]
    made = company.create("Invoice", CustomerRef={"value": buyer}, Line=lines)
    answer = company.get(f"invoice/{made['Id']}/pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    with pikepdf.open(BytesIO(answer.content)) as paper:
        pages = [page.Contents.read_bytes().decode("latin-1") for page in paper.pages]
        assert paper.check_pdf_syntax() == []
    assert len(pages) == 3
    assert r"(Bistro Zoë \(Søn\))" in pages[0]
    assert "(Tile no. 0)" in pages[0]
    assert "(Tile no. 89)" in pages[-1]
    assert "($1,125.00)" in pages[-1]
