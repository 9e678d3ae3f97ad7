"""The live status: a page that waits is told at once when something changed, by events that the server sends.

Each listener holds one of this process's threads, so there is room for a few, one for each visitor and for two minutes;
everybody else asks every few seconds, as all do afterwards. Law: an event says that something changed and never what.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

from flask import Flask, Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from portal.access.visitors import Visitor
from portal.customer.gate import for_payers, pages, visitor
from portal.customer.payments import wants_a_look
from portal.customer.story import story_of
from portal.here import runtime
from portal.ring import DOOR, limiter
from sync.collect.look import look_again

MOST = 2  # listeners in one process, of its eight threads
LONGEST = timedelta(minutes=2)
EVERY = 1.0  # seconds between two looks at our own rows
_BETWEEN = 5  # looks at our own rows for one at Stripe
_QUIET = 15  # looks after which a line is sent, so that whoever went is noticed

_lock = threading.Lock()
_listening: set[str] = set()  # sessions


@pages.get("/p/<payment_id>/events")
@limiter.limit(DOOR)
@for_payers
def listen(payment_id: str) -> ResponseReturnValue:
    """Tell a waiting page when its payment's story is another than it saw; 204 where there is no room to listen."""
    who = visitor()
    if story_of(who, payment_id) is None:
        abort(404)
    leave = _enter(who.session_hash)
    if leave is None:
        return "", 204
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy that stands for it
    events = _events(app, who, payment_id, request.args.get("seen", ""))
    response = Response(events, mimetype="text/event-stream", headers={"X-Accel-Buffering": "no"})
    response.call_on_close(leave)  # also when the first event was never asked for
    return response


def _enter(session_hash: str) -> Callable[[], None] | None:
    """Take a place for a visitor; returns what gives it back, None where there is none."""
    with _lock:
        if session_hash in _listening or len(_listening) >= MOST:
            return None
        _listening.add(session_hash)

    def leave() -> None:
        with _lock:
            _listening.discard(session_hash)

    return leave


def _events(app: Flask, who: Visitor, payment_id: str, seen: str) -> Iterator[str]:
    """Give events while the payment's story is as it was seen; the request itself is over by then."""
    with app.app_context():
        clock = runtime().clock
    until, looks = clock.now() + LONGEST, 0
    while clock.now() < until:
        # Where Stripe does not answer, it is asked as seldom as by a page that asks itself.
        if _version(app, who, payment_id, may_look=looks % _BETWEEN == 0) != seen:
            yield "event: changed\ndata: \n\n"
            return
        if looks % _QUIET == 0:
            yield ": waiting\n\n"
        looks += 1
        clock.sleep(EVERY)
    yield "event: over\ndata: \n\n"


def _version(app: Flask, who: Visitor, payment_id: str, *, may_look: bool) -> str:
    """Return what the page would say now, by its version; Stripe is asked where the page itself would ask."""
    with app.app_context():
        story = story_of(who, payment_id)
        if may_look and story is not None and wants_a_look(story, just_paid=False):
            look_again(runtime(), payment_id)
            story = story_of(who, payment_id)
        return story.version if story else ""
