"""The stand-in's Flask application: the API under /v1, the browser's script, and (elsewhere) pages for a person.

Turns HTTP into `api.Request` and back. Law: nothing here changes state by itself.
"""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, Response, request, send_from_directory

from sandbox.faults import Faults
from sandbox.host import Environ, FaultyTransport, WsgiApp
from sandbox.stripe import routes
from sandbox.stripe.api import Answer, Api, Request

_STATIC = Path(__file__).parent / "static"
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


def build(api: Api, faults: Faults) -> tuple[Flask, WsgiApp]:
    """Return the Flask application and the same wrapped in the transport faults."""
    app = Flask("sandbox.stripe", static_folder=None, template_folder=str(Path(__file__).parent / "templates"))

    @app.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"])
    def v1(rest: str) -> Response:
        if request.method == "OPTIONS":
            return Response(status=204, headers=_CORS)
        return _response(api.answer(_arrived()))

    @app.get("/endive/stripe.js")
    @app.get("/v3/")
    def script() -> Response:
        answer = send_from_directory(_STATIC, "stripe.js", mimetype="text/javascript")
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    @app.get("/static/<path:name>")
    def static_file(name: str) -> Response:
        return send_from_directory(_STATIC, name)

    wrapped = FaultyTransport(app.wsgi_app, service="stripe", operation_of=operation_of, faults=faults)
    return app, wrapped


def _arrived() -> Request:
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
