"""What a person does with documents on the pages: write and edit forms, send, void, delete, receive, deposit.

Knows forms and addresses, no rule. Law: each act is one call of the engine, so that what it refuses is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, render_template, request

from sandbox.qbo.codec import Body, held
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.page_desk import Answer, Desk, word_of
from sandbox.qbo.page_forms import SALES, filled, read_deposit, read_receipt, read_sale
from sandbox.qbo.sending import send

MONEY_KINDS = ("Bank", "Other Current Asset")
_TAX_CODE = "2"  # the company's own rate, as its founding wrote it
_STRIKES = {"void": "It is voided.", "delete": "It is deleted."}


def possible(entity: str, body: Body) -> set[str]:
    """Return what a person may want to do with a document now."""
    verbs = ENTITIES[entity].verbs & {"void", "delete"} if ENTITIES[entity].transaction else set()
    if str(body.get("PrivateNote", "")).startswith("Voided"):
        return set(verbs - {"void"})
    more = set(verbs)
    if entity in SALES:
        more |= {"edit", "send"}
    if entity == "Invoice" and held(body, "Balance"):
        more.add("receive")
    if entity == "CreditMemo" and held(body, "Balance"):
        more.add("apply")
    if entity == "Estimate" and body.get("TxnStatus") in ("Pending", "Accepted"):
        more.add("convert")
    return more


def add_forms(web: Blueprint, desk: Desk) -> None:
    """Add the pages that write, edit, send, void and delete."""

    @web.get("/new/<entity>")
    def new(entity: str) -> str:
        with desk.lock:
            return _form(desk, entity if entity in SALES else abort(404), None)

    @web.post("/new/<entity>")
    def create(entity: str) -> Answer:
        def do() -> tuple[str, str]:
            document = read_sale(entity, request.form, None, tax_code=_tax_code(desk))
            key = desk.create(entity, document)
            return desk.to_document(entity, key), f"{word_of(entity)} is written."

        return desk.act(
            do if entity in SALES else abort(404),
            desk.to("new", entity=entity),
            lambda: _form(desk, entity, None, request.form),
        )

    @web.get("/documents/<entity>/<key>/edit")
    def edit_form(entity: str, key: str) -> str:
        with desk.lock:
            return _form(desk, entity if entity in SALES else abort(404), desk.body(entity, key))

    @web.post("/documents/<entity>/<key>/edit")
    def edit(entity: str, key: str) -> Answer:
        def do() -> tuple[str, str]:
            desk.change(entity, key, read_sale(entity, request.form, desk.body(entity, key)))
            return desk.to_document(entity, key), "It is changed."

        return desk.act(
            do if entity in SALES else abort(404),
            desk.to("edit_form", entity=entity, key=key),
            lambda: _form(desk, entity, desk.body(entity, key), request.form),
        )

    @web.post("/documents/<entity>/<key>/<verb>")
    def strike(entity: str, key: str, verb: str) -> Answer:
        def do() -> tuple[str, str]:
            body = desk.body(entity, key)
            return _acts(desk, entity, body, verb)

        return desk.act(do, desk.to_document(entity, key))


def _acts(desk: Desk, entity: str, body: Body, verb: str) -> tuple[str, str]:
    key = str(body["Id"])
    if verb in _STRIKES:
        desk.strike(entity, key, verb)
        home = desk.to("invoices") if entity == "Invoice" else desk.to("listed", entity=entity)
        return (home if verb == "delete" else desk.to_document(entity, key)), _STRIKES[verb]
    if verb == "send":
        send(desk.books, ENTITIES[entity], key, request.form.get("to", "").strip())
        return desk.to_document(entity, key), "It is sent."
    if verb == "convert" and entity == "Estimate":
        invoice = desk.create("Invoice", _converted(body))
        return desk.to_document("Invoice", invoice), "The estimate became an invoice."
    return abort(404)


def _converted(estimate: Body) -> Body:
    """Return the invoice that an estimate becomes."""
    lines = [line for line in estimate["Line"] if line["DetailType"] != "SubTotalLineDetail"]
    fresh = [{name: value for name, value in line.items() if name not in ("Id", "LineNum")} for line in lines]
    taken: Body = {name: estimate[name] for name in ("CustomerRef", "BillEmail") if name in estimate}
    code = (estimate.get("TxnTaxDetail") or {}).get("TxnTaxCodeRef")
    tax: Body = {"TxnTaxDetail": {"TxnTaxCodeRef": code}} if code else {}
    return {**taken, **tax, "Line": fresh, "LinkedTxn": [{"TxnId": estimate["Id"], "TxnType": "Estimate"}]}


def _tax_code(desk: Desk) -> str:
    return _TAX_CODE if desk.books.docs.text("TaxCode", _TAX_CODE) is not None else ""


def _form(desk: Desk, entity: str, body: Body | None, typed: Mapping[str, str] | None = None) -> str:
    said = filled(entity, body, typed or {}, today=desk.books.today())
    return render_template(
        "form.html",
        entity=entity,
        body=body or {},
        said={**said, "customer": said["customer"] or request.args.get("customer", "")},
        customers=desk.choices("Customer"),
        items=desk.choices("Item"),
        accounts=desk.choices("Account", kinds=MONEY_KINDS) if entity in ("SalesReceipt", "RefundReceipt") else [],
    )


def add_money(web: Blueprint, desk: Desk) -> None:
    """Add the pages that receive money, apply credits and make deposits."""

    @web.get("/receive/<customer>")
    def receive_form(customer: str) -> str:
        with desk.lock:
            who = desk.body("Customer", customer)
            return render_template(
                "receive.html",
                who=who,
                invoices=_open(desk, "Invoice", customer),
                credits=_open(desk, "CreditMemo", customer),
                ticked=request.args.get("for", ""),
                methods=desk.choices("PaymentMethod"),
                accounts=desk.choices("Account", kinds=MONEY_KINDS),
                undeposited=desk.books.chart.undeposited,
                today=desk.books.today(),
            )

    @web.post("/receive/<customer>")
    def receive(customer: str) -> Answer:
        def do() -> tuple[str, str]:
            desk.body("Customer", customer)
            key = desk.create("Payment", read_receipt(customer, request.form))
            return desk.to_document("Payment", key), "It is received."

        return desk.act(do, desk.to("receive_form", customer=customer))

    @web.get("/deposit")
    def deposit_form() -> str:
        with desk.lock:
            rows = [_waiting_row(entity, body) for entity, body in _waiting(desk)]
            banks = desk.choices("Account", kinds=("Bank",))
            return render_template("deposit.html", rows=rows, accounts=banks, today=desk.books.today())

    @web.post("/deposit")
    def deposit() -> Answer:
        def do() -> tuple[str, str]:
            key = desk.create("Deposit", read_deposit(request.form, _waiting(desk)))
            return desk.to_document("Deposit", key), "It is deposited."

        return desk.act(do, desk.to("deposit_form"))


def _open(desk: Desk, entity: str, customer: str) -> list[Body]:
    """Return what a customer has open, the oldest first."""
    rows = [body for body in desk.bodies(entity) if (body.get("CustomerRef") or {}).get("value") == customer]
    return [body for body in reversed(rows) if held(body, "Balance")]


def _waiting(desk: Desk) -> list[tuple[str, Body]]:
    """Return the money that lies in Undeposited Funds, the oldest first."""
    books = desk.books
    waiting = []
    for entity, key in books.ledger.entries(books.chart.undeposited):
        body = books.docs.body(entity, key)
        if entity in ("Payment", "SalesReceipt") and body is not None and not books.links.deposit_of((entity, key)):
            waiting.append((entity, body))
    return sorted(waiting, key=lambda pair: str(pair[1].get("TxnDate", "")))


def _waiting_row(entity: str, body: Body) -> dict[str, Any]:
    return {
        "entity": entity,
        "id": body["Id"],
        "day": body["TxnDate"],
        "customer": (body.get("CustomerRef") or {}).get("name", ""),
        "reference": body.get("PaymentRefNum", ""),
        "total": held(body, "TotalAmt"),
    }
