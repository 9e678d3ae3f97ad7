"""docs/money.md against the code: every document, role, reason to hold and difference stands there by its own name."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.ledger.matching import EXPLAINED, Why
from connector.ledger.postings import Kind, Role
from connector.qbo.documents import ENTITY_OF
from sync.pushing.refusals import refusal_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "money.md").read_text()
SPELT = {Why.STRIPE_REST: "Stripe's rest", Why.BOOKS_REST: "the books' rest"}


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_posting_is_a_recipe(kind: Kind) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"**{ENTITY_OF[kind]}**" in line]
    assert any(kind.value in row.lower() for row in rows)


@pytest.mark.parametrize("role", list(Role))
def test_every_role_stands_in_a_recipe(role: Role) -> None:
    assert f"{role.value} +" in PAGE or f"{role.value} −" in PAGE


@pytest.mark.parametrize("why", sorted(set(Why) - EXPLAINED))
def test_every_difference_is_explained(why: Why) -> None:
    table = PAGE.partition("| Difference |")[2]
    assert SPELT.get(why, why.value) in table


@pytest.mark.parametrize("code", ["6210", "610", "2500", "620", "6000", "6190", "5010"])
def test_every_refusal_with_words_of_its_own_is_on_the_page(code: str) -> None:
    assert code in PAGE
    assert "refused this entry" not in refusal_of(code).why
