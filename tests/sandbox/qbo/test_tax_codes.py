"""Tax codes made through the tax service, and used on an invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.sandbox.client import Company, sale


def made(company: Company, **body: Any) -> Any:
    answer = company.post("taxservice/taxcode", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_new_code_of_two_rates_taxes_an_invoice(company: Company) -> None:
    agency = company.create("TaxAgency", DisplayName="Department of Revenue")["Id"]
    details = [
        {"TaxRateName": name, "RateValue": Decimal(value), "TaxAgencyId": agency, "TaxApplicableOn": "Sales"}
        for name, value in (("State", "6.5"), ("City", "2.25"))
    ]
    answer = made(company, TaxCode="Seattle", TaxRateDetails=details)
    assert [one["RateValue"] for one in answer["TaxRateDetails"]] == [6.5, 2.25]
    invoice = company.create(
        "Invoice",
        CustomerRef={"value": company.customer()["Id"]},
        Line=[sale("200", TaxCodeRef={"value": "TAX"})],
        TxnTaxDetail={"TxnTaxCodeRef": {"value": answer["TaxCodeId"]}},
    )
    assert invoice["TotalAmt"] == Decimal("217.5")
    assert len(invoice["TxnTaxDetail"]["TaxLine"]) == 2
    known = {"TaxRateId": answer["TaxRateDetails"][0]["TaxRateId"]}
    again = made(company, TaxCode="State alone", TaxRateDetails=[known])
    found = company.query(f"SELECT * FROM TaxCode WHERE Id = '{again['TaxCodeId']}'")["TaxCode"]
    assert found[0]["Name"] == "State alone"
    assert company.query("SELECT count(*) FROM TaxCode") == {"totalCount": 5}, "none took another's id"


def test_codes_that_cannot_be_made_leave_no_rate_behind(company: Company) -> None:
    path = "taxservice/taxcode"
    rate = {"TaxRateName": "State", "RateValue": 5}
    assert company.refused(path, {"TaxRateDetails": [rate]})[0] == "2020"
    assert company.refused(path, {"TaxCode": "X"})[0] == "2020"
    assert company.refused(path, {"TaxCode": "X", "TaxRateDetails": [rate]})[0] == "2020"
    assert company.refused(path, {"TaxCode": "X", "TaxRateDetails": [{**rate, "TaxAgencyId": "9"}]})[0] == "2500"
    assert company.refused(path, {"TaxCode": "X", "TaxRateDetails": [{"TaxRateId": "99"}]})[0] == "2500"
    assert company.refused(path, {"TaxCode": "Vancouver WA", "TaxRateDetails": [{"TaxRateId": "3"}]})[0] == "6240"
    assert company.query("SELECT count(*) FROM TaxRate") == {"totalCount": 1}
