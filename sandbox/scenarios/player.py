"""Plays a story: one step after the other, each told with the time on the stage's clock, and compares the end.

Knows no installation and no page. Law: an end is as it must be, or every difference is said; what a story switched is
put back however it ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

from sandbox.scenarios.ending import dollars, ended, sentences, standing
from sandbox.scenarios.scene import Installation, Scene
from sandbox.scenarios.story import End, Story

CUSTOMER = "Cedar Yard"
Tell = Callable[[datetime, str], None]


@dataclass(frozen=True)
class Played:
    """What came of a story: how it ended, what the product said, and what differs from the end in the table."""

    end: End
    said: tuple[str, ...]
    differences: tuple[str, ...]
    customers: tuple[str, ...]
    invoices: tuple[str, ...]
    intents: tuple[str, ...]

    @property
    def came_true(self) -> bool:
        """Tell whether the end is the one of the table."""
        return not self.differences


def play(story: Story, place: Installation, tell: Tell) -> Played:
    """Play a story and return how it ended; `tell` hears every step as it begins. Raises Refused and Lost."""
    scene = Scene(place, customer=CUSTOMER)
    try:
        scene.clear()
        before = standing(scene)
        for step in story.steps:
            tell(scene.now(), step.said)
            step.do(scene)
        scene.rest()
        end = ended(scene, before)
        said = tuple(sentences(scene, before))
    finally:
        scene.leave()
    numbers = tuple(str(one["Id"]) for one in scene.invoices)
    return Played(end, said, differences(story.end, end), tuple(scene.customers), numbers, tuple(scene.intents))


def differences(wanted: End, found: End) -> tuple[str, ...]:
    """Return every difference between two ends as a sentence."""
    return tuple(
        f"{field.name.removesuffix('_minor')} should be {_shown(mine)} and is {_shown(theirs)}"
        for field in fields(End)
        if (mine := getattr(wanted, field.name)) != (theirs := getattr(found, field.name))
    )


def _shown(value: int | tuple[str, ...]) -> str:
    return dollars(value) if isinstance(value, int) else "; ".join(value) or "none"
