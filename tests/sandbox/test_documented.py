"""The page about the stand-ins names every fault that can be asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.faults import TRANSPORT
from sandbox.qbo import meanings, webhooks

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("name", sorted({*TRANSPORT, *meanings.OF_THE_API, *meanings.OF_TOKENS, *webhooks.TROUBLES}))
def test_a_fault_is_documented(name: str) -> None:
    assert name in PAGE
