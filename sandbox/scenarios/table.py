"""All stories in the order in which a person meets them, and how to find one by its name."""

from __future__ import annotations

from sandbox.scenarios import money, trouble
from sandbox.scenarios.story import Story

STORIES: tuple[Story, ...] = (*money.STORIES, *trouble.STORIES)
BY_NAME: dict[str, Story] = {story.name: story for story in STORIES}


def story_of(name: str) -> Story:
    """Return a story by its name. Raises KeyError with a sentence that lists the names."""
    if name not in BY_NAME:
        raise KeyError(f"There is no story {name!r}. There are: {', '.join(BY_NAME)}.")
    return BY_NAME[name]
