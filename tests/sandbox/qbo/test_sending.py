"""Sending forms by mail: what they say afterwards, whom they went to, and what cannot be sent."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Company, sale
from tests.xsd import judge


@pytest.mark.parametrize("entity", ["Invoice", "Estimate", "CreditMemo", "SalesReceipt", "RefundReceipt"])
def test_a_sent_form_says_so(company: Company, entity: str) -> None:
    buyer = company.customer()["Id"]
    bank = {"value": company.account("Checking")}
    more = {"DepositToAccountRef": bank} if entity.endswith("Receipt") else {}
    made = company.create(entity, CustomerRef={"value": buyer}, Line=[sale("10")], **more)
    path = f"{entity.lower()}/{made['Id']}/send"
    assert company.refused(path, {})[0] == "6000", "nobody knows where to"
    assert company.refused(path, {}, sendTo="nowhere")[0] == "2210"
    sent = company.post(path, {}, sendTo="ap+jobs@bluemesa.example").json()[entity]
    assert judge(entity, sent) == []
    assert (sent["EmailStatus"], sent["BillEmail"]) == ("EmailSent", {"Address": "ap+jobs@bluemesa.example"})
    assert sent["DeliveryInfo"]["DeliveryType"] == "Email"
    assert (sent["SyncToken"], sent["TotalAmt"]) == ("1", 10)
    assert company.post(path, {}).json()[entity]["SyncToken"] == "2", "it has an address of its own now"


def test_what_cannot_be_sent(company: Company) -> None:
    buyer = company.customer()["Id"]
    assert company.refused(f"customer/{buyer}/send", {}, sendTo="a@b.example")[0] == "500"
    assert company.refused("invoice/77/send", {}, sendTo="a@b.example")[0] == "610"
    paid = company.pay(buyer, "10")
    again = company.post(f"payment/{paid['Id']}/send", {}, sendTo="a@b.example").json()["Payment"]
    assert again == company.read("Payment", paid["Id"])
