"""Payment methods: made of Stripe's test tokens, cards and bank accounts, attached to customers and detached.

Law: a number that is not one of the published test numbers is refused and never kept.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.stripe import banks, cards, connections, events, lists
from sandbox.stripe.errors import ApiError, bad_parameter, unplayed
from sandbox.stripe.scope import Obj, Scope, new_id

_TYPES = ("card", "us_bank_account", "link")
_LAST_MONTH, _CENTURY = 12, 100
_NO_ADDRESS: Obj = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_SPENT = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, "
    "and may not be used again."
)


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make a payment method from its details."""
    if key := params.get("payment_method"):
        return _cloned(scope, key, params.get("customer"))
    kind = params.get("type") or next((name for name in _TYPES if params.get(name)), None)
    if kind is None:
        raise bad_parameter("type", "Missing required param: type.", "parameter_missing")
    return new(scope, {**params, "type": kind})


def new(scope: Scope, data: dict[str, Any]) -> Obj:
    """Return a stored payment method made of `payment_method_data`. Raises ApiError for unknown numbers."""
    if data["type"] not in _TYPES:
        raise unplayed(f"payment_method_data[type]={data['type']}")
    if data["type"] == "link":
        return _stored(scope, data, *_link(data))
    details = data.get(data["type"])
    if not isinstance(details, dict):
        raise bad_parameter(data["type"], f"Missing required param: {data['type']}.", "parameter_missing")
    part, notes = (_card if data["type"] == "card" else _bank)(scope, details)
    if data["type"] == "card":
        part["checks"] = cards.checks(part["checks"], (data.get("billing_details") or {}).get("address") or {})
    return _stored(scope, data, part, notes)


def _cloned(scope: Scope, key: str, customer: str | None) -> Obj:
    """Copy a platform's payment method to the connected account that asks. Raises ApiError when there is none."""
    platform = Scope(scope.ground, scope.ground.platform)
    held = platform.need("payment_methods", key, "payment_method", status=400)
    if scope.account == platform.account:
        raise bad_parameter("payment_method", "You can only clone a PaymentMethod to a connected account.")
    refuse_foreign(held, customer)
    data = {"type": held["type"], "billing_details": held["billing_details"]}
    return _stored(scope, data, held[held["type"]], {"_number": held["_number"], "_verified": held.get("_verified")})


def _link(data: dict[str, Any]) -> tuple[Obj, Obj]:
    """Return a Link wallet, which pays with one of the test cards (the first unless another is named)."""
    details = data.get("link")
    number = details.get("number") if isinstance(details, dict) else None
    if number is not None and number not in cards.BY_NUMBER:
        raise bad_parameter("link[number]", "No such test card.")
    part = {"email": (data.get("billing_details") or {}).get("email"), "persistent_token": None}
    return part, {"_number": number or cards.CARDS[0].number}


def _stored(scope: Scope, data: dict[str, Any], part: Obj, notes: Obj) -> Obj:
    billing = data.get("billing_details") or {}
    method: Obj = {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": data.get("allow_redisplay") or "unspecified",
        "billing_details": {
            "address": {**_NO_ADDRESS, **(billing.get("address") or {})},
            **{name: billing.get(name) for name in ("email", "name", "phone", "tax_id")},
        },
        data["type"]: part,
        "created": scope.now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": data.get("metadata") or {},
        "type": data["type"],
        **notes,
    }
    return scope.keep(method)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _card_error(code: str, message: str, param: str) -> ApiError:
    return ApiError(402, message, kind="card_error", code=code, param=param)


def _card(scope: Scope, details: dict[str, Any]) -> tuple[Obj, Obj]:
    if token := details.get("token"):
        return _of_token(scope, token)
    number = "".join(str(details.get("number") or "").split())
    if not number.isascii() or not number.isdigit() or not cards.passes_luhn(number):
        raise _card_error("incorrect_number", "Your card number is incorrect.", "number")
    if number not in cards.BY_NUMBER:
        raise ApiError(
            402,
            "Your card was declined. Your request was in test mode, but used a non test card.",
            kind="card_error",
            code="card_declined",
            decline_code="test_mode_live_card",
        )
    card = cards.BY_NUMBER[number]
    month, year = _expiry(scope, details)
    cvc = str(details.get("cvc") or "")
    if cvc and not (cvc.isdigit() and len(cvc) == (4 if card.brand == "amex" else 3)):
        raise _card_error("invalid_cvc", "Your card's security code is invalid.", "cvc")
    return _card_part(card, month, year, checked=bool(cvc)), {"_number": number}


