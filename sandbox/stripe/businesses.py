"""What an account looks like: its business, its bank account, what Stripe still wants to know, what it may do.

Knows neither keys nor who may read it. Law: an account takes money only once its details were submitted.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import methods
from sandbox.stripe.errors import bad_parameter
from sandbox.stripe.scope import Obj, Scope, new_id, random_text

USUAL = ("card_payments", "link_payments", "transfers", "us_bank_account_ach_payments")
_NO_ADDRESS: Obj = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
# What an account must tell before it may take money (decided by us: the commonest of Stripe's long list).
WANTED = (
    "business_profile.mcc",
    "business_profile.url",
    "business_type",
    "external_account",
    "tos_acceptance.date",
    "tos_acceptance.ip",
)
# The legacy kinds of account, in today's words.
_CONTROLLERS: dict[str, tuple[str, str, str, str]] = {
    "standard": ("account", "stripe", "stripe", "full"),
    "express": ("application_express", "application", "stripe", "express"),
    "custom": ("application_custom", "application", "application", "none"),
}


def bank(scope: Scope, *, currency: str = "usd", last4: str = "6789") -> Obj:
    """Return a new bank account of this account, to be kept by the caller."""
    return {
        "id": new_id("ba_"),
        "object": "bank_account",
        "account": scope.account,
        "account_holder_name": None,
        "account_holder_type": None,
        "account_type": None,
        "available_payout_methods": ["standard"],
        "bank_name": "STRIPE TEST BANK",
        "country": "US",
        "currency": currency,
        "default_for_currency": True,
        "fingerprint": random_text(16),
        "future_requirements": None,
        "last4": last4,
        "metadata": {},
        "requirements": None,
        "routing_number": "110000000",
        "status": "new",
    }


def opened(scope: Scope, name: str, destination: Obj) -> Obj:
    """Return an account that is ready to take money and pays out to the bank account given."""
    account = blank(scope, kind="standard", controller=None)
    account["business_profile"]["name"] = name
    account["business_type"] = "company"
    account["capabilities"] = dict.fromkeys(USUAL, "active")
    account["controller"] = {"type": "account", "fees": {"payer": "account"}}
    account["email"] = "owner@example.com"
    account["settings"] |= {
        "card_payments": {**account["settings"]["card_payments"], "statement_descriptor_prefix": name[:10].upper()},
        "dashboard": {"display_name": name, "timezone": "Etc/UTC"},
        "payments": {**account["settings"]["payments"], "statement_descriptor": name[:22].upper()},
    }
    account |= {
        "requirements": requirements([]),
        "charges_enabled": True,
        "details_submitted": True,
        "payouts_enabled": True,
    }
    account["tos_acceptance"]["date"] = scope.now
    return pay_out_to(account, destination)


def blank(scope: Scope, *, kind: str | None, controller: Obj | None) -> Obj:
    """Return an account about which nothing is known yet, of a legacy kind or with a controller."""
    return {
        "id": scope.account,
        "object": "account",
        "business_profile": {
            **dict.fromkeys(("mcc", "name", "product_description", "url")),
            **dict.fromkeys(("support_email", "support_phone", "support_url", "support_address")),
        },
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": controller_of(kind, controller),
        "country": "US",
        "created": scope.now,
        "default_currency": "usd",
        "details_submitted": False,
        "email": None,
        "external_accounts": {
            "object": "list",
            "url": f"/v1/accounts/{scope.account}/external_accounts",
            "has_more": False,
            "data": [],
        },
        "future_requirements": requirements([], future=True),
        "metadata": {},
        "payouts_enabled": False,
        "requirements": requirements(list(WANTED)),
        "settings": _settings(),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": kind or "none",
        "_bank": None,
        "_currencies": ["usd"],
    }


def _settings() -> Obj:
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": None},
        "payments": dict.fromkeys(
            ("statement_descriptor", "statement_descriptor_kana", "statement_descriptor_kanji"),
        ),
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }


def controller_of(kind: str | None, given: Obj | None) -> Obj:
    """Return who answers for an account, from a legacy kind or from the controller asked for."""
    payer, losses, collection, dashboard = _CONTROLLERS[kind or "standard"]
    given = given or {}
    return {
        "fees": {"payer": (given.get("fees") or {}).get("payer", payer)},
        "is_controller": True,
        "losses": {"payments": (given.get("losses") or {}).get("payments", losses)},
        "requirement_collection": given.get("requirement_collection", collection),
        "stripe_dashboard": {"type": (given.get("stripe_dashboard") or {}).get("type", dashboard)},
        "type": "application",
    }


def requirements(due: list[str], *, future: bool = False) -> Obj:
    """Return what is still to be told; while anything is due the account is not enabled."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": list(due),
        "disabled_reason": "requirements.past_due" if due and not future else None,
        "errors": [],
        "eventually_due": list(due),
        "past_due": list(due),
        "pending_verification": [],
    }


