"""Where a view stands: the runtime it may use and the present instant.

Knows no page. Laws: views reach the database, the clock and the gateways only through the runtime that `create_app` was
given; where this request's pages stand is said by the settings and the company's row, and by no header.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import current_app, g

from sync.addresses import home_of

if TYPE_CHECKING:
    from sync.runtime import Runtime

_KEY = "tieout"


def install(app_extensions: dict[str, object], rt: Runtime) -> None:
    """Give an application its runtime."""
    app_extensions[_KEY] = rt


def runtime() -> Runtime:
    """Return the runtime of the application that answers this request."""
    return cast("Runtime", current_app.extensions[_KEY])


def host() -> str:
    """Return the company's own host at which this request arrived; empty at the installation's address."""
    return str(g.get("host", ""))


def home() -> str:
    """Return the address at which this request's pages begin, as browsers and other services shall come back to it."""
    return home_of(runtime().settings, host())


def now() -> datetime:
    """Return the present instant of the product's clock, aware, in UTC."""
    return runtime().clock.now()
