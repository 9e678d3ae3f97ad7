"""The composition root: settings in, the runtime of a process out. Web, worker, scheduler and command line start here.

Call it after a fork, never before, or rid the child of the parent's connections. Law: this is the only place that
chooses a database, a clock, a vault, gateways and a bell; everything else is given them.
"""

from __future__ import annotations

from functools import lru_cache

from connector import crash
from connector.clock import Clock
from connector.qbo.throttle import MemoryThrottle
from connector.settings import Settings, settings
from connector.store.session import Database
from jobs import logs
from jobs.gateways import CompanyGateways
from jobs.queue import RqBell
from oauth.vault import Vault
from sync.runtime import Bell, Runtime


@lru_cache(maxsize=1)
def runtime() -> Runtime:
    """Return this process's runtime, made once from the environment."""
    here = settings()
    logs.configure(here.log_level)
    return runtime_of(here)


def runtime_of(settings: Settings, *, bell: Bell | None = None, clock: Clock | None = None) -> Runtime:
    """Make a runtime from settings; simulations bring a bell and a clock of their own, and then no Redis is asked."""
    crash.arm(settings.crash_at)
    db = Database(settings.database_url)
    throttle = MemoryThrottle(clock) if clock else None
    clock = clock or Clock(settings.clock_offset_file)
    vault = Vault(settings.vault_keys)
    return Runtime(
        settings=settings,
        db=db,
        clock=clock,
        vault=vault,
        gateways=CompanyGateways(settings, db, clock, vault, throttle),
        bell=bell or RqBell(settings.redis_url, clock),
    )
