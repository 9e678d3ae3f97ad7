"""What the address of a list asks for: search, filters, an open row, a page; and the addresses beside it.

Law: what is not known counts as not asked; a list's state is its address, so that it can be kept and sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

PAGE = 50
LONGEST = 80


@dataclass(frozen=True)
class Wish:
    """The words of an address, and the address with some of them changed."""

    endpoint: str
    words: Mapping[str, str]
    page: int

    def __getitem__(self, name: str) -> str:
        return self.words.get(name, "")

    @property
    def offset(self) -> int:
        """Return how many rows stand before this page."""
        return (self.page - 1) * PAGE

    def address(self, **changes: Any) -> str:
        """Return the address with words changed; from its first page unless a row is opened or a page is named."""
        page = changes.pop("page", self.page if set(changes) == {"open"} else 1)
        words = {**self.words, **changes, "page": page if page > 1 else ""}
        return url_for(self.endpoint, **{name: value for name, value in words.items() if value not in ("", None)})


def read_wish(endpoint: str, *, free: Collection[str] = ("q",), **choices: Collection[str]) -> Wish:
    """Read the address of this request: `free` words as they are, others only from their choices."""
    given = request.args
    words = {name: given.get(name, "").strip()[:LONGEST] for name in (*free, "open")}
    words |= {name: given.get(name, "") for name, allowed in choices.items() if given.get(name, "") in allowed}
    page = given.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 5 else 1
    return Wish(endpoint, {name: word for name, word in words.items() if word}, max(number, 1))
