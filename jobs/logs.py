"""The process's own log: one JSON object a line, or colours where a person looks on.

Goes to the error stream. Law: it names ids, kinds and outcomes only; what QuickBooks, Stripe or a person said stands in
the database, never here.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path

import structlog

_FRAMES = 12  # the last ones: where it began is the same for all
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str) -> None:
    """Set up structlog and quiet the libraries that would log what they carry."""
    last: structlog.typing.Processor = structlog.processors.JSONRenderer(sort_keys=True)
    if sys.stderr.isatty():
        last = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _say_where,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in ("urllib3", "stripe", "intuitlib", "requests_oauthlib", "oauthlib"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _say_where(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Put an exception's class and the lines it passed in place of its traceback: its message may say too much."""
    if not event.pop("exc_info", None):
        return event
    kind, _, passed = sys.exc_info()
    frames = traceback.extract_tb(passed)[-_FRAMES:]
    event["error"] = kind.__name__ if kind else ""
    event["where"] = [f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames]
    return event
