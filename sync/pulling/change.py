"""A change that a pull wrote: what the object is now, and what it was before.

A value only. Law: `before` is None only for an object that was never seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session

from connector.qbo.shapes import Buffer
from sync.runtime import Runtime


class Change(NamedTuple):
    """An object that was written: its JSON, its columns now, and those it had before."""

    qbo_id: str
    text: Buffer
    now: Mapping[str, Any]
    before: Mapping[str, Any] | None


After = Callable[[Session, Runtime, str, Sequence[Change]], None]
"""What else follows from changed objects of a company, in the commit that writes them."""
