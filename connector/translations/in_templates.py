"""How templates say sentences: `_` for one, `_n` for one that counts, the same on pages, in mails and in plain text.

Knows Jinja and the words, no template. Law: a sentence is ours and may hold markup; what is put into it is escaped
wherever the template escapes, unless it is markup already.
"""

from __future__ import annotations

from jinja2 import Environment, pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from connector import words


def install(environment: Environment) -> None:
    """Give an environment's templates `_` and `_n`."""
    environment.globals.update(_=_said, _n=_said_of_many)


@pass_eval_context
def _said(context: EvalContext, message: str, /, **names: object) -> str:
    return _filled(context, words.known(message), names)


@pass_eval_context
def _said_of_many(context: EvalContext, one: str, many: str, number: int, /, **names: object) -> str:
    names = {"number": words.number_text(number), **names}
    return _filled(context, words.known_of_many(one, many, number), names)


def _filled(context: EvalContext, sentence: str, names: dict[str, object]) -> str:
    whole = Markup(sentence) if context.autoescape else sentence  # noqa: S704  # nosec B704  # our own catalog, no input
    return whole.format(**names) if names else whole
