"""A reader of German who notices English: what a page or a mail says, and which of it nobody translated.

Knows the catalogs and no page. Law: a whole English sentence of a catalog is noticed, and so is a text with
a word that no German sentence has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from connector.translations.gathering import parts, read

SAID_BY_OTHERS = ("Thank you for your business.",)  # QuickBooks' own texts stay as they are
GIVEAWAYS = re.compile(r"\b(?:the|of|and|your|you|is|by|from|this|to|are|with|pay|paid|invoices?|payments?|on)\b", re.I)


class _Texts(HTMLParser):
    """What a page says: its texts, and the attributes that are read out or shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hushed = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hushed += tag in ("style", "script")
        self.found += [value for name, value in attrs if value and name in ("aria-label", "placeholder", "data-words")]

    def handle_endtag(self, tag: str) -> None:
        self._hushed -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._hushed and data.strip():
            self.found.append(" ".join(data.split()))


def texts_of(html: str) -> list[str]:
    """Return what a page says."""
    texts = _Texts()
    texts.feed(html)
    return texts.found


def _english() -> Iterator[re.Pattern[str]]:
    """Give a pattern for every piece of an English sentence that German says otherwise."""
    for message in read("de"):
        for english, german in zip(parts(message.id), parts(message.string), strict=True) if message.id else ():
            for piece in re.split(r"<[^>]+>", english):
                bare = re.sub(r"{\w+}", "", piece)
                is_whole = piece == english != german and re.search(r"[a-z]", bare)
                if is_whole or len(re.findall(r"[A-Za-z]{2,}", bare)) > 2:
                    yield re.compile(r".+?".join(map(re.escape, re.split(r"{\w+}", piece.strip()))))


_ENGLISH = list(_english())


def english_among(texts: Iterable[str]) -> list[str]:
    """Return the texts that are English."""
    return [
        text
        for text in texts
        if text not in SAID_BY_OTHERS
        and (
            GIVEAWAYS.search(re.sub(r'"\w+":|\{\w+\}|pay-\w+|https?:\S+|\S+@\S+', "", text))
            or any(pattern.fullmatch(text) for pattern in _ENGLISH)
        )
    ]


def english_in(html: str) -> list[str]:
    """Return what a page says in English."""
    return english_among(texts_of(html))
