"""Each company's gateways, made from its connections and kept while those stay the same.

The only place where a company's tokens and keys meet the adapters. Law: a gateway never outlives the connection it was
made for: another realm, another account, another key or a disconnection makes the old one unreachable.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from connector.clock import Clock
from connector.errors import NotConnected
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.throttle import SharedThrottle, Throttle
from connector.settings import Settings
from connector.store.session import Database
from connector.stripe.facts import AccountFacts
from connector.stripe.gateway import StripeGateway
from oauth.connections import (
    QUICKBOOKS,
    SECRET,
    STRIPE,
    Connection,
    account_of,
    connected,
    key_of,
    reached_by,
    secret_of,
)
from oauth.joining import platform_of
from oauth.tokens import bearer_for
from oauth.vault import Vault


@dataclass
class CompanyGateways:
    """Gateways by company; safe to share between threads."""

    settings: Settings
    db: Database
    clock: Clock
    vault: Vault
    throttle: Throttle | None = None  # the one that all processes share by Redis, unless another is given
    _quickbooks: dict[str, tuple[str, QuickBooksGateway]] = field(default_factory=dict, init=False)
    _stripe: dict[str, tuple[tuple[str, str], StripeGateway]] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._throttle = self.throttle or SharedThrottle(self.settings.redis_url, self.clock)

    def quickbooks(self, company_id: str) -> QuickBooksGateway:
        """Return the gateway of a company's QuickBooks. Raises NotConnected."""
        with self.db.asking() as reader:
            realm_id = account_of(reader, company_id, QUICKBOOKS)
        with self._lock:
            kept = self._quickbooks.get(company_id)
            if kept is None or kept[0] != realm_id:
                kept = self._quickbooks[company_id] = (realm_id, self._open_quickbooks(company_id, realm_id))
        return kept[1]

    def stripe(self, company_id: str) -> StripeGateway:
        """Return the gateway of a company's Stripe account. Raises NotConnected."""
        with self.db.asking() as reader:
            made_for = key_of(reader, company_id)
            kept = self._stripe.get(company_id)
            if kept is not None and kept[0] == made_for:
                return kept[1]
            row = connected(reader, company_id, STRIPE)
        with self._lock:
            opened = self._open_stripe(row)
            self._stripe[company_id] = (reached_by(row), opened)
        return opened

    def _open_stripe(self, row: Connection) -> StripeGateway:
        if row.through_platform:
            return self._through_platform(row)
        return StripeGateway(
            account=row.account,
            secret_key=secret_of(self, row, SECRET),
            api_base=self.settings.stripe_api_base,
            clock=self.clock,
        )

    def _through_platform(self, row: Connection) -> StripeGateway:
        """Return the gateway of an account by consent; a platform of the other mode, or none, cannot reach it."""
        if not self.settings.is_platform:
            raise NotConnected(row.company_id, STRIPE)
        platform = platform_of(self)
        if platform.livemode != row.livemode:
            raise NotConnected(row.company_id, STRIPE)
        return platform.gateway(row.account)

    def _open_quickbooks(self, company_id: str, realm_id: str) -> QuickBooksGateway:
        return QuickBooksGateway(
            realm_id=realm_id,
            api_base=self.settings.qbo_api_base,
            bearer=bearer_for(self.db, self.vault, self.clock, self.settings, company_id),
            clock=self.clock,
            throttle=self._throttle,
        )


def account_of_key(settings: Settings, clock: Clock, secret_key: str) -> AccountFacts:
    """Ask Stripe whose a key is, before any company has it. Raises GatewayError."""
    gateway = StripeGateway(account="", secret_key=secret_key, api_base=settings.stripe_api_base, clock=clock)
    return gateway.account()
