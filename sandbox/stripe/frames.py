"""What a browser loads: stripe.js, the inner pages of its frames, the bank's page, microdeposits and receipts.

Law: the pages run under a policy that allows their own files only, and may be framed by loopback pages only.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, abort, redirect, render_template, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from sandbox.stripe import challenges, debits, microdeposits, setups
from sandbox.stripe.accounts import KEYS
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import Obj, Scope

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin

# The frames of the elements and of the overlays, by the name in their address.
_INNER = {
    "address": "fields.html",
    "bank": "bank.html",
    "express-checkout": "express.html",
    "link-authentication": "fields.html",
    "payment": "payment.html",
    "wallet": "wallet.html",
}
STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; frame-ancestors http://127.0.0.1:* http://localhost:* http://*.localhost:*"
)


def money(amount: int, currency: str) -> str:
    """Return an amount of minor units as a person reads it, the currency said."""
    sign = "−" if amount < 0 else ""
    return f"{sign}${abs(amount) // 100:,}.{abs(amount) % 100:02d}" + ("" if currency == "usd" else f" {currency}")


@cache
def script() -> str:
    """Return stripe.js: its parts in order, in one function so that only `Stripe` is left behind."""
    parts = [part.read_text() for part in sorted((STATIC / "script").glob("*.js"))]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "\n})();\n"


def _find(standin: StripeStandin, secret: str) -> tuple[Scope, Obj]:
    """Return the intent that a client secret opens, in whichever account, or answer 404."""
    for account in standin.ground.shelf.all(KEYS):
        scope = standin.scope(account)
        intent = scope.find(secret.partition("_secret_")[0])
        if intent is not None and hmac.compare_digest(intent.get("client_secret", ""), secret):
            return scope, intent
    raise NotFound


def merchant(scope: Scope) -> str:
    """Return the name of an account as its payers read it."""
    return str(scope.need("accounts", scope.account, "account")["settings"]["dashboard"]["display_name"])


def blueprint(standin: StripeStandin) -> Blueprint:
    """Return the routes of the browser's part."""
    routes = Blueprint("frames", __name__)

    @routes.after_request
    def guard(answer: Response) -> Response:
        answer.headers.setdefault("Content-Security-Policy", POLICY)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers.setdefault("Cache-Control", "no-store")
        return answer

    @routes.get("/endive/stripe.js")
    @routes.get("/v3/")
    def stripe_js() -> Response:
        return Response(script(), mimetype="text/javascript", headers={"Access-Control-Allow-Origin": "*"})

    @routes.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        return send_from_directory(STATIC, name)

    @routes.get("/elements-inner-<kind>.html")
    def inner(kind: str) -> Response:
        if kind not in _INNER:
            abort(404)
        return send_from_directory(STATIC / "element", _INNER[kind])

    @routes.route("/3ds/<secret>", methods=["GET", "POST"])
    def three_ds(secret: str) -> AnyResponse | str:
        with standin.lock:
            return _three_ds(*_find(standin, secret))

    @routes.route("/microdeposits/<secret>", methods=["GET", "POST"])
    def statement(secret: str) -> str:
        with standin.lock:
            return _microdeposits(*_find(standin, secret))

    @routes.get("/receipts/<account>/<charge>")
    def receipt(account: str, charge: str) -> str:
        with standin.lock:
            scope = standin.scope(account)
            found = scope.find(charge)
            if found is None or found.get("object") != "charge":
                abort(404)
            amount = money(found["amount"], found["currency"])
            return render_template("receipt.html", charge=found, amount=amount, merchant=merchant(scope))

    return routes


def _three_ds(scope: Scope, intent: Obj) -> AnyResponse | str:
    """Show the bank's page, or take the payer's answer and lead on."""
    action = intent["next_action"] or {}
    method = scope.find(intent["payment_method"])
    if request.method == "POST" and challenges.waiting(intent):
        challenges.finish(scope, intent, passed=request.form.get("outcome") == "complete")
        scope.ground.shelf.commit()
    if challenges.waiting(intent):
        card = method["card"] if method else {}
        return render_template(
            "challenge.html",
            merchant=merchant(scope),
            amount=money(intent["amount"], intent["currency"]) if "amount" in intent else None,
            card=f"{card.get('brand', 'card').title()} •••• {card.get('last4', '')}",
        )
    if return_url := (action.get("redirect_to_url") or {}).get("return_url"):
        return redirect(_with_outcome(return_url, intent))
    good = intent["status"] in ("succeeded", "processing")
    return render_template("challenge.html", finished="Confirmed." if good else "Not confirmed. Nothing was charged.")


def _with_outcome(url: str, intent: Obj) -> str:
    """Return the return address with what became of the intent added, as Stripe adds it."""
    parts = urlsplit(url)
    status = "failed" if intent["status"] == "requires_payment_method" else intent["status"]
    word = intent["object"]
    told = {word: intent["id"], f"{word}_client_secret": intent["client_secret"], "redirect_status": status}
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *told.items()])))


def _microdeposits(scope: Scope, intent: Obj) -> str:
    """Show the page where a payer types what the statement says, or take it."""
    error = None
    method = scope.find(intent["payment_method"])
    action = (intent["next_action"] or {}).get("verify_with_microdeposits") or {}
    if request.method == "POST":
        verify = debits.verify if intent["object"] == "payment_intent" else setups.verify
        try:
            verify(scope, _read_on_statement(), intent["id"])
        except ApiError as refused:
            error = refused.message
        scope.ground.shelf.commit()
    return render_template(
        "microdeposits.html",
        merchant=merchant(scope),
        paying=intent["object"] == "payment_intent",
        done=not microdeposits.awaited(intent),
        ended=intent["status"] in ("requires_payment_method", "canceled"),
        kind=action.get("microdeposit_type"),
        last4=method["us_bank_account"]["last4"] if method and "us_bank_account" in method else "",
        arrival=f"{datetime.fromtimestamp(action.get('arrival_date', 0), UTC):%A %-d %B}",
        error=error,
    )


def _read_on_statement() -> dict[str, object]:
    """Return what the payer typed: two amounts in cents, or the code."""
    amounts = [request.form.get(name, "").strip() for name in ("first", "second")]
    if all(text.isdigit() for text in amounts):
        return {"amounts": [int(text) for text in amounts]}
    return {"descriptor_code": request.form.get("descriptor_code", "").strip()}
