"""Pages whose frame is kept: what stands around the rows of a long list depends on few facts and is put together once.

Laws: what a kept frame shows comes from the facts it is kept for, the address and the language, and from nothing else
of a request; the nonce in it is always this answer's own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import cast

from flask import Flask, current_app, g, request
from markupsafe import Markup

from connector.words import spoken
from portal.security import nonce

_KEY = "tieout-frames"
_MOST_KEPT = 256  # of some 10 KB each, in every process
# Drawn anew in each process, so that nobody can write them into what a frame shows.
_NONCE, _ROWS = secrets.token_urlsafe(16), secrets.token_urlsafe(16)

Facts = tuple[tuple[str, Hashable], ...]
_Halves = tuple[str, str]


def install(app: Flask) -> None:
    """Give an application a place for its frames."""
    app.extensions[_KEY] = lru_cache(maxsize=_MOST_KEPT)(_put_together)


def forget(app: Flask) -> None:
    """Drop what is kept, for who measures or proves what a page is without it."""
    app.extensions[_KEY].cache_clear()


def framed(template: str, rows: Markup, **facts: Hashable) -> str:
    """Return a page with ready rows in it. `facts` are all that its template may use; it says `rows` once, or never."""
    kept = cast("Callable[..., _Halves]", current_app.extensions[_KEY])
    before, after = kept(template, request.full_path, spoken(), tuple(facts.items()))
    own = nonce()
    return f"{before.replace(_NONCE, own)}{rows}{after.replace(_NONCE, own)}"


def _put_together(template: str, _address: str, _locale: str, facts: Facts) -> _Halves:
    """Render a template around where its rows will stand; address and locale are this request's, which it is kept for.

    By the environment itself, not by Flask, which would hand in what belongs to this request alone.
    """
    own, g.nonce = nonce(), _NONCE
    try:
        page = current_app.jinja_env.get_template(template).render(dict(facts), rows=Markup(_ROWS))  # noqa: S704  # nosec B704  # ours
    finally:
        g.nonce = own
    before, _, after = page.partition(_ROWS)
    return before, after
