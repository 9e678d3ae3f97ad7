"""Stripe in a dozen verbs, for one account: intents, charges, balance, balance transactions, payouts.

Gives the values of `connector.stripe.facts` and raises `connector.errors` only. The SDK's raw requests are used: its
services would make an object of each part of an answer, of which a few fields are read. Laws: every creation carries
our own idempotency key; every call to the outside is wrapped so that none can happen while a write is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote_plus

from connector.clock import Clock
from connector.ledger.money import Money
from connector.stripe import reading
from connector.stripe.facts import AccountFacts, BalanceTxn, Charge, Intent, Method, NewIntent, Payout, Setup
from connector.stripe.wire import call, client_of

# What a restricted key must be allowed; disputes and refunds come as sources of balance transactions.
WRITES = ("Customers", "Payment Intents", "Payment Methods", "Payment Method Domains", "Setup Intents")
READS = (
    *("Accounts", "Balance", "Balance Transactions", "Charges", "Confirmation Tokens", "Disputes", "Payouts"),
    "Refunds",
)
PAGE = 100
KEY_HOURS = 23  # Stripe may forget a key after 24 hours; older ones are looked up, never sent again
KEPT = ("card", "us_bank_account")  # what may be kept for later
_PAYMENTS = "payments"  # the balance we prove; Stripe keeps others for cards it issues and money it lends
_WITH_CHARGE = ["latest_charge.balance_transaction"]


class StripeGateway:
    """The account of one company, reached by its own key or, `on_behalf` of it, by the platform's."""

    def __init__(self, *, account: str, secret_key: str, api_base: str, clock: Clock, on_behalf: bool = False) -> None:
        self.stripe_account = account
        self._clock = clock
        self._client = client_of(secret_key, api_base, account=account if on_behalf else "")

    def account(self) -> AccountFacts:
        """Return whose key this is, as Stripe says it now. Only the balance tells live mode from test mode."""
        raw = self._read("account.read", "account")
        balance = self._read("balance.read", "balance")
        shown = (raw.get("settings") or {}).get("dashboard") or {}
        name = (raw.get("business_profile") or {}).get("name") or shown.get("display_name") or ""
        may_charge = bool(raw.get("charges_enabled"))
        return AccountFacts(raw["id"], livemode=bool(balance["livemode"]), name=name, may_charge=may_charge)

    def create_intent(self, new: NewIntent, *, key: str) -> Intent:
        """Create a PaymentIntent under our own idempotency key; the same key gives the same intent for 23 hours.

        Raises UnknownOutcome when it may exist, Rejected when Stripe said no.
        """
        params: dict[str, Any] = {
            "amount": new.amount.minor,
            "currency": new.amount.currency.lower(),
            "automatic_payment_methods": {"enabled": True},
            "description": new.description,
            "metadata": {**new.metadata, reading.PAYMENT_KEY: new.payment_id},
            "expand": _WITH_CHARGE,
        }
        if new.customer:
            params["customer"] = new.customer
        if new.without_payer:
            params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
        if new.keeps:
            params["setup_future_usage"] = "off_session"
        if new.statement_suffix:
            params["statement_descriptor_suffix"] = new.statement_suffix
        return reading.intent_of(self._write("intent.create", "payment_intents", key=key, **params))

    def confirm_kept(self, intent_id: str, method_ref: str, *, key: str) -> Intent:
        """Confirm an intent with a kept method whose owner is not there, under our own idempotency key.

        Raises Rejected when the bank refuses it, or when it was confirmed before; UnknownOutcome when nobody can tell.
        """
        params = {"payment_method": method_ref, "off_session": True, "expand": _WITH_CHARGE}
        raw = self._write("intent.confirm", "payment_intents", intent_id, "confirm", key=key, **params)
        return reading.intent_of(raw)

    def create_customer(self, *, email: str, metadata: dict[str, str], key: str) -> str:
        """Create who keeps methods, under our own key; returns its id."""
        params = {"email": email, "metadata": metadata}
        return str(self._write("customer.create", "customers", key=key, **params)["id"])

    def create_setup(self, customer: str, *, metadata: dict[str, str], key: str) -> Setup:
        """Begin to keep a card or a bank account for payments that its owner starts."""
        params = {"customer": customer, "allowed_payment_method_types": list(KEPT), "metadata": metadata}
        return reading.setup_of(self._write("setup.create", "setup_intents", key=key, **params))

    def setup(self, setup_ref: str) -> Setup:
        """Return a setup as it stands. Raises NotFound."""
        return reading.setup_of(self._read("setup.read", "setup_intents", setup_ref))

    def cancel_setup(self, setup_ref: str) -> None:
        """Cancel a setup that waits. Raises Rejected when its method is kept already, or it was cancelled."""
        self._write("setup.cancel", "setup_intents", setup_ref, "cancel")

    def method(self, method_ref: str) -> Method:
        """Return a kept method as it stands; one that was taken away has no customer. Raises NotFound."""
        return reading.method_of(self._read("method.read", "payment_methods", method_ref))

    def chosen(self, token: str) -> Method:
        """Return the method that a payer's browser holds ready to confirm with. Raises NotFound."""
        return reading.chosen_of(self._read("token.read", "confirmation_tokens", token))

    def detach(self, method_ref: str) -> None:
        """Let Stripe forget a kept method. Raises Rejected when it is forgotten already."""
        self._write("method.detach", "payment_methods", method_ref, "detach")

    def intent(self, intent_id: str) -> Intent:
        """Return an intent as it stands, with its latest charge. Raises NotFound."""
        return reading.intent_of(self._read("intent.read", "payment_intents", intent_id, expand=_WITH_CHARGE))

    def cancel_intent(self, intent_id: str) -> Intent:
        """Cancel an intent that nobody finished. Raises Rejected when money is already under way or taken."""
        params: dict[str, Any] = {"cancellation_reason": "abandoned", "expand": _WITH_CHARGE}
        return reading.intent_of(self._write("intent.cancel", "payment_intents", intent_id, "cancel", **params))

    def find_intent(self, payment_id: str, since: datetime) -> Intent | None:
        """Look for the intent of a payment made at `since`, by its metadata, among those of the day that followed."""
        start, end = since - timedelta(minutes=10), since + timedelta(hours=KEY_HOURS + 2)
        params = {"created": {"gte": _seconds(start), "lte": _seconds(end)}}
        for raw in self._pages("intent.list", "payment_intents", params):
            if (raw.get("metadata") or {}).get(reading.PAYMENT_KEY) == payment_id:
                return self.intent(raw["id"])
        return None

    def charge(self, charge_id: str) -> Charge:
        """Return a charge as it stands, with its balance transaction. Raises NotFound."""
        return reading.charge_of(self._read("charge.read", "charges", charge_id, expand=["balance_transaction"]))

    def balance(self) -> dict[str, Money]:
        """Return what is on the account, available and pending together, by currency."""
        return reading.balance_of(self._read("balance.read", "balance"))

    def balance_txns(self, *, since: datetime | None = None, payout: str | None = None) -> Iterator[BalanceTxn]:
        """Yield balance transactions of payments, newest first: those since an instant, or those of a payout.

        Stripe knows the transactions of a payout only when it made it itself and has finished sorting them.
        """
        params: dict[str, Any] = {"expand": ["data.source"]}
        if since:
            params["created"] = {"gte": _seconds(since)}
        if payout:
            params["payout"] = payout
        for raw in self._pages("balance_txn.list", "balance_transactions", params):
            if raw.get("balance_type") in (None, _PAYMENTS):
                yield reading.txn_of(raw, payout_id=payout or "")

    def payouts(self, since: datetime) -> Iterator[Payout]:
        """Yield payouts created since an instant, newest first."""
        for raw in self._pages("payout.list", "payouts", {"created": {"gte": _seconds(since)}}):
            yield reading.payout_of(raw)

    def payout(self, payout_id: str) -> Payout:
        """Return a payout as it stands. Raises NotFound."""
        return reading.payout_of(self._read("payout.read", "payouts", payout_id))

    def register_host(self, host: str) -> bool:
        """Register a host whose pages may show wallets, unless it is; returns whether it is switched on.

        Raises Rejected for a name that Stripe does not take, Unauthorised for a key without that right.
        """
        known = self._read("domain.list", "payment_method_domains", domain_name=host)
        for domain in known["data"]:
            return bool(domain["enabled"])  # switched off by hand at Stripe: that is left as it is
        key = f"tieout/{self.stripe_account}/domain/{host}"
        return bool(self._write("domain.create", "payment_method_domains", key=key, domain_name=host)["enabled"])

    def _read(self, name: str, /, *path: str, **params: Any) -> dict[str, Any]:
        """Read what is at a path of the API: a resource, an id."""
        send = partial(self._client.raw_request, "get", _url(path), **params)
        return self._answer(name, send, writes=False)

    def _write(self, name: str, /, *path: str, key: str | None = None, **params: Any) -> dict[str, Any]:
        """Post to a path of the API: a resource, an id, a verb. Without a `key` the SDK makes one for its own tries."""
        send = partial(self._client.raw_request, "post", _url(path), idempotency_key=key, **params)
        return self._answer(name, send, writes=True)

    def _answer(self, name: str, send: Callable[[], Any], *, writes: bool) -> dict[str, Any]:
        answer: dict[str, Any] = call(f"stripe.{name}", send, clock=self._clock, writes=writes).data
        return answer

    def _pages(self, name: str, resource: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the objects of a list, page by page, each page a call of its own."""
        asked: dict[str, Any] = {**params, "limit": PAGE}
        while True:
            page = self._read(name, resource, **asked)
            yield from page["data"]
            if not page.get("has_more") or not page["data"]:
                return
            asked = {**asked, "starting_after": page["data"][-1]["id"]}


def _url(path: tuple[str, ...]) -> str:
    """Return the address of a path: an id names one object and no other path, whatever it holds."""
    return "/v1/" + "/".join(map(quote_plus, path))


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
