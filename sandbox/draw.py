"""The chance of both stand-ins: ids, tokens and codes that nobody can guess, or drawn from a seed in a simulation.

One source for the whole program, as the machine's own is. Law: a stand-in takes chance from nowhere else, so that one
seed gives the same run, byte for byte; what listens on a socket is never seeded.
"""

from __future__ import annotations

import base64
import random
import uuid

_dice: random.Random = random.SystemRandom()


def from_seed(seed: int | str | None) -> None:
    """Draw everything from a seed from now on; None goes back to what nobody can guess."""
    global _dice
    _dice = random.SystemRandom() if seed is None else random.Random(seed)


def text_of(letters: str, length: int) -> str:
    """Return that many of these letters."""
    return "".join(_dice.choices(letters, k=length))


def hex_text(bytes_: int) -> str:
    """Return that many random bytes in hexadecimal."""
    return _dice.randbytes(bytes_).hex()


def url_text(bytes_: int) -> str:
    """Return that many random bytes, URL-safe."""
    return base64.urlsafe_b64encode(_dice.randbytes(bytes_)).rstrip(b"=").decode()


def raw_bytes(bytes_: int) -> bytes:
    """Return that many random bytes."""
    return _dice.randbytes(bytes_)


def uuid_text() -> str:
    """Return a random UUID."""
    return str(uuid.UUID(bytes=_dice.randbytes(16), version=4))
