"""By which host a request arrives: the installation's own, or one of a company, which shows that company alone.

Law: what is served depends on a host only after it was found among the ones that are ours; any other is answered 421,
and at a company's host whatever is not a page of its payers answers like an address that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.sansio.utils import host_is_trusted

from connector.settings import Settings
from portal.access.hosts import REACHED, slug_at
from portal.here import runtime

_FOR_ALL = frozenset({"short", None})  # short links say the company by themselves; None is the static files'


def install(app: Flask, settings: Settings) -> None:
    """Let an application look at the host of each request before anything else."""
    app.before_request(_look(settings))


def _look(settings: Settings) -> Callable[[], ResponseReturnValue | None]:
    own = settings.hosts

    def look() -> ResponseReturnValue | None:
        host = host_name(request.host)
        if host in own or host_is_trusted(request.host, own):
            return None
        slug = slug_at(runtime(), host, request.args.get(REACHED, "")) if host else ""
        if not slug:
            abort(421)
        g.host, g.host_slug = host, slug
        if request.path == "/":
            return redirect(url_for("customer.home", slug=slug))
        if request.blueprint == "customer":
            return None if g.slug == slug else abort(404)
        return None if request.endpoint and request.blueprint in _FOR_ALL else abort(404)

    return look


def host_name(host: str) -> str:
    """Return the name in a Host header: without its port, in lower case."""
    return host.lower().rpartition(":")[0] or host.lower() if host.rpartition(":")[2].isdigit() else host.lower()
