"""Wallets on the pay page: Stripe shows them only at a host that the company's own account registered.

Law: registering is asked for again without harm, and its failing takes nothing but the wallets away: cards and bank
debits need no registered host.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog

from connector.errors import GatewayError, NotConnected
from sync.runtime import Runtime

_log = structlog.get_logger(__name__)


def offer_wallets(rt: Runtime, company_id: str) -> bool:
    """Register the portal's host at the company's Stripe account; returns whether it is registered now."""
    host = urlsplit(rt.settings.public_url).hostname or ""
    try:
        return rt.gateways.stripe(company_id).register_host(host)
    except (GatewayError, NotConnected) as error:
        _log.warning("wallets_not_offered", company_id=company_id, host=host, error=type(error).__name__)
        return False
