"""Account links: the address at which an owner tells Stripe about a business, and what the owner told.

Law: a link opens once and within minutes; what it opened stays open for its visitor for an hour.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe import accounts, banks, businesses
from sandbox.stripe.errors import ApiError, bad_parameter
from sandbox.stripe.scope import Ground, Obj, Scope, random_text

_LINKS, _LINK_SECONDS, _VISIT_SECONDS = "_account_links", 300, 3600
_KINDS = ("company", "individual", "non_profit")


def create(scope: Scope, params: dict[str, Any]) -> Obj:
    """Make an address at which the owner of a connected account goes on; it serves once."""
    account = accounts.retrieve(scope, {}, params["account"])
    for name in ("refresh_url", "return_url"):
        if not (params.get(name) or "").startswith(("http://", "https://")):
            raise bad_parameter(name, f"You must provide a valid {name}.", "url_invalid")
    if params["type"] == "account_update" and account["controller"].get("requirement_collection") != "application":
        message = "You cannot create account_update type Account Links for this account."
        raise ApiError(400, message, param="type")
    token = random_text(12)
    kept = {
        "account": account["id"],
        "refresh_url": params["refresh_url"],
        "return_url": params["return_url"],
        "until": scope.now + _LINK_SECONDS,
        "visit": None,
    }
    scope.ground.shelf.put(_LINKS, token, kept)
    return {
        "object": "account_link",
        "created": scope.now,
        "expires_at": scope.now + _LINK_SECONDS,
        "url": f"{scope.ground.public_url}/setup/s/{account['id']}/{token}",
    }


def opened(ground: Ground, account: str, token: str) -> tuple[str | None, str | None]:
    """Open a link: returns the visit it begins, or else the address to refresh it at; neither for an unknown link."""
    link = ground.shelf.get(_LINKS, token)
    if link is None or link["account"] != account:
        return None, None
    if link["visit"] is not None or link["until"] <= ground.clock.seconds():
        return None, str(link["refresh_url"])
    visit = random_text(24)
    ground.shelf.put(_LINKS, token, {**link, "visit": visit, "until": ground.clock.seconds() + _VISIT_SECONDS})
    return visit, None


def visited(ground: Ground, visit: str) -> Obj | None:
    """Return the link that a visit belongs to, while it lasts."""
    for link in ground.shelf.all(_LINKS).values():
        if link["visit"] == visit and link["until"] > ground.clock.seconds():
            return link
    return None


def complaints(form: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with what an owner told, by field, in sentences."""
    wrong = {}
    if not form.get("name", "").strip():
        wrong["name"] = "Enter the name of the business."
    if form.get("business_type") not in _KINDS:
        wrong["business_type"] = "Choose what kind of business it is."
    if form.get("routing_number", "").strip() not in banks.ROUTING_NUMBERS:
        wrong["routing_number"] = f"Use a test routing number: {' or '.join(banks.ROUTING_NUMBERS)}."
    if form.get("account_number", "").strip() not in banks.BY_NUMBER:
        wrong["account_number"] = "Use a test account number, such as 000123456789."
    if not form.get("agreed"):
        wrong["agreed"] = "Agree to the terms to go on."
    return wrong


def submit(scope: Scope, account: Obj, form: dict[str, str]) -> None:
    """Enable an account with what its owner told, which was found right, and say so."""
    facts = {
        "name": form["name"].strip(),
        "business_type": form["business_type"],
        "url": form.get("url", "").strip() or None,
        "email": form.get("email", "").strip() or None,
        "last4": form["account_number"].strip()[-4:],
    }
    accounts.change(scope, account, businesses.enabled(scope, account, facts))
