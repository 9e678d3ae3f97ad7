"""The web face of the stand-in: the API straight on WSGI; OAuth, pages and control plane as one Flask application.

Thin: requests become calls, answers become responses. Law: every answer of the API carries an intuit_tid.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Flask, Response
from werkzeug.wsgi import get_input_stream

from sandbox.control import Steered, build_control
from sandbox.host import Environ, StartResponse, WsgiApp, hang_up
from sandbox.qbo.api import Api
from sandbox.qbo.attachments import fetch
from sandbox.qbo.calls import Call, operation_of
from sandbox.qbo.consent import build_oauth
from sandbox.qbo.pages import build_pages

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

_REASONS = {status.value: status.phrase for status in HTTPStatus}


def build_app(standin: QuickBooksStandin, world: Steered) -> Flask:
    """Return the Flask application of a stand-in: everything but the Accounting API."""
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False

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


def front(standin: QuickBooksStandin, pages: WsgiApp) -> WsgiApp:
    """Return the whole stand-in as WSGI: the Accounting API straight to its rules, everything else to the pages.

    A reply that a fault programme loses (`tieout.lost`) ends in a reset connection.
    """
    api = Api(standin)

    def wsgi(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        steps = environ["PATH_INFO"].split("/")
        if len(steps) > 4 and steps[1:3] == ["v3", "company"] and steps[4]:
            return _answered(standin, api, environ, start_response, steps)
        answer = pages(environ, start_response)
        return hang_up(environ) if environ.get("tieout.lost") else answer

    return wsgi


def _answered(
    standin: QuickBooksStandin, api: Api, environ: Environ, start_response: StartResponse, steps: list[str]
) -> Iterable[bytes]:
    call = _call(environ, steps)
    started = time.perf_counter()
    answer = api.answer(call)
    body = answer.content.encode() if isinstance(answer.content, str) else answer.content
    headers = [
        ("Content-Type", answer.kind),
        ("Content-Length", str(len(body))),
        ("intuit_tid", call.tid),
        ("QBO-Version", "stand-in"),
        ("Service-Time", f"total={(time.perf_counter() - started) * 1000:.0f}, db=0"),
        ("Cache-Control", "no-store"),
    ]
    start_response(f"{answer.status} {_REASONS.get(answer.status, 'Unknown')}", headers)
    return [body]


def _call(environ: Environ, steps: list[str]) -> Call:
    operation = operation_of(environ)  # before the body is read, for it looks into it
    first, *others = [step for step in steps[4:] if step]
    return Call(
        method=environ["REQUEST_METHOD"],
        realm=steps[3],
        steps=(first.lower(), *others),
        args=_args(environ.get("QUERY_STRING", "")),
        body=get_input_stream(environ).read(),
        authorization=environ.get("HTTP_AUTHORIZATION"),
        operation=operation,
        accept=environ.get("HTTP_ACCEPT", ""),
    )


def _args(text: str) -> dict[str, str]:
    """Return the first value of each query parameter."""
    args: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        args.setdefault(name, value)
    return args
