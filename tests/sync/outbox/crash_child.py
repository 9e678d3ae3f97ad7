"""A worker in a process of its own that pushes one company once and may be told where to die. Started by test_crash."""

from __future__ import annotations

import sys

from connector import crash
from connector.clock import Clock
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.throttle import MemoryThrottle
from connector.store.session import Database
from oauth.vault import Vault
from sync.push import push_company
from sync.runtime import Runtime
from tests.sync.outbox.parts import VAULT_KEYS, Bells, OneCompany, settings_for


def main(database_url: str, api_base: str, realm: str, token: str, company_id: str, point: str) -> None:
    """Push, and die at the point."""
    clock = Clock()
    gateway = QuickBooksGateway(
        realm_id=realm, api_base=api_base, bearer=lambda _: token, clock=clock, throttle=MemoryThrottle(clock)
    )
    parts = (settings_for(api_base), Database(database_url), clock, Vault(VAULT_KEYS))
    rt = Runtime(*parts, OneCompany(gateway), Bells())
    crash.arm(point)
    push_company(rt, company_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
