"""Which language a request is answered in, and what pages need to say so.

A payer's wish in the address comes first and is kept in the browser's signed cookie, then what the browser prefers,
then what the company chose, then English. Laws: staff pages speak English until they have catalogs; what one request
speaks ends with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlencode

from flask import Flask, Response, g, request, session
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from connector import words
from connector.translations import LANGUAGES, SOURCE, in_templates

WISH = "lang"  # in the address, and in the browser's signed cookie
_ENGLISH_ONLY = frozenset({"staff", "connect", "hooks", "health"})


@dataclass(frozen=True)
class Tongue:
    """A language that this page can be read in: its own name, its tag, the page's address in it."""

    name: str
    tag: str
    href: str
    is_here: bool


def install(app: Flask) -> None:
    """Let an application answer each request in the language of whoever asks."""
    in_templates.install(app.jinja_env)
    app.jinja_env.globals.update(tag=words.tag, direction=words.direction, tongues=tongues)
    app.before_request(_listen)
    app.after_request(_tell)
    app.teardown_request(_fall_silent)


def tongues() -> Sequence[Tongue]:
    """Return this page in every language, for the switch at its foot."""
    asked = [(name, value) for name, value in request.args.items(multi=True) if name != WISH]
    return _tongues(f"{request.path}?{urlencode([*asked, (WISH, '')])}", words.language())


@lru_cache(maxsize=500)
def _tongues(before: str, here: str) -> Sequence[Tongue]:
    return [Tongue(name, one, before + one, one == here) for one, name in LANGUAGES.items()]


def speak_of(company_language: str) -> None:
    """Speak a company's own language on its pages to a browser that neither asked for one nor names one of ours."""
    if "speech" in g and not _known() and company_language in LANGUAGES:
        words.end_speaking(g.speech)
        g.speech = words.begin_speaking(words.LOCALES[company_language])


def keep() -> str:
    """Return the language this browser asked for, to be kept when its cookie is emptied; empty where it did not."""
    return str(session.get(WISH, ""))


def _listen() -> None:
    if request.endpoint == "static" or request.blueprint in _ENGLISH_ONLY:
        return
    g.speech = words.begin_speaking(words.LOCALES[_known() or SOURCE])


def _known() -> str:
    """Return what the browser asked for or prefers, of the languages we have; empty where it does neither."""
    wish = request.args.get(WISH, "")
    if wish in LANGUAGES:
        if session.get(WISH) != wish:
            session[WISH] = wish
        return wish
    kept = session.get(WISH, "")
    return kept if kept in LANGUAGES else _preferred(request.headers.get("Accept-Language", ""))


@lru_cache(maxsize=500)
def _preferred(header: str) -> str:
    """Return which of our languages a browser likes best, whatever its country; empty where it names none of them."""
    liked = (tag.partition("-")[0].lower() for tag in parse_accept_header(header, LanguageAccept).values())
    return next((one for one in liked if one in LANGUAGES), "")


def _tell(response: Response) -> Response:
    if "speech" in g:
        response.headers["Content-Language"] = words.tag()
        if "Vary" in response.headers:
            response.vary.add("Accept-Language")
        else:  # the same at a fifth of the cost
            response.headers["Vary"] = "Accept-Language"
    return response


def _fall_silent(_error: BaseException | None) -> None:
    speech: words.Before | None = g.pop("speech", None)
    if speech is not None:
        words.end_speaking(speech)
