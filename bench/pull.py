"""The product's pull as a whole process, the way its worker would do it: `python -m bench.pull [--throttled]`.

Takes its settings from the environment, as every process of the product does, and prints as JSON how long the pull
took without the start of the process, and the most memory it held. Without `--throttled` it runs as fast as it can,
because its peers have no throttle; QuickBooks' limits are the business of the row `api-bound`.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace

from bench.databases import COMPANY
from bench.memory import peak_mib
from bench.product import Silence
from connector.qbo.throttle import EVENLY, PER_MINUTE, MemoryThrottle
from connector.settings import settings
from jobs.boot import runtime_of
from jobs.gateways import CompanyGateways
from sync.pull import pull_company

QUICKBOOKS_LIMITS = (EVENLY, (PER_MINUTE, 60.0))
NO_LIMITS = ((1_000_000, 1.0),)


def main() -> None:
    """Pull once."""
    windows = QUICKBOOKS_LIMITS if "--throttled" in sys.argv else NO_LIMITS
    rt = runtime_of(settings(), bell=Silence())
    throttle = MemoryThrottle(rt.clock, windows)  # in this process, so that no Redis is needed
    rt = replace(rt, gateways=CompanyGateways(rt.settings, rt.db, rt.clock, rt.vault, throttle))
    started = time.perf_counter()
    result = pull_company(rt, COMPANY)
    seconds = time.perf_counter() - started
    rt.db.close()
    print(json.dumps({"seconds": seconds, "written": result.written, "peak_mib": peak_mib()}))


if __name__ == "__main__":
    main()
