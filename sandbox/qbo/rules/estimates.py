"""Estimates that become invoices: what the invoice's link does to the estimate.

Law: an estimate that an invoice links to is closed and says which invoice; without one it is open again.
"""

from __future__ import annotations

from sandbox.qbo.codec import Body
from sandbox.qbo.refusals import cannot_link, gone
from sandbox.qbo.unit import Unit


def linked_estimates(invoice: Body | None) -> set[str]:
    """Return the ids of the estimates that an invoice was made from."""
    links = (invoice or {}).get("LinkedTxn") or []
    return {str(link.get("TxnId")) for link in links if link.get("TxnType") == "Estimate"}


def convert(unit: Unit, before: Body | None, after: Body | None) -> None:
    """Close the estimates an invoice newly links to, reopen those it let go. Raises 610 and 620."""
    old, new = linked_estimates(before), linked_estimates(after)
    invoice = str((after or before or {})["Id"])
    for key in sorted(old ^ new):
        estimate = unit.read("Estimate", key)
        if estimate is None:
            if key in new:
                raise gone()
            continue
        if after is not None and key in new:
            _check_same_customer(estimate, after)
        links = [one for one in estimate.get("LinkedTxn") or [] if one != {"TxnId": invoice, "TxnType": "Invoice"}]
        estimate["LinkedTxn"] = [*links, {"TxnId": invoice, "TxnType": "Invoice"}] if key in new else links
        estimate["TxnStatus"] = "Closed" if estimate["LinkedTxn"] else _open_status(estimate)
        unit.touch("Estimate", estimate)


def _check_same_customer(estimate: Body, invoice: Body) -> None:
    if estimate["CustomerRef"]["value"] != invoice["CustomerRef"]["value"]:
        raise cannot_link("the estimate belongs to another customer.")


def _open_status(estimate: Body) -> str:
    return "Accepted" if estimate.get("AcceptedDate") or estimate.get("AcceptedBy") else "Pending"
