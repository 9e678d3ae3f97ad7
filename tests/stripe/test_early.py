"""A child that was forked for a piece of work finds all of the SDK that the gateway uses."""

from __future__ import annotations

import inspect
import re

from connector.stripe import early, gateway
from jobs.worker import PRELOADED


def test_every_service_of_the_gateway_is_imported_before_the_fork() -> None:
    called = set(re.findall(r"\._v1\.(\w+)\.", inspect.getsource(gateway)))
    assert len(called) > 4
    assert called <= set(early.SERVICES)
    assert early.__name__ in PRELOADED