def pay_out_to(account: Obj, destination: Obj) -> Obj:
    """Return the account with this bank account as the one it pays out to."""
    account["external_accounts"] = {**account["external_accounts"], "data": [destination]}
    account["_bank"] = destination["id"]
    return account


def told(account: Obj, params: dict[str, Any]) -> Obj:
    """Return the fields of an account that the parameters set, merged into what it holds; raises ApiError for a
    capability Stripe has not.
    """
    fields: Obj = {name: params[name] for name in ("email", "business_type") if name in params}
    if "default_currency" in params and params["default_currency"] not in account["_currencies"]:
        raise bad_parameter("default_currency", "This account has no bank account in that currency.")
    if profile := params.get("business_profile"):
        fields["business_profile"] = {**account["business_profile"], **_addressed(profile)}
    if settings := params.get("settings"):
        fields["settings"] = {
            name: {**part, **_visible(name, settings.get(name, {}))} for name, part in account["settings"].items()
        }
    if "metadata" in params:
        fields["metadata"] = methods.merged_metadata(account["metadata"], params["metadata"])
    if wishes := params.get("capabilities"):
        state = "active" if account["details_submitted"] else "inactive"
        asked = {name: state for name, wish in wishes.items() if wish.get("requested")}
        dropped = {name for name, wish in wishes.items() if wish.get("requested") is False}
        held = {name: word for name, word in account["capabilities"].items() if name not in dropped}
        fields["capabilities"] = {**held, **asked}
    if accepted := params.get("tos_acceptance"):
        fields["tos_acceptance"] = {**account["tos_acceptance"], **accepted}
    return fields


def _addressed(profile: Obj) -> Obj:
    if address := profile.get("support_address"):
        return {**profile, "support_address": {**_NO_ADDRESS, **address}}
    return profile


def _visible(name: str, part: Obj) -> Obj:
    """Return the settings in the shape they are answered in: a minimal delay is that of the country, two days."""
    if name == "payouts" and part.get("schedule"):
        schedule = {"delay_days": 2, "interval": "daily", **part["schedule"]}
        schedule["delay_days"] = 2 if schedule["delay_days"] == "minimum" else schedule["delay_days"]
        return {**part, "schedule": schedule}
    return part


def enabled(scope: Scope, account: Obj, facts: Obj) -> Obj:
    """Return the fields of an account whose owner has told everything: it may take money and be paid out."""
    name = facts["name"]
    destination = scope.keep(bank(scope, last4=facts["last4"]))
    capabilities = {**dict.fromkeys(account["capabilities"] or USUAL, "active")}
    settings = {
        **account["settings"],
        "card_payments": {**account["settings"]["card_payments"], "statement_descriptor_prefix": name[:10].upper()},
        "dashboard": {**account["settings"]["dashboard"], "display_name": name},
        "payments": {**account["settings"]["payments"], "statement_descriptor": name[:22].upper()},
    }
    return {
        "business_profile": {
            **account["business_profile"],
            "mcc": "5211",
            "name": name,
            "url": facts["url"],
        },
        "business_type": facts["business_type"],
        "capabilities": capabilities,
        "charges_enabled": True,
        "details_submitted": True,
        "email": account["email"] or facts["email"],
        "external_accounts": {**account["external_accounts"], "data": [destination]},
        "payouts_enabled": True,
        "requirements": requirements([]),
        "settings": settings,
        "tos_acceptance": {"date": scope.now, "ip": scope.asker.ip, "user_agent": scope.asker.user_agent},
        "_bank": destination["id"],
    }
