"""The stand-in's own pages: its books as a person sees them, and what a small business does in them.

Looks only; acts are in `page_acts` and `page_settings`. Not protected: it holds nothing real and listens on this
machine only. Law: no page needs a script.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g, render_template, request

from sandbox.qbo import page_acts, page_settings
from sandbox.qbo.codec import held, to_cents
from sandbox.qbo.page_desk import REFUSED, SHOWN, Desk, word_of
from sandbox.qbo.page_forms import SALES
from sandbox.qbo.page_rows import FILTERS, STATE_WORDS, customer_row, fits, form_row, legs_told, links_of, state_of
from sandbox.qbo.paper import money

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

LISTS = {
    "Payment": "Payments",
    "Estimate": "Estimates",
    "CreditMemo": "Credit memos",
    "SalesReceipt": "Sales receipts",
    "RefundReceipt": "Refund receipts",
    "Deposit": "Deposits",
    "Transfer": "Transfers",
    "Purchase": "Expenses",
    "JournalEntry": "Journal entries",
}


def build_pages(standin: QuickBooksStandin) -> Blueprint:
    """Return the pages of a stand-in."""
    web = Blueprint("pages", __name__, template_folder="templates")
    web.add_app_template_filter(money, "money")
    web.add_app_template_filter(lambda value: money(to_cents(Decimal(value))), "figure")
    web.add_app_template_filter(word_of, "word")
    desk = Desk(standin)

    @web.context_processor
    def frame() -> dict[str, Any]:
        names = desk.books.docs.column("Account", "Name")
        clearing = next(((key, name) for key, name in names.items() if "clearing" in name.lower()), None)
        notice = g.get("notice") or request.args.get("notice", "")
        return {
            "companies": standin.companies(),
            "realm": desk.realm,
            "notice": notice,
            "is_bad": notice.startswith(REFUSED),
            "clearing": clearing,
            "lists": LISTS,
            "words": STATE_WORDS,
            "now": standin.clock.now(),
        }

    _add_lists(web, desk)
    _add_accounts(web, desk)
    _add_document(web, desk)
    page_acts.add_forms(web, desk)
    page_acts.add_money(web, desk)
    page_settings.add_customers(web, desk)
    page_settings.add_settings(web, desk)
    return web


def _add_lists(web: Blueprint, desk: Desk) -> None:
    @web.get("/")
    def invoices() -> str:
        state, wanted = request.args.get("state", "all"), request.args.get("q", "").strip().casefold()
        with desk.lock:
            today = desk.books.today()
            rows = [form_row("Invoice", body, today) for body in desk.bodies("Invoice")]
        found = [row for row in rows if fits(row["state"], state) and wanted in _said(row)]
        owed = sum(row["balance"] for row in found)
        return render_template(
            "invoices.html",
            rows=found[:SHOWN],
            found=len(found),
            count=len(rows),
            owed=owed,
            state=state,
            q=request.args.get("q", ""),
            filters=FILTERS,
        )

    @web.get("/payments")
    def payments() -> str:
        return _listed(desk, "Payment")

    @web.get("/lists/<entity>")
    def listed(entity: str) -> str:
        return _listed(desk, entity if entity in LISTS else abort(404))

    @web.get("/customers")
    def customers() -> str:
        wanted = request.args.get("q", "").strip().casefold()
        with desk.lock:
            rows = [customer_row(body) for body in desk.bodies("Customer")]
        found = [row for row in rows if wanted in f"{row['name']} {row['email']}".casefold()]
        found.sort(key=lambda row: (not row["active"], row["name"].casefold()))
        q = request.args.get("q", "")
        return render_template("customers.html", rows=found[:SHOWN], found=len(found), count=len(rows), q=q)


def _said(row: dict[str, Any]) -> str:
    return f"{row['number']} {row['customer']}".casefold()


def _listed(desk: Desk, entity: str) -> str:
    with desk.lock:
        names = desk.books.docs.column("Account", "Name")
        bodies = desk.bodies(entity)
        rows = [form_row(entity, body, desk.books.today()) for body in bodies[:SHOWN]]
        for row, body in zip(rows, bodies, strict=False):
            account = (body.get("DepositToAccountRef") or body.get("AccountRef") or {}).get("value", "")
            row["account"] = names.get(account, "")
            if entity == "Transfer":
                row["total"] = held(body, "Amount")
    return render_template(
        "forms.html", entity=entity, title=LISTS[entity], rows=rows, count=len(bodies), can_add=entity in SALES
    )


def _add_accounts(web: Blueprint, desk: Desk) -> None:
    @web.get("/accounts")
    def accounts() -> str:
        with desk.lock:
            rows = desk.books.trial_balance()
        return render_template("accounts.html", rows=rows, total=sum(row["cents"] for row in rows))

    @web.get("/accounts/<key>")
    def register(key: str) -> str:
        with desk.lock:
            account = desk.body("Account", key)
            rows, opening = desk.books.register(key), desk.books.opening(key)
        return render_template("register.html", account=account, rows=rows[-SHOWN:], count=len(rows), opening=opening)


def _add_document(web: Blueprint, desk: Desk) -> None:
    @web.get("/documents/<entity>/<key>")
    def document(entity: str, key: str) -> str:
        with desk.lock:
            body, books = desk.body(entity, key), desk.books
            return render_template(
                "document.html",
                entity=entity,
                body=body,
                state=state_of(entity, body, books.today()),
                links=links_of(books, entity, body),
                legs=legs_told(books, entity, body),
                total=held(body, "Amount" if entity == "Transfer" else "TotalAmt"),
                balance=held(body, "Balance") if "Balance" in body else None,
                deposited=books.links.deposit_of((entity, key)),
                can=page_acts.possible(entity, body),
            )
