"""Pages for what went wrong: in words, in the look, as JSON where a script asks; never a stack.

Law: a page that does not exist and one that is not yours give the same answer, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from flask import Flask, Response, g, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from connector.words import known, mark
from portal.access.limits import TooMany

log = structlog.get_logger()


@dataclass(frozen=True)
class Words:
    """What an error page says, in English; the page says it in the language of whoever reads."""

    title: str
    text: str


_INCOMPLETE = Words(
    mark("This request is not complete"), mark("Please go back and try again. Nothing was charged or changed.")
)
_WORDS = {
    400: _INCOMPLETE,
    403: Words(
        mark("This is not yours to change"), mark("Your role here may look but not change this. Ask an owner to do it.")
    ),
    404: Words(
        mark("There is nothing here"),
        mark(
            "The link may have expired, been replaced or been cut off in a mail program. Open the newest mail again, "
            "or ask whoever sent it for a new link."
        ),
    ),
    405: Words(mark("This address works another way"), mark("Please go back to the page you came from.")),
    413: Words(mark("That is too much at once"), mark("What was sent is larger than anything this page needs.")),
    415: _INCOMPLETE,
    429: Words(mark("Please wait a little"), mark("There were too many tries in a short time. Nothing was charged.")),
    500: Words(
        mark("Something broke on our side"),
        mark(
            "It was noted and we look into it. If you were paying, open the "
            "invoice again: it says whether a payment is under way."
        ),
    ),
    503: Words(
        mark("Back in a moment"), mark("The service is busy. Nothing was charged. Please try again in a minute.")
    ),
}
_FORM = Words(
    mark("This page was open for too long"),
    mark(
        "For your safety the form has expired. Go back, load the page again "
        "and repeat the last step. Nothing was charged or changed."
    ),
)
_CROSS_SITE = Words(mark("This request came from another page"), mark("For your safety it was not carried out."))


def install(app: Flask) -> None:
    """Answer every error of an application with these pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, lambda _error: answer(400, _FORM))
    app.register_error_handler(TooMany, _too_many)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unexpected)


def answer(status: int, words: Words, *, retry_after: int = 0) -> Response:
    """Return an error page, or its JSON where the request came from a script."""
    words = Words(known(words.title), known(words.text))
    if wants_json():
        response = jsonify({"title": words.title, "text": words.text, "status": status})
    else:
        response = make_response(render_template("error.html", words=words, status=status, company=g.get("company")))
    response.status_code = status
    if retry_after:
        response.headers["Retry-After"] = str(retry_after)
    return response


def wants_json() -> bool:
    """Tell whether a script asks and not a page."""
    return request.is_json or request.accept_mimetypes.best == "application/json"


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status == 421:  # a host name that is not ours: no page of anybody stands there
        return Response("This host is not known here.\n", status, mimetype="text/plain")
    if error.description == "cross-site":
        return answer(status, _CROSS_SITE)
    response = answer(status, _WORDS.get(status, _WORDS[400] if status < 500 else _WORDS[500]))
    if status == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]  # of MethodNotAllowed
    return response


def _too_many(error: TooMany) -> Response:
    return answer(429, _WORDS[429], retry_after=max(int(error.wait.total_seconds()), 1))


def _database(error: OperationalError) -> Response:
    log.error("database_unavailable", path=request.path, error=type(error.orig).__name__)
    return answer(503, _WORDS[503], retry_after=5)


def _unexpected(error: Exception) -> Response:
    # The type alone: messages of libraries may hold what must not be in a log file.
    log.error("unexpected", endpoint=request.endpoint, error=type(error).__name__, where=_where(error))
    return answer(500, _WORDS[500])


def _where(error: Exception) -> str:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-6:])
