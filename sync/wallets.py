"""Wallets on the pay page: Stripe shows them only at a host that the company's own account registered.

Law: registering is asked for again without harm, and its failing takes nothing but the wallets away: cards and bank
debits need no registered host.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog
from sqlmodel import select

from connector.errors import GatewayError, NotConnected
from connector.store.companies import CompanyRow
from sync.addresses import home_of
from sync.runtime import Runtime

_log = structlog.get_logger(__name__)


def offer_wallets(rt: Runtime, company_id: str) -> bool:
    """Register every host of the company's pages at its Stripe account; returns whether all are registered now."""
    with rt.db.read() as session:
        own = session.exec(select(CompanyRow.host).where(CompanyRow.id == company_id)).first()
    homes = dict.fromkeys((home_of(rt.settings, None), home_of(rt.settings, own)))
    offered = [_offer_at(rt, company_id, urlsplit(home).hostname or "") for home in homes]
    return all(offered)


def _offer_at(rt: Runtime, company_id: str, host: str) -> bool:
    try:
        return rt.gateways.stripe(company_id).register_host(host)
    except (GatewayError, NotConnected) as error:
        _log.warning("wallets_not_offered", company_id=company_id, host=host, error=type(error).__name__)
        return False
