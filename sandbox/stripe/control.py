"""The orders of the control plane: what a test, a demo or a person can make happen at the stand-in.

Each order is a function of its payload. Law: orders go through the same functions as the API and the clock do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandbox.stripe import (
    accounts,
    balance,
    cards,
    challenges,
    debits,
    disputes,
    endpoints,
    payouts,
    refunds,
)
from sandbox.stripe.api import Answer, Request
from sandbox.stripe.errors import ApiError
from sandbox.stripe.scope import KINDS, Obj, Scope, public, random_text

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin

Payload = dict[str, Any]
Order = Callable[["StripeStandin", Payload], Payload]


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


def _pending(scope: Scope, payload: Payload) -> Obj:
    return debits.pending_charge(scope, scope.need("payment_intents", payload["payment_intent"], "payment_intent"))


def _settle_debit(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    charge = _pending(scope, payload)
    debits.succeed(scope, charge)
    return {"charge": public(charge)}


def _fail_debit(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    charge = _pending(scope, payload)
    debits.fail(scope, charge, payload.get("code", "insufficient_funds"))
    return {"charge": public(charge)}


def _charge(scope: Scope, payload: Payload) -> Obj:
    if key := payload.get("charge"):
        return scope.need("charges", key, "charge")
    intent = scope.need("payment_intents", payload["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise ValueError(f"the payment is {intent['status']}, not succeeded")
    return scope.need("charges", intent["latest_charge"], "charge")


def _return_debit(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    charge = _charge(scope, payload)
    if "us_bank_account" not in charge["payment_method_details"] or charge["status"] != "succeeded":
        raise ValueError("only a settled bank debit can be returned")
    dispute = disputes.returned(scope, charge, payload.get("reason", "insufficient_funds"))
    return {"dispute": public(dispute)}


def _dispute(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    reason = payload.get("reason", "fraudulent")
    dispute = disputes.open_dispute(scope, _charge(scope, payload), reason, amount=payload.get("amount"))
    return {"dispute": public(dispute)}


def _close_dispute(standin: StripeStandin, payload: Payload) -> Payload:
    scope = _scope(standin, payload)
    status = payload["status"]
    if status not in ("won", "lost", "warning_closed"):
        raise ValueError("a dispute closes as won, lost or warning_closed")
    dispute = disputes.close_as(scope, scope.need("disputes", payload["dispute"], "dispute"), status)
    return {"dispute": public(dispute)}


def _refund(standin: StripeStandin, payload: Payload) -> Payload:
    """Refund as a person does in the dashboard: the event carries no request of ours."""
    scope = _scope(standin, payload)
    wanted = {name: payload[name] for name in ("charge", "payment_intent", "amount", "reason") if payload.get(name)}
    return {"refund": public(refunds.create(scope, wanted))}


def _fail_refund(standin: StripeStandin, payload: Payload) -> Payload:
    return {"refund": public(refunds.fail(_scope(standin, payload), payload["refund"]))}


def _payout(standin: StripeStandin, payload: Payload) -> Payload:
    return {"payout": public(payouts.pay_out(_scope(standin, payload), payload.get("currency", "usd")))}


def _arrive(standin: StripeStandin, payload: Payload) -> Payload:
    return {"payout": public(payouts.arrive(_scope(standin, payload), payload["payout"]))}


def _fail_payout(standin: StripeStandin, payload: Payload) -> Payload:
    code = payload.get("code", "account_closed")
    return {"payout": public(payouts.fail(_scope(standin, payload), payload["payout"], code))}


def _release(standin: StripeStandin, payload: Payload) -> Payload:
    """Make everything pending available now."""
    scope = _scope(standin, payload)
    for row in scope.all("balance_transactions"):
        if row["status"] == "pending":
            scope.change(row, available_on=scope.now)
    balance.release(scope)
    return {"balance": balance.current(scope)}


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
    """Confirm an intent as a browser would, through the same endpoint: by card, bank account or saved method."""
    scope = _scope(standin, payload)
    intent = scope.need("payment_intents", payload["payment_intent"], "payment_intent")
    keys = standin.ground.shelf.all(accounts.KEYS)[scope.account]
    form = {"client_secret": intent["client_secret"], "use_stripe_sdk": "true", **_details(standin, keys, payload)}
    path = f"/v1/payment_intents/{intent['id']}/confirm"
    answer = _browse(standin, keys, path, form)
    if answer.status == 200 and answer.body["status"] == "requires_action" and "challenge" in payload:
        challenges.finish(scope, intent, passed=payload["challenge"] == "complete")
    return {"status": answer.status, "answer": answer.body, "payment_intent": public(intent)}


def _details(standin: StripeStandin, keys: Obj, payload: Payload) -> dict[str, str]:
    """Return the form fields of what the payer chose."""
    if method := payload.get("payment_method"):
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


ORDERS: dict[str, Order] = {
    "arrive": _arrive,
    "close_dispute": _close_dispute,
    "connect_account": _connect_account,
    "deliveries": _deliveries,
    "dispute": _dispute,
    "fail_debit": _fail_debit,
    "fail_payout": _fail_payout,
    "fail_refund": _fail_refund,
    "journal": _journal,
    "oracle": _oracle,
    "pay": _pay,
    "payout": _payout,
    "refund": _refund,
    "release": _release,
    "resend": _resend,
    "return_debit": _return_debit,
    "revoke_account": _revoke_account,
    "settle_debit": _settle_debit,
    "state": _state,
    "switches": _switches,
    "webhooks": _webhooks,
}
