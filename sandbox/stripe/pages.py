"""Pages for a person: the balance, the payments, the payouts, and buttons that make things happen.

Reads objects and gives orders to `control`; draws no conclusion of its own. Law: a page of another origin cannot press
a button here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from sandbox.stripe import page_events, page_people, page_rows
from sandbox.stripe.accounts import KEYS
from sandbox.stripe.scope import Scope

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Which orders the pages may give, and what is said when one was carried out.
BUTTONS = {
    "refund": "Refunded.",
    "settle_debit": "The debit has settled.",
    "fail_debit": "The debit has failed.",
    "return_debit": "The debit came back: amount and fee are gone.",
    "dispute": "A dispute was opened.",
    "close_dispute": "The dispute is closed.",
    "payout": "A payout is on its way.",
    "arrive": "The payout has arrived.",
    "fail_payout": "The payout has failed: the money is back.",
    "release": "Everything pending is available.",
    "cancel_payout": "The payout is called back.",
    "reverse_payout": "The payout is being called back from the bank.",
    "escalate_inquiry": "The inquiry became a dispute: amount and fee are gone.",
    "submit_evidence": "The answer is sent.",
    "fraud_warning": "A fraud warning was given.",
    "fail_refund": "The refund has failed: the money is back.",
    "finish_refund": "The refund has arrived.",
    "resend": "The event is sent again.",
}


SECTIONS = (
    ("/", "Payments and payouts"),
    ("/customers", "Customers"),
    ("/events", "Events"),
    ("/webhooks", "Webhooks"),
)


def blueprint(standin: StripeStandin) -> Blueprint:
    """Return the routes of the pages."""
    routes = Blueprint("pages", __name__)

    @routes.after_request
    def guard(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer

    @routes.get("/")
    def home() -> str:
        with standin.lock:
            return render_template("home.html", **_frame(standin), **page_rows.home(_scope(standin)))

    @routes.get("/payments/<key>")
    def payment(key: str) -> str:
        with standin.lock:
            scope = _scope(standin)
            intent = scope.find(key)
            if intent is None or intent["object"] != "payment_intent":
                raise NotFound
            return render_template("payment.html", **_frame(standin), **page_rows.payment(scope, intent))

    @routes.get("/payouts/<key>")
    def payout(key: str) -> str:
        with standin.lock:
            scope = _scope(standin)
            found = scope.find(key)
            if found is None or found["object"] != "payout":
                raise NotFound
            return render_template("payout.html", **_frame(standin), **page_rows.payout(scope, found))

    _add_others(routes, standin)

    @routes.post("/orders/<name>")
    def order(name: str) -> AnyResponse:
        return _obey(standin, name)

    return routes


def _add_others(routes: Blueprint, standin: StripeStandin) -> None:
    """Add the pages of customers, events and webhook endpoints."""

    @routes.get("/customers")
    def customers() -> str:
        with standin.lock:
            return render_template("customers.html", **_frame(standin), **page_people.customers(_scope(standin)))

    @routes.get("/customers/<key>")
    def customer(key: str) -> str:
        with standin.lock:
            scope = _scope(standin)
            found = scope.find(key)
            if found is None or found["object"] != "customer" or found.get("deleted"):
                raise NotFound
            return render_template("customer.html", **_frame(standin), **page_people.customer(scope, found))

    @routes.get("/events")
    def events() -> str:
        wanted = request.args.get("q", "").strip()
        with standin.lock:
            return render_template("events.html", **_frame(standin), **page_events.events(_scope(standin), wanted))

    @routes.get("/webhooks")
    def webhooks() -> str:
        with standin.lock:
            mode = standin.deliveries.mode
            return render_template("webhooks.html", **_frame(standin), **page_events.webhooks(_scope(standin), mode))

    @routes.post("/webhooks")
    def treat() -> AnyResponse:
        _refuse_foreign_page()
        try:
            standin.control("webhooks", {"mode": request.form.get("mode", "")})
        except ValueError as refused:
            flash(str(refused), "bad")
        return redirect(url_for("pages.webhooks", account=request.args.get("account")), 303)


def _obey(standin: StripeStandin, name: str) -> AnyResponse:
    """Give the order of a pressed button, and go back to the page with a word about it."""
    _refuse_foreign_page()
    if name not in BUTTONS:
        raise NotFound
    payload: dict[str, Any] = {key: value for key, value in request.form.items() if value and key != "back"}
    back = request.form.get("back", "/")
    try:
        if "amount" in payload:
            payload["amount"] = minor(payload["amount"])
        standin.control(name, payload)
        flash(BUTTONS[name], "good")
    except ValueError as refused:
        flash(str(refused), "bad")
    own = back.startswith("/") and not back.startswith(("//", "/\\"))
    return redirect(back if own else url_for("pages.home"), 303)


def minor(text: str) -> int:
    """Return an amount typed by a person in minor units. Raises ValueError for what is not an amount to the cent."""
    whole, _, cents = text.replace("$", "").replace(",", "").strip().partition(".")
    if not whole.isdigit() or not (cents == "" or (cents.isdigit() and len(cents) == 2)):
        raise ValueError(f"“{text}” is not an amount; write it like 12.50")
    return int(whole) * 100 + int(cents or 0)


def _refuse_foreign_page() -> None:
    origin = request.headers.get("Origin")
    if origin is not None and origin.rstrip("/") != request.host_url.rstrip("/"):
        abort(403)


def _scope(standin: StripeStandin) -> Scope:
    account = request.args.get("account")
    if account and account not in standin.ground.shelf.all(KEYS):
        raise NotFound
    return standin.scope(account)


def _frame(standin: StripeStandin) -> dict[str, Any]:
    """Return what every page shows: whose books these are, and what time it is."""
    scope = _scope(standin)
    accounts = [
        {"id": key, "name": _name(standin.scope(key)), "here": key == scope.account}
        for key in standin.ground.shelf.all(KEYS)
    ]
    query = "" if scope.account == standin.ground.platform else f"?account={scope.account}"
    return {
        "accounts": accounts,
        "account": scope.account,
        "name": _name(scope),
        "now": page_rows.moment(scope.now),
        "query": query,
        "back": request.full_path.rstrip("?"),
        "sections": SECTIONS,
        "here": request.path,
    }


def _name(scope: Scope) -> str:
    return str(scope.need("accounts", scope.account, "account")["settings"]["dashboard"]["display_name"])
