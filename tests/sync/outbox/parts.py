"""What a push needs beside its database: settings, a key for the vault, a bell, and the gateways of one company.

Knows no stand-in, so that a process which only pushes begins at once.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from connector.errors import NotConnected
from connector.qbo.gateway import QuickBooksGateway
from connector.settings import Settings

VAULT_KEYS = "k1:" + base64.b64encode(b"a test's key is thirty-two bytes").decode()


def settings_for(api_base: str) -> Settings:
    """Return the settings of a test, whose QuickBooks answers at an address."""
    return Settings(  # type: ignore[call-arg]  # the rest has defaults
        tieout_mode="sandbox",
        secret_key=SecretStr("x" * 32),
        vault_keys=SecretStr(VAULT_KEYS),
        qbo_api_base=api_base,
    )


@dataclass
class Bells:
    """Remembers what was rung."""

    rung: list[tuple[str, str]] = field(default_factory=list)

    def ring(self, work: str, subject: str) -> None:
        self.rung.append((work, subject))


class OneCompany:
    """The gateways of the one company of a test."""

    def __init__(self, quickbooks: QuickBooksGateway, stripe: Any = None) -> None:
        self.quickbooks_gateway, self.stripe_gateway = quickbooks, stripe
        self.is_connected = True

    def quickbooks(self, company_id: str) -> QuickBooksGateway:
        if not self.is_connected:
            raise NotConnected(company_id, "quickbooks")
        return self.quickbooks_gateway

    def stripe(self, company_id: str) -> Any:
        return self.stripe_gateway
