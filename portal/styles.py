"""A company's own style rules, read by a small strict grammar and written anew: what is not known is refused.

Pure. Laws: no at-rule, no address, no function but those of colours, no sign that could end the style element; rules
reach inside the page and no further; properties that move or hide what a payer must see are not among those taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from connector.errors import WrongInput

LONGEST = 8_000
MOST_RULES = 60
PROPERTIES = frozenset(
    {
        *("color", "background-color", "border-color", "border-radius", "border-width", "border-style"),
        *("border-top-color", "border-bottom-color", "outline-color", "text-decoration-color", "accent-color"),
        *("font-family", "font-weight", "font-style", "font-variant", "letter-spacing", "text-transform"),
        *("text-decoration", "text-underline-offset", "box-shadow"),
    }
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"(?:[.#]?[A-Za-z][\w-]*)+(?::(?:hover|focus|focus-visible|first-child|last-child))?")
_VALUE = re.compile(
    r"(?:#[0-9A-Fa-f]{3,8}|-?\d*\.?\d+(?:px|rem|em|%|deg)?|[A-Za-z][A-Za-z0-9-]*|'[\w .-]+'|\"[\w .-]+\"|,)"
)
_COLOUR = re.compile(r"(?:rgb|rgba|hsl|hsla)\([\d\s.,%/deg-]+\)")


def read_styles(text: str) -> str:
    """Return rules as they may be served, one a line, each for the inside of the page. Raises WrongInput."""
    if len(text) > LONGEST:
        raise WrongInput(f"The styles may have {LONGEST:,} characters.")
    rest = _COMMENT.sub(" ", text)
    rules = list(_rules(rest))
    left = _RULE.sub("", rest).strip()
    if left:
        raise WrongInput(f"This is no rule: {left[:60]}")
    if len(rules) > MOST_RULES:
        raise WrongInput(f"There may be {MOST_RULES} rules.")
    return "\n".join(rules)


def _rules(text: str) -> Iterator[str]:
    for selectors, body in _RULE.findall(text):
        inside = ",".join(f".page {_selector(one.strip())}" for one in selectors.split(","))
        declared = ";".join(_declaration(one) for one in body.split(";") if one.strip())
        if declared:
            yield f"{inside}{{{declared}}}"


def _selector(text: str) -> str:
    parts = text.split()
    if not parts or not all(_SELECTOR.fullmatch(part) for part in parts):
        raise WrongInput(f"This selector is not taken: {text[:60]}. Tags, classes and ids with spaces between are.")
    return " ".join(parts)


def _declaration(text: str) -> str:
    name, colon, value = text.partition(":")
    name, value = name.strip().lower(), value.strip()
    if not colon or name not in PROPERTIES:
        raise WrongInput(f"This property is not taken: {name[:60] or text[:60]}.")
    pieces = _COLOUR.sub(" 0 ", value.replace("!important", " ")).replace(",", " , ")
    words = re.findall(r"'[^']*'|\"[^\"]*\"|\S+", pieces)
    if not words or not all(_VALUE.fullmatch(word) for word in words):
        raise WrongInput(f"This value is not taken: {value[:60]}.")
    return f"{name}:{' '.join(value.split())}"