def _of_token(scope: Scope, token: str) -> tuple[Obj, Obj]:
    """Return the card of a token: one that a wallet made, which serves once, or one of the published test tokens."""
    year = scope.ground.clock.now().year + 1
    if made := scope.find(token):
        if made["_used"]:
            raise ApiError(400, f"You cannot use a Stripe token more than once: {token}.", code="token_already_used")
        scope.change(made, _used=True)
        card = cards.BY_NUMBER[made["_number"]]
        return {**_card_part(card, 12, year, checked=False), "wallet": made["_wallet"]}, {"_number": card.number}
    published = cards.BY_TOKEN.get(token.replace("tok_", "pm_card_", 1))
    if published is None:
        raise ApiError(400, f"No such token: '{token}'", code="resource_missing", param="card[token]")
    return _card_part(published, 12, year, checked=True), {"_number": published.number}


def _expiry(scope: Scope, details: dict[str, Any]) -> tuple[int, int]:
    month, year = int(details.get("exp_month") or 0), int(details.get("exp_year") or 0)
    year += 2000 if 0 < year < _CENTURY else 0
    today = scope.ground.clock.now()
    if not 1 <= month <= _LAST_MONTH:
        raise _card_error("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month")
    if (year, month) < (today.year, today.month):
        raise _card_error("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year")
    return month, year


