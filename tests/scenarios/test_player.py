"""The table, the page made of it, and what a player says of an end that did not come true."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.scenarios.ending import dollars
from sandbox.scenarios.player import differences
from sandbox.scenarios.story import WELL
from sandbox.scenarios.table import BY_NAME, STORIES, story_of
from sandbox.scenarios.told import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"


def test_the_page_of_the_stories_is_made_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m sandbox.scenarios.told > docs/scenarios.md"


def test_every_story_has_a_name_of_its_own_and_explains_every_cent() -> None:
    assert len(BY_NAME) == len(STORIES)
    for story in STORIES:
        named = sum(round(float(one.split()[-1].replace(",", "")) * 100) for one in story.end.findings)
        gap = story.end.stripe_minor - story.end.clearing_minor
        kinds = {one.split()[0] for one in story.end.findings}
        if kinds <= {"refund_unposted", "dispute_unposted"}:  # each a movement that the books do not hold
            assert gap == named, f"{story.name}: {dollars(gap)} apart, {dollars(named)} named"
        assert story.end.unexplained_minor == 0


def test_a_name_that_is_none_is_told_with_those_there_are() -> None:
    assert story_of("inquiry").name == "inquiry"
    with pytest.raises(KeyError, match="debit-bounces"):
        story_of("nothing")


def test_a_wrong_end_is_told_in_amounts_and_documents() -> None:
    found = replace(WELL, stripe_minor=-1_05, documents=(*WELL.documents, "Payment 1.00, unapplied 1.00"))
    said = differences(WELL, found)
    assert "stripe should be 465.78 and is -1.05" in said
    assert any("Payment 1.00" in one for one in said)
    assert differences(WELL, WELL) == ()
