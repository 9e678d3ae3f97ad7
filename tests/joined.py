"""A platform of Stripe Connect for tests: its settings, and what an owner does on Stripe's page of consent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox.world import World

CEDAR = "acct_1CedarStone0000"


def platform_settings(world: World) -> dict[str, str]:
    """Return the settings of an installation whose platform is the stand-in's own account."""
    stripe = world.stripe
    return {
        "stripe_api_base": world.stripe_host.url,
        "stripe_connect_base": world.stripe_host.url,
        "stripe_platform_key": stripe.secret_key,
        "stripe_platform_publishable_key": stripe.publishable_key,
        "stripe_connect_client_id": stripe.client_id,
        "stripe_connect_webhook_secret": stripe.webhook_secret,
    }


def business(world: World, account: str = CEDAR, name: str = "Cedar Stone") -> str:
    """Open a business's own account at Stripe, not connected to anybody."""
    return str(world.stripe.open_account(account, name=name, connected=False)["account"])


def agree(url: str, account: str) -> dict[str, str]:
    """Choose an account on the page of consent, and return what the browser brings back."""
    return _pressed(url, outcome="connect", account=account)


def refuse(url: str) -> dict[str, str]:
    """Leave the page of consent by its other button."""
    return _pressed(url, outcome="deny")


def _pressed(url: str, **form: Any) -> dict[str, str]:
    answer = requests.post(url, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in query.items()}
