"""How the demo's company arrives: added, connected by the real consent, its accounts chosen, its history pulled.

Done once; later starts find it as it was left. Law: QuickBooks is connected as a person would do it, over the product's
own pages and the stand-in's consent page, with nothing passed around them.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from sandbox.demo.stage import Stage
from sandbox.demo.visitor import Lost, Page, Visitor

SLUG, NAME = "harbor-tile", "Harbor Tile Co."
OWNER = "olivia@harbortile.example"
CUSTOMER = "Blue Mesa Ranch"
CHOSEN = "All chosen"
DISCOUNT_ITEM = "Early-payment discount"


COMPANY_ADD = ("company", "add", SLUG, NAME)


@dataclass(frozen=True)
class Arrived:
    """What is known of the company after it arrived: a customer, an open invoice of theirs, its link's path."""

    customer: str
    invoice: str
    path: str
    account: str = ""  # the company's Stripe account, where it was connected by consent


def earlier(stage: Stage) -> Arrived | None:
    """Return what an earlier start left, None before the first."""
    kept = stage.folder / "arrived.json"
    if not kept.exists():
        return None
    arrived = Arrived(**json.loads(kept.read_text(encoding="utf-8")))
    if stage.by_consent and not arrived.account:
        raise Lost("What lies here was connected by keys. Add --fresh to start over by consent.")
    stage.account, stage.by_consent = arrived.account, bool(arrived.account)
    return arrived


def arrive(stage: Stage, *, show: bool) -> Arrived:
    """Bring the company in. `show` draws the first pull.

    The worker begins after that pull: a bell that the new connection rings would pull beside us.
    """
    owner = sign_in_owner(stage)
    connect_quickbooks(stage, owner)
    (consent_to_stripe if stage.by_consent else connect_stripe)(stage, owner)
    stage.tieout("pull", "--company", SLUG, show=show)
    stage.start_worker()
    choose_accounts(stage, owner)
    grant(stage, owner)
    number = str(open_invoices(stage)[0]["number"])
    path = urlsplit(stage.tieout("link", number, "--company", SLUG)).path
    arrived = Arrived(CUSTOMER, number, path, stage.account)
    (stage.folder / "arrived.json").write_text(json.dumps(asdict(arrived)), encoding="utf-8")
    return arrived


def register_webhooks(stage: Stage) -> None:
    """Tell both stand-ins where their webhooks go, as an owner does at Intuit's and Stripe's own pages."""
    stage.control("quickbooks/webhooks", {"url": f"{stage.web_url}/hooks/quickbooks"})
    if stage.by_consent:  # one endpoint of the platform, for the events on connected accounts
        stage.control("stripe/webhooks", {"url": f"{stage.web_url}/hooks/stripe", "connect": True})
    else:
        stage.control("stripe/webhooks", {"url": f"{stage.web_url}/hooks/stripe/{SLUG}"})


def owner_link(stage: Stage) -> str:
    """Return a fresh sign-in link for the owner."""
    return stage.tieout("owner", OWNER, "--name", "Olivia Harbor", "--company", SLUG)


def open_invoices(stage: Stage, customer: str = CUSTOMER) -> list[dict[str, Any]]:
    """Return a customer's open invoices, the oldest due first."""
    return list(json.loads(stage.tieout("invoices", "--customer", customer, "--company", SLUG, "--json")))


def sign_in_owner(stage: Stage) -> Visitor:
    """Sign the owner in by a printed link."""
    owner = Visitor()
    page = owner.open(owner_link(stage))
    owner.submit(page, page.form("sign-in"))
    return owner


def connect_quickbooks(stage: Stage, owner: Visitor) -> None:
    """Connect QuickBooks as the owner: press connect, consent at the stand-in, come back."""
    page = _connections(stage, owner)
    consent = owner.submit(page, page.form("/connect/quickbooks/start"))
    if not consent.url.startswith(stage.standins["quickbooks"]["api_base"]):
        raise Lost(f"Connecting led to {consent.url} and not to the consent page: {consent.text[:200]}")
    back = owner.submit(consent, consent.forms[0], ("decision", "connect"))
    if not back.url.startswith(stage.web_url) or "QuickBooks is connected" not in back.text:
        raise Lost(f"The consent led to {back.url}: {back.text[:300]}")


def connect_stripe(stage: Stage, owner: Visitor) -> None:
    """Enter the Stripe keys as the owner."""
    stripe = stage.standins["stripe"]
    page = _connections(stage, owner)
    keys = [(name, stripe[name]) for name in ("secret_key", "publishable_key", "webhook_secret")]
    after = owner.submit(page, page.form("/connections/stripe"), *keys)
    if "Connected to Stripe account" not in after.text:
        raise Lost(f"The Stripe keys were not taken: {after.text[:300]}")


def consent_to_stripe(stage: Stage, owner: Visitor) -> None:
    """Connect Stripe as the owner: press connect, open a business's account on the page of consent, come back."""
    page = _connections(stage, owner)
    consent = owner.submit(page, page.form("/connect/stripe/start"))
    if not consent.url.startswith(stage.standins["stripe"]["api_base"]):
        raise Lost(f"Connecting led to {consent.url} and not to the consent page: {consent.text[:200]}")
    chosen = [("outcome", "connect"), ("account", "new"), ("name", NAME)]
    back = owner.submit(consent, consent.forms[0], *chosen)
    found = re.search(r"Connected to Stripe account (acct_\w+)", back.text)
    if found is None:
        raise Lost(f"The consent led to {back.url}: {back.text[:300]}")
    stage.account = found.group(1)


def choose_accounts(stage: Stage, owner: Visitor) -> None:
    """Take the proposed accounts as the owner, and have QuickBooks make those that are missing."""
    page = _connections(stage, owner)
    if CHOSEN not in page.text:  # an arrival that was cut short may have come as far as this
        page = owner.submit(page, page.form("/connections/accounts"))
    if CHOSEN not in page.text:
        raise Lost(f"A part of the books has no account: {page.text[:500]}")


def grant(stage: Stage, owner: Visitor) -> None:
    """Grant the discounts of 2% 10 Net 30, booked on the seed's item for them, and take payments on account."""
    page = owner.open(f"{stage.web_url}/staff/settings/paying")
    item = re.search(rf'<option value="(\d+)"[^>]*>{DISCOUNT_ITEM}<', page.html)
    if item is None:
        raise Lost(f"QuickBooks has no item {DISCOUNT_ITEM!r}: {page.text[:300]}")
    form = next(one for one in page.forms if not one.action)
    after = owner.submit(page, form, ("early_discount", "yes"), ("takes_deposits", "yes"), ("item", item.group(1)))
    if "Saved." not in after.text:
        raise Lost(f"The discounts were not granted: {after.text[:300]}")


def _connections(stage: Stage, owner: Visitor) -> Page:
    return owner.open(f"{stage.web_url}/staff/connections")
