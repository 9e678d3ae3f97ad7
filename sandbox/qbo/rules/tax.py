"""Sales tax of a document: what was stated explicitly, or the rate of its tax code on its taxable lines.

Law: TotalTax is the sum of the tax lines, rounded once per document. Two rates at most are combined by a tax code's
list.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.qbo.codec import Body, amount, cents, decimal, held, to_cents, trimmed
from sandbox.qbo.refusals import bad_reference, unknown_property
from sandbox.qbo.unit import Unit


def settle_tax(unit: Unit, body: Body, customer: Body) -> None:
    """Replace TxnTaxDetail by the server's own. Raises 2500 for an unknown tax code."""
    sent = body.get("TxnTaxDetail") or {}
    if not isinstance(sent, dict):
        raise unknown_property("TxnTaxDetail")
    taxable = _taxable(body)
    code = _code(unit, sent, customer)
    if code is None and sent.get("TotalTax") is None:
        body["TxnTaxDetail"] = {"TotalTax": 0}
        return
    rates = _rates(unit, code)
    if sent.get("TotalTax") is not None:
        lines = _stated(sent, rates, taxable)
    else:
        lines = [_line(rate, to_cents(rate["value"] * taxable / 10000), taxable) for rate in rates]
    total = sum(held(line, "Amount") for line in lines)
    detail: dict[str, Any] = {"TotalTax": amount(total)}
    if code is not None:
        detail = {"TxnTaxCodeRef": {"value": code["Id"]}, "TotalTax": amount(total), "TaxLine": lines}
    elif total or sent.get("TaxLine"):
        detail["TaxLine"] = lines
    body["TxnTaxDetail"] = detail


def _taxable(body: Body) -> int:
    """Return the cents that tax is due on; a discount counts where the form says so."""
    subtotal = taxable = discount = 0
    for line in body["Line"]:
        minor = held(line, "Amount")
        if line["DetailType"] == "SalesItemLineDetail":
            subtotal += minor
            taxable += minor if line["SalesItemLineDetail"]["TaxCodeRef"]["value"] == "TAX" else 0
        elif line["DetailType"] == "DiscountLineDetail":
            discount += minor
    if body.get("ApplyTaxAfterDiscount") and discount and subtotal:
        return taxable - to_cents(Decimal(discount * taxable) / subtotal / 100)
    return taxable


def _code(unit: Unit, sent: Body, customer: Body) -> Body | None:
    """Return the tax code in force: the form's, else the customer's default if the customer is taxable."""
    ref = sent.get("TxnTaxCodeRef")
    if not (ref or {}).get("value"):
        ref = customer.get("DefaultTaxCodeRef") if customer.get("Taxable") else None
    key = str((ref or {}).get("value") or "")
    if not key or key in ("TAX", "NON"):
        return None
    code = unit.read("TaxCode", key)
    if code is None:
        raise bad_reference("TxnTaxCodeRef", "TaxCode", key)
    return code


def _rates(unit: Unit, code: Body | None) -> list[dict[str, Any]]:
    rates = []
    for entry in ((code or {}).get("SalesTaxRateList") or {}).get("TaxRateDetail", ()):
        rate = unit.read("TaxRate", entry["TaxRateRef"]["value"]) or {}
        rates.append({"ref": entry["TaxRateRef"]["value"], "value": Decimal(rate.get("RateValue", 0))})
    return rates


def _line(rate: dict[str, Any], minor: int, taxable: int) -> Body:
    detail = {
        "TaxRateRef": {"value": rate["ref"]},
        "PercentBased": True,
        "TaxPercent": trimmed(rate["value"]),
        "NetAmountTaxable": amount(taxable),
    }
    return {"Amount": amount(minor), "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def _stated(sent: Body, rates: list[dict[str, Any]], taxable: int) -> list[Body]:
    """Return an explicit tax as lines: as sent, or TotalTax shared over the code's rates; the first takes the rest."""
    if sent.get("TaxLine"):
        return [_sent_line(line) for line in sent["TaxLine"]]
    total = cents(sent["TotalTax"], "TotalTax")
    if not rates:
        return [{"Amount": amount(total), "DetailType": "TaxLineDetail", "TaxLineDetail": {"PercentBased": False}}]
    whole = sum(rate["value"] for rate in rates) or Decimal(1)
    shares = [to_cents(rate["value"] / whole * total / 100) for rate in rates]
    shares[0] += total - sum(shares)
    return [_line(rate, share, taxable) for rate, share in zip(rates, shares, strict=True)]


def _sent_line(line: Any) -> Body:
    if not isinstance(line, dict):
        raise unknown_property("TxnTaxDetail.TaxLine")
    detail = dict(line.get("TaxLineDetail") or {})
    for field in ("TaxPercent", "NetAmountTaxable"):
        if detail.get(field) is not None:
            detail[field] = trimmed(decimal(detail[field], field))
    return {
        "Amount": amount(cents(line.get("Amount"), "TaxLine.Amount")),
        "DetailType": "TaxLineDetail",
        "TaxLineDetail": detail,
    }
