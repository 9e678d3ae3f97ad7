"""The stand-in's own pages: its books as a person sees them, with the few edits a person makes behind the product's
back.

Read-only but for three buttons, which go through the same rules as the API. Not protected: it holds nothing real and
listens on this machine only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, redirect, render_template, request, url_for

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, held, to_cents
from sandbox.qbo.ledger import LINKED_ENTITY, legs_of
from sandbox.qbo.paper import money
from sandbox.qbo.refusals import Refusal
from sandbox.qbo.writing import write_by_hand

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

SHOWN = 200
_STATE_WORDS = {"paid": "Paid", "voided": "Voided", "overdue": "Overdue", "part": "Partly paid", "open": "Open"}


def build_pages(standin: QuickBooksStandin) -> Blueprint:
    """Return the pages of a stand-in."""
    web = Blueprint("pages", __name__, template_folder="templates")
    web.add_app_template_filter(money, "money")
    web.add_app_template_filter(lambda value: money(to_cents(Decimal(value))), "figure")

    def books() -> Books:
        chosen = standin.books(request.args.get("realm") or standin.found())
        return chosen if chosen is not None else abort(404)

    @web.context_processor
    def frame() -> dict[str, Any]:
        realm = request.args.get("realm") or standin.found()
        names = books().docs.column("Account", "Name")
        clearing = next(((key, name) for key, name in names.items() if "clearing" in name.lower()), None)
        notice = request.args.get("notice", "")
        return {"companies": standin.companies(), "realm": realm, "notice": notice, "clearing": clearing}

    @web.get("/")
    def invoices() -> str:
        with standin.lock:
            rows = [_invoice_row(body, books().today()) for body in _newest(books(), "Invoice")]
            return render_template("invoices.html", rows=rows, count=books().docs.count("Invoice"), words=_STATE_WORDS)

    @web.get("/payments")
    def payments() -> str:
        with standin.lock:
            rows = [_payment_row(books(), body) for body in _newest(books(), "Payment")]
            return render_template("payments.html", rows=rows, count=books().docs.count("Payment"))

    @web.get("/accounts")
    def accounts() -> str:
        with standin.lock:
            rows = books().trial_balance()
            total = sum(row["cents"] for row in rows)
            return render_template("accounts.html", rows=rows, total=total)

    @web.get("/accounts/<key>")
    def register(key: str) -> str:
        with standin.lock:
            account = books().docs.body("Account", key) or abort(404)
            rows = books().register(key)
            opening = books().opening(key)
            return render_template(
                "register.html", account=account, rows=rows[-SHOWN:], count=len(rows), opening=opening
            )

    @web.get("/documents/<entity>/<key>")
    def document(entity: str, key: str) -> str:
        with standin.lock:
            body = books().docs.body(entity, key) or abort(404)
            state = _state(body, books().today()) if entity == "Invoice" else ""
            return render_template(
                "document.html",
                entity=entity,
                body=body,
                state=state,
                words=_STATE_WORDS,
                links=_links(books(), entity, body),
                legs=_legs(books(), entity, body),
                total=held(body, "Amount" if entity == "Transfer" else "TotalAmt"),
                balance=held(body, "Balance") if "Balance" in body else None,
                deposited=books().links.deposit_of((entity, key)),
            )

    @web.post("/documents/<entity>/<key>/<verb>")
    def edit(entity: str, key: str, verb: str) -> Any:
        with standin.lock:
            notice = _edited(books(), entity, key, verb)
            standin.commit()
            still_there = books().docs.text(entity, key) is not None
        realm = request.args.get("realm")
        if still_there:
            return redirect(url_for("pages.document", entity=entity, key=key, realm=realm, notice=notice))
        return redirect(url_for("pages.invoices", realm=realm, notice=notice))

    return web


def _edited(books: Books, entity: str, key: str, verb: str) -> str:
    """Do what a button says; returns the sentence to show."""
    try:
        if verb == "amount":
            write_by_hand(
                books, entity, "update", key, _with_amount(books, entity, key, request.form.get("amount", ""))
            )
            return "The amount is changed."
        if verb in ("void", "delete"):
            write_by_hand(books, entity, verb, key)
            return "It is voided." if verb == "void" else "It is deleted."
    except Refusal as refusal:
        return f"Not done: {refusal.detail or refusal.message}"
    return abort(404)


def _with_amount(books: Books, entity: str, key: str, wanted: str) -> Body:
    """Return an invoice's lines with the first one changed to the wanted amount."""
    body = books.docs.body(entity, key) or abort(404)
    lines = [line for line in body["Line"] if line["DetailType"] != "SubTotalLineDetail"]
    first = next((line for line in lines if line["DetailType"] == "SalesItemLineDetail"), None) or abort(404)
    first["Amount"] = wanted.replace(",", "").strip()
    for field in ("Qty", "UnitPrice"):
        first["SalesItemLineDetail"].pop(field, None)
    return {"Line": lines}


def _newest(books: Books, entity: str) -> list[Body]:
    books.settle_balances()
    keys = books.docs.ids(entity)[: -SHOWN - 1 : -1]
    return [body for key in keys if (body := books.docs.body(entity, key)) is not None]


def _state(body: Body, today: str) -> str:
    if not held(body, "TotalAmt") and str(body.get("PrivateNote", "")).startswith("Voided"):
        return "voided"
    if not held(body, "Balance"):
        return "paid"
    if str(body.get("DueDate", today)) < today:
        return "overdue"
    return "part" if held(body, "Balance") < held(body, "TotalAmt") else "open"


def _invoice_row(body: Body, today: str) -> dict[str, Any]:
    return {
        "id": body["Id"],
        "number": body.get("DocNumber") or body["Id"],
        "customer": (body.get("CustomerRef") or {}).get("name", ""),
        "day": body.get("TxnDate", ""),
        "due": body.get("DueDate", ""),
        "total": held(body, "TotalAmt"),
        "balance": held(body, "Balance"),
        "state": _state(body, today),
    }


def _payment_row(books: Books, body: Body) -> dict[str, Any]:
    account = books.docs.body("Account", (body.get("DepositToAccountRef") or {}).get("value", "")) or {}
    return {
        "id": body["Id"],
        "reference": body.get("PaymentRefNum", ""),
        "customer": (body.get("CustomerRef") or {}).get("name", ""),
        "day": body.get("TxnDate", ""),
        "total": held(body, "TotalAmt"),
        "unapplied": held(body, "UnappliedAmt"),
        "account": account.get("Name", ""),
        "note": body.get("PrivateNote", ""),
    }


def _links(books: Books, entity: str, body: Body) -> list[dict[str, Any]]:
    """Return what a document is tied to, with the cents of each tie."""
    rows = []
    for payment, minor in books.links.payments_on((entity, body["Id"])).items():
        rows.append({"entity": "Payment", "id": payment, "cents": minor})
    for line in body.get("Line", ()):
        for link in line.get("LinkedTxn", ()):
            target = LINKED_ENTITY.get(link["TxnType"], link["TxnType"])
            rows.append({"entity": target, "id": link["TxnId"], "cents": held(line, "Amount")})
    return rows


def _legs(books: Books, entity: str, body: Body) -> list[dict[str, Any]]:
    legs = legs_of(entity, body, books.chart, books.docs.body)
    totals: dict[str, int] = {}
    for leg in legs:
        totals[leg.account] = totals.get(leg.account, 0) + leg.cents
    names = {account: (books.docs.body("Account", account) or {}).get("Name", account) for account in totals}
    return [{"account": account, "name": names[account], "cents": cents} for account, cents in totals.items()]
