"""What may be attached to a message: a few PDFs and pictures, known by their first bytes and not by their names.

Pure. Law: what a browser says about a file is not believed; a file's name holds nothing that could act as a path.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from connector.errors import WrongInput
from connector.words import say

MOST_FILES = 5
LARGEST_FILE = 5 * 1024 * 1024
LONGEST_NAME = 80
_SIGNATURES = {
    b"%PDF-": ("application/pdf", ".pdf"),
    b"\x89PNG\r\n\x1a\n": ("image/png", ".png"),
    b"\xff\xd8\xff": ("image/jpeg", ".jpg"),
}


@dataclass(frozen=True)
class File:
    """A file that may be attached."""

    name: str
    media_type: str
    body: bytes


def read_files(given: Sequence[tuple[str, bytes]]) -> list[File]:
    """Return files by name and bytes, as they may be kept. Raises WrongInput with a sentence for whoever sent them."""
    if len(given) > MOST_FILES:
        raise WrongInput(say("Attach up to five files."))
    return [_read(name, body) for name, body in given]


def _read(name: str, body: bytes) -> File:
    if len(body) > LARGEST_FILE:
        raise WrongInput(say("{file} is too large. A file may have 5 MB.", file=_plain(name)))
    for signature, (media_type, ending) in _SIGNATURES.items():
        if body.startswith(signature):
            stem = _plain(name).rpartition(".")[0] or _plain(name)
            return File(stem + ending, media_type, body)
    raise WrongInput(say("{file} is neither a PDF nor a PNG or JPEG picture.", file=_plain(name)))


def _plain(name: str) -> str:
    """Return a file's name without folders and signs that mean something to a system."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*')
    return kept.strip(" .")[-LONGEST_NAME:] or "file"
