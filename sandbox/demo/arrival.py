"""How the demo's company arrives: added, connected by the real consent, its accounts chosen, its history pulled.

Done once; later starts find it as it was left. Law: QuickBooks is connected as a person would do it, over the product's
own pages and the stand-in's consent page, with nothing passed around them.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.demo.stage import Stage
from sandbox.demo.visitor import Lost, Page, Visitor

SLUG, NAME = "harbor-tile", "Harbor Tile Co."
OWNER = "olivia@harbortile.example"
CUSTOMER = "Blue Mesa Ranch"


COMPANY_ADD = ("company", "add", SLUG, NAME)


@dataclass(frozen=True)
class Arrived:
    """What is known of the company after it arrived: a customer, an open invoice of theirs, its link."""

    customer: str
    invoice: str
    link: str


def arrive(stage: Stage, *, show: bool) -> Arrived:
    """Bring the company in, or return what an earlier start left. `show` draws the first pull."""
    kept = stage.folder / "arrived.json"
    if kept.exists():
        return Arrived(**json.loads(kept.read_text(encoding="utf-8")))
    stage.wait_until_ready()
    connect_quickbooks(stage)
    connect_stripe(stage)
    stage.tieout("pull", "--company", SLUG, show=show)
    stage.tieout("accounts", "--create", "--company", SLUG)
    arrived = _with_link(stage)
    kept.write_text(json.dumps(asdict(arrived)), encoding="utf-8")
    return arrived


def owner_link(stage: Stage) -> str:
    """Return a fresh sign-in link for the owner."""
    return stage.tieout("owner", OWNER, "--name", "Olivia Harbor", "--company", SLUG)


def open_invoices(stage: Stage, customer: str = CUSTOMER) -> list[dict[str, Any]]:
    """Return a customer's open invoices, the oldest due first."""
    return list(json.loads(stage.tieout("invoices", "--customer", customer, "--company", SLUG, "--json")))


def invoice_link(stage: Stage, number: str) -> str:
    """Return a new link to an invoice."""
    return stage.tieout("link", number, "--company", SLUG)


def sign_in_owner(stage: Stage) -> tuple[Visitor, Page]:
    """Sign the owner in by a printed link; returns the browser and the console's first page."""
    owner = Visitor()
    page = owner.open(owner_link(stage))
    return owner, owner.submit(page, page.form("sign-in"))


def connect_quickbooks(stage: Stage) -> None:
    """Connect QuickBooks as the owner: sign in, press connect, consent, come back."""
    stage.control("quickbooks/webhooks", {"url": f"{stage.web_url}/hooks/quickbooks"})
    owner, _ = sign_in_owner(stage)
    page = owner.open(f"{stage.web_url}/staff/connections")
    consent = owner.submit(page, page.form("/connect/quickbooks/start"))
    if not consent.url.startswith(stage.standins["quickbooks"]["api_base"]):
        raise Lost(f"Connecting led to {consent.url} and not to the consent page: {consent.text[:200]}")
    back = owner.submit(consent, consent.forms[0], ("decision", "connect"))
    if not back.url.startswith(stage.web_url):
        raise Lost(f"The consent led to {back.url} and not back to the portal: {back.text[:200]}")


def connect_stripe(stage: Stage) -> None:
    """Store the Stripe keys, and register the company's own webhook door there, as an owner does in the dashboard."""
    stripe = stage.standins["stripe"]
    keys = {name: stripe[name] for name in ("secret_key", "publishable_key", "webhook_secret")}
    stage.tieout("connect", "stripe", "--stdin", "--company", SLUG, given=json.dumps(keys))
    stage.control("stripe/webhooks", {"url": f"{stage.web_url}/hooks/stripe/{SLUG}"})


def _with_link(stage: Stage) -> Arrived:
    number = str(open_invoices(stage)[0]["number"])
    return Arrived(CUSTOMER, number, invoice_link(stage, number))
