"""Each story once; `python -m tests.harness.browsers --times 50` plays them again and again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.browsers.stage import Stage
from tests.harness.browsers.stories import STORIES, Story

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with Stage(tmp_path_factory.mktemp("browsers")) as stage:
        yield stage


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_a_story_ends_with_one_charge(stage: Stage, story: Story) -> None:
    stage.play(story)
