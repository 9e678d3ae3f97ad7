"""The tax service: a new tax code with its rates in one call, the only way the API makes either.

Law: a code is made with all its rates or not at all.
"""

from __future__ import annotations

from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, decimal, encode, trimmed
from sandbox.qbo.refusals import bad_reference, duplicate_name, lapsed, missing
from sandbox.qbo.unit import Unit


def make_code(books: Books, payload: Body) -> str:
    """Make a tax code of new and known rates; returns the answer, which has no envelope. Raises 2020, 2500, 6240."""
    if books.switches["subscription"] == "lapsed":
        raise lapsed()
    name, details = str(payload.get("TaxCode") or ""), payload.get("TaxRateDetails")
    if not name:
        raise missing("TaxCode")
    if not isinstance(details, list) or not details or not all(isinstance(one, dict) for one in details):
        raise missing("TaxRateDetails")
    if books.named("TaxCode", "Name", name):
        raise duplicate_name(f"A tax code is already called {name}.")
    unit = books.unit()
    answered = [_rate(unit, one) for one in details]
    lists: dict[str, list[Body]] = {"Sales": [], "Purchase": []}
    for place, one in enumerate(answered):
        entry = {"TaxRateRef": {"value": one["TaxRateId"]}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": place}
        lists["Purchase" if one.get("TaxApplicableOn") == "Purchase" else "Sales"].append(entry)
    code = unit.create(
        "TaxCode",
        {
            "Name": name,
            "Description": name,
            "Active": True,
            "Taxable": True,
            "TaxGroup": True,
            "SalesTaxRateList": {"TaxRateDetail": lists["Sales"]},
            "PurchaseTaxRateList": {"TaxRateDetail": lists["Purchase"]},
        },
    )
    unit.commit()
    return encode({"TaxCode": name, "TaxCodeId": code["Id"], "TaxRateDetails": answered})


def _rate(unit: Unit, sent: Body) -> dict[str, Any]:
    """Return one rate as the answer tells it: a known one by its id, or a new one."""
    if sent.get("TaxRateId"):
        key = str(sent["TaxRateId"])
        known = unit.read("TaxRate", key)
        if known is None:
            raise bad_reference("TaxRateId", "TaxRate", key)
        told = {"TaxRateName": known["Name"], "TaxRateId": key, "RateValue": known["RateValue"]}
        return {**told, "TaxApplicableOn": sent.get("TaxApplicableOn") or "Sales"}
    for field in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if sent.get(field) is None:
            raise missing(field)
    agency = str(sent["TaxAgencyId"])
    if unit.read("TaxAgency", agency) is None:
        raise bad_reference("TaxAgencyId", "TaxAgency", agency)
    name = str(sent["TaxRateName"])
    if unit.books.named("TaxRate", "Name", name):
        raise duplicate_name(f"A tax rate is already called {name}.")
    value = trimmed(decimal(sent["RateValue"], "RateValue"))
    rate = {"Name": name, "Description": name, "Active": True, "RateValue": value, "SpecialTaxType": "NONE"}
    made = unit.create("TaxRate", {**rate, "AgencyRef": {"value": agency}, "DisplayType": "ReadOnly"})
    told = {"TaxRateName": name, "TaxRateId": made["Id"], "RateValue": value, "TaxAgencyId": agency}
    return {**told, "TaxApplicableOn": sent.get("TaxApplicableOn") or "Sales"}
