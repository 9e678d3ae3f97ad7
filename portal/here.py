"""Where a view stands: the runtime it may use and the present instant.

Knows no page. Law: views reach the database, the clock and the gateways only through the runtime given to `create_app`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from sync.runtime import Runtime

_KEY = "tieout"


def install(app_extensions: dict[str, object], rt: Runtime) -> None:
    """Give an application its runtime."""
    app_extensions[_KEY] = rt


def runtime() -> Runtime:
    """Return the runtime of the application that answers this request."""
    return cast("Runtime", current_app.extensions[_KEY])


def now() -> datetime:
    """Return the present instant of the product's clock, aware, in UTC."""
    return runtime().clock.now()
