"""The orders of the control plane: what a test, a demo or a person can make happen at the stand-in.

Each order is a function of its payload; those about money stand in `money_orders`. Law: orders go through the same
functions as the API and the clock do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sandbox.stripe import (
    accounts,
    balance,
    cards,
    challenges,
    endpoints,
    money_orders,
)
from sandbox.stripe.api import Answer, Request
from sandbox.stripe.errors import ApiError
from sandbox.stripe.money_orders import Order, Payload
from sandbox.stripe.scope import KINDS, Obj, Scope, public, random_text

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin


def obey(standin: StripeStandin, name: str, payload: Payload) -> Payload:
    """Carry out one order. Raises ValueError for an order or a payload that makes no sense."""
    if name not in ORDERS:
        raise ValueError(f"no order is called {name!r}; there are {', '.join(sorted(ORDERS))}")
    try:
        return ORDERS[name](standin, payload)
    except KeyError as missing:
        raise ValueError(f"{name} needs {missing}") from missing
    except ApiError as error:
        raise ValueError(error.message) from error


def _scope(standin: StripeStandin, payload: Payload) -> Scope:
    return standin.scope(payload.get("account"))


def _webhooks(standin: StripeStandin, payload: Payload) -> Payload:
    """Register an endpoint with the stand-in's own secret (`url`), and set how deliveries are treated."""
    answer: Payload = {}
    rest = dict(payload)
    if url := rest.pop("url", None):
        scope = standin.scope(rest.pop("account", None))
        connect = bool(rest.pop("connect", False))
        wanted = rest.pop("enabled_events", ["*"])
        same = [row for row in scope.all("webhook_endpoints") if row["url"] == url and row["_connect"] == connect]
        for row in same:
            scope.drop(row)
        given = {"url": url, "enabled_events": wanted, "connect": connect}
        answer["endpoint"] = public(endpoints.create(scope, given, secret=standin.webhook_secret))
    return {**answer, **standin.deliveries.set_mode(**rest)}


def _deliveries(standin: StripeStandin, payload: Payload) -> Payload:
    return {"deliveries": standin.deliveries.listing()}


def _resend(standin: StripeStandin, payload: Payload) -> Payload:
    """Send an event again to every endpoint that wants it, as the dashboard can."""
    scope = _scope(standin, payload)
    standin.deliveries.announce(scope, scope.need("events", payload["event"], "event"))
    return {"event": payload["event"]}


def _state(standin: StripeStandin, payload: Payload) -> Payload:
    """Return the objects of an account by kind."""
    scope = _scope(standin, payload)
    kinds = [payload["kind"]] if "kind" in payload else sorted(set(KINDS.values()))
    return {kind: [public(obj) for obj in scope.all(kind)] for kind in kinds}


def _journal(standin: StripeStandin, payload: Payload) -> Payload:
    rows = [row for row in standin.api.journal if payload.get("operation") in (None, row["operation"])]
    if payload.get("clear"):
        standin.api.journal.clear()
    return {"requests": rows}


def _switches(standin: StripeStandin, payload: Payload) -> Payload:
    return standin.ground.switches.turn(payload)


def _oracle(standin: StripeStandin, payload: Payload) -> Payload:
    """Return the truth of an account: every balance transaction, their sums, and what is on its way to the bank."""
    scope = _scope(standin, payload)
    rows = scope.all("balance_transactions")
    sums: dict[str, dict[str, int]] = {}
    for row in rows:
        sum_ = sums.setdefault(row["currency"], {"amount": 0, "fee": 0, "net": 0, "available": 0, "pending": 0})
        for name in ("amount", "fee", "net"):
            sum_[name] += row[name]
        sum_[row["status"]] += row["net"]
    transit = [row for row in scope.all("payouts") if row["status"] in ("pending", "in_transit")]
    return {
        "account": scope.account,
        "balance": balance.current(scope),
        "sums": sums,
        "in_transit": sum(row["amount"] for row in transit),
        "balance_transactions": [public(row) for row in rows],
    }


def _pay(standin: StripeStandin, payload: Payload) -> Payload:
    """Confirm an intent as a browser would, through the same endpoint: by card, bank account, saved method or token."""
    scope = _scope(standin, payload)
    intent = scope.need("payment_intents", payload["payment_intent"], "payment_intent")
    keys = standin.ground.shelf.all(accounts.KEYS)[scope.account]
    form = {"client_secret": intent["client_secret"], "use_stripe_sdk": "true", **_details(standin, keys, payload)}
    path = f"/v1/payment_intents/{intent['id']}/confirm"
    answer = _browse(standin, keys, path, form)
    if answer.status == 200 and answer.body["status"] == "requires_action" and "challenge" in payload:
        challenges.finish(scope, intent, passed=payload["challenge"] == "complete")
    return {"status": answer.status, "answer": answer.body, "payment_intent": public(intent)}


