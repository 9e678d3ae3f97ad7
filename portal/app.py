"""The application: pages for payers and staff, webhook doors, connect pages, health; put together once.

The composition stands in `jobs.boot`; this module only wires Flask. Law: everything a view needs comes from the runtime
given here, and nothing is kept in memory that matters.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import (
    arriving,
    connect,
    customer,
    errors,
    filters,
    frames,
    health,
    here,
    hooks,
    ring,
    security,
    staff,
    tongues,
)

if TYPE_CHECKING:
    from sync.runtime import Runtime


class _Portal(Flask):
    """Flask without the question, asked of a dozen functions at every request, whether one of them is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is: no view or hook of ours is asynchronous."""
        return func


def create_app(rt: Runtime | None = None) -> Flask:
    """Return the application for a runtime; without one, for the runtime that the environment describes."""
    app = _Portal("portal", static_folder="static", template_folder="templates")
    is_own_process, rt = rt is None, rt or _boot()
    here.install(app.extensions, rt)
    if rt.settings.proxy_hops:
        hops = rt.settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    tongues.install(app)  # first: a refusal of the others is said in it too
    arriving.install(app, rt.settings)
    security.secure(app, rt.settings)
    ring.install(app)
    filters.install(app)
    frames.install(app)
    errors.install(app)
    for blueprint in (health.doors, hooks.doors, customer.pages, customer.short, staff.pages, connect.doors):
        app.register_blueprint(blueprint)
    security.csrf.exempt(hooks.doors)
    if is_own_process:
        gc.collect()
        gc.freeze()  # what is there now stays: the collector need not walk it during requests (a fifth of a list page)
    return app


def _boot() -> Runtime:
    from jobs import boot  # late: tests and simulations bring a runtime of their own

    return boot.runtime()
