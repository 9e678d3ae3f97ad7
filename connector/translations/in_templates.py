"""How templates say sentences: `_` for one, `_n` for one that counts, the same on pages, in mails and in plain text.

Knows Jinja and the words, no template. Law: a sentence is ours and may hold markup; what is put into it is escaped
wherever the template escapes, unless it is markup already.
"""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from connector import words


def install(environment: Environment) -> None:
    """Give an environment's templates `_` and `_n`."""
    environment.globals.update(_=_said, _n=_said_of_many)


@pass_eval_context
def _said(context: EvalContext, message: str, /, **names: object) -> str:
    sentence = _sentence(message, words.spoken(), context.autoescape)
    return sentence.format(**names) if names else sentence


@pass_eval_context
def _said_of_many(context: EvalContext, one: str, many: str, number: int, /, **names: object) -> str:
    sentence = _whole(words.known_of_many(one, many, number), context.autoescape)
    return sentence.format(**{"number": words.number_text(number), **names})


@lru_cache(maxsize=4000)
def _sentence(message: str, _locale: str, escapes: bool) -> str:
    """Keep a sentence as a page wants it: most pages say the same ones."""
    return _whole(words.known(message), escapes)


def _whole(sentence: str, escapes: bool) -> str:
    return Markup(sentence) if escapes else sentence  # noqa: S704  # nosec B704  # our own catalog, no input
