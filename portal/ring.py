"""The cheap outer ring around the doors that could be tried over and over: counters in this process's memory.

The counters that matter are rows (`portal.access.limits`); these only keep a flood away from the database.
"""

from __future__ import annotations

from flask import Flask
from flask_limiter import Limiter

from portal.access.limits import address

limiter = Limiter(address, storage_uri="memory://", headers_enabled=False)

DOOR = "120 per minute"  # opening links and sign-in pages, from one address
PRESS = "60 per minute"  # forms that write
HOOK = "6000 per minute"  # one address of Stripe or Intuit carries the events of everybody


def install(app: Flask) -> None:
    """Let an application's doors be counted, each at its own page.

    What the library would do before and after every request is for limits of a whole application, of which there are
    none: the pages that have a limit ask for it themselves.
    """
    limiter.init_app(app)
    hooks = app.before_request_funcs.get(None, [])  # a limiter that is switched off adds none
    app.before_request_funcs[None] = [hook for hook in hooks if hook != limiter._check_request_limit]
