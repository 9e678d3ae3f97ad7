"""Connecting a company to Stripe by a restricted key.

Laws: a key is stored only after Stripe itself said whose it is, and only sealed; a key of another account never
replaces a company's own (`oauth.accounts`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from connector.errors import GatewayError, Unauthorised, WrongInput
from oauth import accounts, connections
from oauth.connections import SECRET, STRIPE, WEBHOOK
from oauth.desk import Desk


class Account(Protocol):
    """What Stripe says about a key."""

    @property
    def account(self) -> str:
        """The account's id."""
        ...

    @property
    def livemode(self) -> bool:
        """Whether the key moves real money."""
        ...


def connect_stripe(
    desk: Desk,
    company_id: str,
    *,
    secret_key: str,
    publishable_key: str,
    webhook_secret: str,
    look: Callable[[str], Account],
) -> str:
    """Store a company's Stripe keys after `look(secret_key)` asked Stripe whose they are; returns the account's id.

    Raises WrongInput with a sentence for the person.
    """
    secret_key, publishable_key, webhook_secret = (key.strip() for key in (secret_key, publishable_key, webhook_secret))
    _check_form(secret_key, publishable_key, webhook_secret)
    found = _account_of(secret_key, look)
    accounts.store(
        desk,
        company_id,
        found.account,
        livemode=found.livemode,
        through_platform=False,
        secret_cipher=connections.sealed(desk, company_id, STRIPE, SECRET, secret_key),
        webhook_cipher=connections.sealed(desk, company_id, STRIPE, WEBHOOK, webhook_secret),
        publishable_key=publishable_key,
    )
    return found.account


def _check_form(secret_key: str, publishable_key: str, webhook_secret: str) -> None:
    if not secret_key.startswith(("rk_", "sk_")):
        raise WrongInput("Stripe's secret or restricted key begins with rk_ or sk_.")
    if not publishable_key.startswith("pk_"):
        raise WrongInput("Stripe's publishable key begins with pk_.")
    if not webhook_secret.startswith("whsec_"):
        raise WrongInput("Stripe's webhook secret begins with whsec_.")
    if ("_live_" in secret_key) != ("_live_" in publishable_key):
        raise WrongInput("One of the two keys is for live payments and the other for tests.")


def _account_of(secret_key: str, look: Callable[[str], Account]) -> Account:
    try:
        return look(secret_key)
    except Unauthorised:
        raise WrongInput("Stripe does not accept this secret key.") from None
    except GatewayError:
        raise WrongInput("Stripe did not answer just now. Try again in a minute.") from None
