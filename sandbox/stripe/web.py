"""The stand-in's web face: the API under /v1 straight on WSGI, the browser's part in `frames`, a person's in `pages`.

Turns HTTP into `api.Request` and back. Law: nothing here changes state by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import SecurityError
from werkzeug.wrappers import Request as WebRequest
from werkzeug.wrappers import Response

from sandbox import draw
from sandbox.faults import Faults
from sandbox.host import Environ, FaultyTransport, Lazily, StartResponse, WsgiApp
from sandbox.stripe import connect_pages, frames, pages, routes
from sandbox.stripe.api import Answer, Request

if TYPE_CHECKING:
    from sandbox.stripe.standin import StripeStandin

TRUSTED = ["127.0.0.1", "localhost", ".localhost"]  # no name of elsewhere may point here
_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Stripe-Account, Stripe-Version, Idempotency-Key",
    "Access-Control-Expose-Headers": "Request-Id",
    "Access-Control-Max-Age": "300",
}


def operation_of(environ: Environ) -> str:
    """Return the operation's name of a WSGI request, for the fault programme."""
    return routes.name_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])


def build(standin: StripeStandin, faults: Faults) -> WsgiApp:
    """Return the WSGI application, wrapped in the transport faults: the API straight on WSGI, pages by Flask."""
    shown = Lazily(lambda: _pages(standin).wsgi_app)

    def wsgi(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        is_api = environ["PATH_INFO"].startswith("/v1/")
        return _api(standin, environ)(environ, start_response) if is_api else shown(environ, start_response)

    return FaultyTransport(wsgi, service="stripe", operation_of=operation_of, faults=faults)


def _api(standin: StripeStandin, environ: Environ) -> WsgiApp:
    """Answer a request of the API."""
    request = WebRequest(environ)
    request.trusted_hosts = TRUSTED
    try:
        _ = request.host
    except SecurityError as refused:
        return refused
    if request.method == "OPTIONS":
        return Response(status=204, headers=_CORS)
    return _response(standin.api.answer(_arrived(request)))


def _pages(standin: StripeStandin) -> Flask:
    app = Flask("sandbox.stripe", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))
    app.config["TRUSTED_HOSTS"] = TRUSTED
    app.secret_key = draw.raw_bytes(32)  # signs the one message a page shows after a button
    app.register_blueprint(frames.blueprint(standin))
    app.register_blueprint(connect_pages.blueprint(standin))
    app.register_blueprint(pages.blueprint(standin))
    return app


def _arrived(request: WebRequest) -> Request:
    return Request(
        method=request.method,
        path=request.environ.get("RAW_URI", request.path).partition("?")[0],
        query=request.query_string.decode(),
        body=request.get_data().decode("utf-8", "replace"),
        headers={name.lower(): value for name, value in request.headers.items()},
        ip=request.remote_addr or "127.0.0.1",
    )


def _response(answer: Answer) -> Response:
    body = json.dumps(answer.body, ensure_ascii=False).encode()
    return Response(body, answer.status, {**answer.headers, **_CORS}, mimetype="application/json")
