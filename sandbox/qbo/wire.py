"""The web face of the stand-in: one Flask application with the API, OAuth, the pages and the control plane.

Thin: requests become calls, answers become responses. Law: every answer of the API carries an intuit_tid.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flask import Flask, Response, request

from sandbox.control import Steered, build_control
from sandbox.qbo.api import Api
from sandbox.qbo.attachments import fetch
from sandbox.qbo.calls import Call, operation_of
from sandbox.qbo.consent import build_oauth
from sandbox.qbo.pages import build_pages

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin


def build_app(standin: QuickBooksStandin, world: Steered) -> Flask:
    """Return the Flask application of a stand-in."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    api = Api(standin)

    @app.route("/v3/company/<realm>/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    def accounting(realm: str, rest: str) -> Response:
        started = time.perf_counter()
        call = _call(realm, rest)
        answer = api.answer(call)
        response = Response(answer.content, status=answer.status, content_type=answer.kind)
        response.headers["intuit_tid"] = call.tid
        response.headers["QBO-Version"] = "stand-in"
        response.headers["Service-Time"] = f"total={(time.perf_counter() - started) * 1000:.0f}, db=0"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.get("/_files/<realm>/<key>/<int:until>/<mark>/<name>")
    def temporary_file(realm: str, key: str, until: int, mark: str, name: str) -> Response:
        with standin.lock:
            found = fetch(standin, realm, key, until, mark)
        if found is None:
            return Response("AccessDenied: this address has expired", status=403, content_type="text/plain")
        return Response(found[0], content_type=found[1])

    app.register_blueprint(build_oauth(standin))
    app.register_blueprint(build_pages(standin))
    app.register_blueprint(build_control(world))
    return app


def _call(realm: str, rest: str) -> Call:
    first, *others = rest.split("/")
    return Call(
        method=request.method,
        realm=realm,
        steps=(first.lower(), *others),
        args=request.args.to_dict(),
        body=request.get_data(cache=False),
        authorization=request.headers.get("Authorization"),
        operation=operation_of(request.environ),
    )