def _hold(standin: StripeStandin, payload: Payload) -> Payload:
    """Make a confirmation token of what a payer chose, as the Payment Element does before anything is charged."""
    keys = standin.ground.shelf.all(accounts.KEYS)[_scope(standin, payload).account]
    answer = _browse(standin, keys, "/v1/confirmation_tokens", _details(standin, keys, payload))
    if answer.status != 200:
        raise ValueError(answer.body["error"]["message"])
    return {"confirmation_token": answer.body["id"]}


def _details(standin: StripeStandin, keys: Obj, payload: Payload) -> dict[str, str]:
    """Return the form fields of what the payer chose."""
    if token := payload.get("confirmation_token"):
        fields = {"confirmation_token": str(token)}
    elif method := payload.get("payment_method"):
        fields = {"payment_method": str(method)}
    elif number := payload.get("card"):
        year = standin.ground.clock.now().year + 1
        fields = {
            "payment_method_data[type]": "card",
            "payment_method_data[card][number]": str(number),
            "payment_method_data[card][exp_month]": "12",
            "payment_method_data[card][exp_year]": str(year),
            "payment_method_data[card][cvc]": _cvc(str(number)),
        }
    else:
        fields = {
            "payment_method_data[type]": "us_bank_account",
            **_bank(standin, keys, payload, str(payload["bank_account"])),
            "payment_method_data[billing_details][name]": payload.get("name", "Jenny Rosen"),
        }
    if "payment_method_data[type]" in fields and payload.get("email"):
        fields["payment_method_data[billing_details][email]"] = payload["email"]
    if payload.get("save"):
        fields["setup_future_usage"] = "off_session"
    acceptance = "mandate_data[customer_acceptance]"
    return {**fields, f"{acceptance}[type]": "online", f"{acceptance}[online][infer_from_client]": "true"}


def _cvc(number: str) -> str:
    card = cards.BY_NUMBER.get(number)
    return "1234" if card is not None and card.brand == "amex" else "123"


def _bank(standin: StripeStandin, keys: Obj, payload: Payload, number: str) -> dict[str, str]:
    part = "payment_method_data[us_bank_account]"
    if payload.get("manual"):
        return {f"{part}[account_number]": number, f"{part}[routing_number]": "110000000"}
    wanted = {"institution": "Test Institution", "account_number": number}
    answer = _browse(standin, keys, "/v1/financial_connections/accounts", wanted)
    if answer.status != 200:
        raise ValueError(answer.body["error"]["message"])
    return {f"{part}[financial_connections_account]": answer.body["id"]}


def _browse(standin: StripeStandin, keys: Obj, path: str, form: dict[str, str]) -> Answer:
    headers = {"authorization": f"Bearer {keys['publishable_key']}", "user-agent": "control plane"}
    return standin.api.answer(Request("POST", path, "", urlencode(form), headers, "127.0.0.1"))


def _connect_account(standin: StripeStandin, payload: Payload) -> Payload:
    key = payload.get("id") or f"acct_1{random_text(15)}"
    return standin.open_account(key, name=payload.get("name", "A connected business"), connected=True)


def _revoke_account(standin: StripeStandin, payload: Payload) -> Payload:
    accounts.revoke(standin.ground, payload["account"])
    return {"account": payload["account"]}


def _roll_secret(standin: StripeStandin, payload: Payload) -> Payload:
    """Give an endpoint another secret; for `hours` both sign."""
    scope = _scope(standin, payload)
    rolled = endpoints.roll_secret(scope, payload["endpoint"], int(payload.get("hours", 24)))
    return {"endpoint": public(rolled)}


ORDERS: dict[str, Order] = {
    **money_orders.ORDERS,
    "connect_account": _connect_account,
    "deliveries": _deliveries,
    "hold": _hold,
    "journal": _journal,
    "oracle": _oracle,
    "pay": _pay,
    "resend": _resend,
    "revoke_account": _revoke_account,
    "roll_secret": _roll_secret,
    "state": _state,
    "switches": _switches,
    "webhooks": _webhooks,
}
