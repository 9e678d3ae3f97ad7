"""Documents as rows and words for the pages: states, links, what a document posted.

Reads only. Law: every amount is in cents and written by the template; a state is told from the document itself.
"""

from __future__ import annotations

from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, held
from sandbox.qbo.ledger import LINKED_ENTITY, legs_of

STATE_WORDS = {
    "paid": "Paid",
    "voided": "Voided",
    "overdue": "Overdue",
    "part": "Partly paid",
    "open": "Open",
    "used": "Used up",
    "left": "Open credit",
}
FILTERS = ("all", "open", "overdue", "paid", "voided")


def state_of(entity: str, body: Body, today: str) -> str:
    """Return the state of an invoice or a credit memo, empty for anything else."""
    if entity == "CreditMemo":
        return "left" if held(body, "Balance") else "used"
    if entity != "Invoice":
        return ""
    if not held(body, "TotalAmt") and str(body.get("PrivateNote", "")).startswith("Voided"):
        return "voided"
    if not held(body, "Balance"):
        return "paid"
    if str(body.get("DueDate", today)) < today:
        return "overdue"
    return "part" if held(body, "Balance") < held(body, "TotalAmt") else "open"


def fits(state: str, wanted: str) -> bool:
    """Tell whether a state belongs under a filter; what is overdue or partly paid is open too."""
    return wanted in ("", "all", state) or (wanted == "open" and state in ("overdue", "part"))


def form_row(entity: str, body: Body, today: str) -> dict[str, Any]:
    """Return one line of a list of sales forms or money movements."""
    return {
        "entity": entity,
        "id": body["Id"],
        "number": body.get("DocNumber") or body["Id"],
        "reference": body.get("PaymentRefNum", ""),
        "customer": (body.get("CustomerRef") or {}).get("name", ""),
        "day": body.get("TxnDate", ""),
        "due": body.get("DueDate") or body.get("ExpirationDate", ""),
        "total": held(body, "TotalAmt"),
        "balance": held(body, "Balance") if "Balance" in body else 0,
        "unapplied": held(body, "UnappliedAmt") if "UnappliedAmt" in body else 0,
        "state": state_of(entity, body, today),
        "status": body.get("TxnStatus", ""),
    }


def customer_row(body: Body) -> dict[str, Any]:
    """Return one line of the list of customers."""
    return {
        "id": body["Id"],
        "name": body.get("FullyQualifiedName") or body["DisplayName"],
        "email": (body.get("PrimaryEmailAddr") or {}).get("Address", ""),
        "phone": (body.get("PrimaryPhone") or {}).get("FreeFormNumber", ""),
        "balance": held(body, "BalanceWithJobs" if "BalanceWithJobs" in body else "Balance"),
        "active": body.get("Active", True),
    }


def links_of(books: Books, entity: str, body: Body) -> list[dict[str, Any]]:
    """Return what a document is tied to, with the cents of each tie where it has some."""
    rows: list[dict[str, Any]] = []
    for payment, minor in books.links.payments_on((entity, body["Id"])).items():
        rows.append({"entity": "Payment", "id": payment, "cents": minor})
    rows += [
        {"entity": _linked(link), "id": link["TxnId"], "cents": held(line, "Amount")}
        for line in body.get("Line", ())
        for link in line.get("LinkedTxn", ())
    ]
    known = {(row["entity"], row["id"]) for row in rows}
    whole = [(_linked(link), link["TxnId"]) for link in body.get("LinkedTxn") or ()]
    rows += [{"entity": entity, "id": key, "cents": 0} for entity, key in whole if (entity, key) not in known]
    return rows


def _linked(link: Body) -> str:
    return LINKED_ENTITY.get(link["TxnType"], str(link["TxnType"]))


def legs_told(books: Books, entity: str, body: Body) -> list[dict[str, Any]]:
    """Return what a document posted, one line for each account."""
    totals: dict[str, int] = {}
    for leg in legs_of(entity, body, books.chart, books.docs.body):
        totals[leg.account] = totals.get(leg.account, 0) + leg.cents
    names = {account: (books.docs.body("Account", account) or {}).get("Name", account) for account in totals}
    return [{"account": account, "name": names[account], "cents": cents} for account, cents in totals.items()]