def _card_part(card: cards.Card, month: int, year: int, *, checked: bool) -> Obj:
    checks: Obj = dict.fromkeys(("address_line1_check", "address_postal_code_check", "cvc_check"))
    checks["cvc_check"] = "pass" if checked else None
    checks.update(dict.fromkeys(card.failing_check, "fail"))
    return {
        "brand": card.brand,
        "checks": checks,
        "country": "US",
        "display_brand": {"amex": "american_express", "diners": "diners_club"}.get(card.brand, card.brand),
        "exp_month": month,
        "exp_year": year,
        "fingerprint": _fingerprint(card.number),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank(scope: Scope, details: dict[str, Any]) -> tuple[Obj, Obj]:
    connection = details.get("financial_connections_account")
    if connection is not None:
        linked = scope.need("connections", connection, "us_bank_account[financial_connections_account]", status=400)
        account = banks.BY_NUMBER[linked["_number"]]
        bank_name, routing = linked["institution_name"], "110000000"
    else:
        account, routing = _typed_account(details)
        bank_name = banks.ROUTING_NUMBERS[routing]
    part = {
        "account_holder_type": details.get("account_holder_type") or "individual",
        "account_type": details.get("account_type") or "checking",
        "bank_name": bank_name,
        "financial_connections_account": connection,
        "fingerprint": _fingerprint(account.number),
        "last4": account.number[-4:],
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": routing,
        "status_details": {},
    }
    return part, {"_number": account.number, "_verified": connection is not None}


def _typed_account(details: dict[str, Any]) -> tuple[banks.BankAccount, str]:
    routing = str(details.get("routing_number") or "")
    if routing not in banks.ROUTING_NUMBERS:
        message = f"The routing number is not a test one; use {' or '.join(banks.ROUTING_NUMBERS)}."
        raise bad_parameter("us_bank_account[routing_number]", message, "routing_number_invalid")
    number = str(details.get("account_number") or "")
    if number not in banks.BY_NUMBER:
        message = "The account number is not one of the published test numbers."
        raise bad_parameter("us_bank_account[account_number]", message, "account_number_invalid")
    return banks.BY_NUMBER[number], routing


def from_token(scope: Scope, token: str) -> Obj | None:
    """Return a fresh payment method for one of Stripe's test tokens, or None when it is not one."""
    data: dict[str, Any] = {"type": "card"}
    if token in cards.BY_TOKEN:
        card = cards.BY_TOKEN[token]
        year = scope.ground.clock.now().year + 1
        return _stored(scope, data, _card_part(card, 12, year, checked=True), {"_number": card.number})
    if token in banks.BY_TOKEN:
        details = {"account_number": banks.BY_TOKEN[token].number, "routing_number": "110000000"}
        part, notes = _bank(scope, details)
        data = {"type": "us_bank_account", "billing_details": {"name": "Jenny Rosen", "email": "jenny@example.com"}}
        verified = not banks.BY_TOKEN[token].microdeposits_fail
        return _stored(scope, data, part, {**notes, "_verified": verified})
    return None


def resolve(scope: Scope, key: str, param: str = "payment_method") -> Obj:
    """Return the payment method of an id or a test token. Raises ApiError when there is none, or it may not be used."""
    method = from_token(scope, key) or scope.need("payment_methods", key, param, status=400)
    if method.get("_spent"):
        raise ApiError(400, _SPENT, code="payment_method_unexpected_state", param=param)
    return method


def refuse_foreign(method: Obj, customer: str | None) -> None:
    """Raise ApiError when the payment method belongs to another customer than the one who pays."""
    if method["customer"] is None or method["customer"] == customer:
        return
    if customer is None:
        message = (
            "The payment method you provided is attached to a customer so for security purposes you must provide "
            "the customer in the request."
        )
        raise ApiError(400, message, param="payment_method")
    message = (
        f"The customer does not have a payment method with the ID {method['id']}. The payment method must be "
        "attached to the customer."
    )
    raise ApiError(400, message, code="resource_missing", param="payment_method")


def attach_to(scope: Scope, method: Obj, customer: str) -> None:
    """Attach a payment method and say so; attached already is fine."""
    if method["customer"] == customer:
        return
    scope.change(method, customer=customer)
    connections.hold(scope, method.get("us_bank_account", {}).get("financial_connections_account"), customer)
    events.emit(scope, "payment_method.attached", method)


def retrieve(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Return one payment method."""
    return scope.need("payment_methods", key, "payment_method")


def update(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Change billing details, expiry, redisplay or metadata."""
    method = retrieve(scope, params, key)
    billing, fields = params.get("billing_details") or {}, {}
    if billing:
        address = {**method["billing_details"]["address"], **(billing.get("address") or {})}
        fields["billing_details"] = {**method["billing_details"], **billing, "address": address}
    for part in ("card", "us_bank_account"):
        if part in params and part in method:
            fields[part] = {**method[part], **params[part]}
    if "allow_redisplay" in params:
        fields["allow_redisplay"] = params["allow_redisplay"]
    if "metadata" in params:
        fields["metadata"] = merged_metadata(method["metadata"], params["metadata"])
    previous = scope.change(method, **fields)
    if previous:
        events.emit(scope, "payment_method.updated", method, previous)
    return method


def merged_metadata(held: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """Return metadata with the given keys set, those given empty unset, and all unset when nothing is given."""
    if not given:
        return {}
    return {key: value for key, value in {**held, **given}.items() if value != ""}


def list_all(scope: Scope, params: dict[str, Any]) -> Obj:
    """Return a page of a customer's payment methods."""
    if customer := params.get("customer"):
        scope.need("customers", customer, "customer", status=400)
    rows = [method for method in scope.all("payment_methods") if method["customer"]]
    rows = lists.matching(rows, params, "customer", "type", "allow_redisplay")
    return lists.page(rows, params, "/v1/payment_methods")


def attach(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Attach a payment method to a customer, asking the bank first."""
    customer = scope.need("customers", params.get("customer") or "", "customer", status=400)
    method = attachable(scope, key, customer["id"])
    attach_to(scope, method, customer["id"])
    return method


def attachable(scope: Scope, key: str, customer: str | None = None) -> Obj:
    """Return the payment method of an id or token, the bank having agreed. Raises ApiError when it did not."""
    method = resolve(scope, key)
    if method["customer"] not in (None, customer):
        message = "The payment method you provided has already been attached to a customer."
        raise ApiError(400, message, code="payment_method_already_attached", param="payment_method")
    if method["type"] == "card":
        _ask_bank(cards.BY_NUMBER[method["_number"]])
    return method


def _ask_bank(card: cards.Card) -> None:
    no = card.decline
    if no is not None and card.three_ds == cards.NEVER and not card.attaches_though_declined:
        raise ApiError(402, no.message, kind="card_error", code=no.code, decline_code=no.decline_code)


def detach(scope: Scope, params: dict[str, Any], key: str) -> Obj:
    """Detach a payment method from its customer, for good."""
    method = retrieve(scope, params, key)
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise ApiError(400, message, param="payment_method")
    previous = scope.change(method, customer=None, _spent=True)
    events.emit(scope, "payment_method.detached", method, previous)
    return method
