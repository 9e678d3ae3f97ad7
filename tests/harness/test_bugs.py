"""Every seeded bug is planted at a seam that exists, says what must catch it and where, and is taken out again."""

from __future__ import annotations

import pytest

from tests.harness import bugs
from tests.harness.bugs import _owner


@pytest.mark.parametrize("name", sorted(bugs.known()))
def test_a_bug_is_planted_and_taken_out(name: str) -> None:
    bug = bugs.known()[name]
    before = [getattr(_owner(place), of) for place, of in bug.places]
    with bugs.planted(name):
        assert all(getattr(_owner(place), of) is not real for (place, of), real in zip(bug.places, before, strict=True))
        with pytest.raises(AssertionError, match="planted already"):
            bug.apply()
    assert [getattr(_owner(place), of) for place, of in bug.places] == before
    assert bug.caught_by
    assert bug.layers
