"""Stories under way in the demo: one at a time, in a thread of its own, watched by whoever looks at its page.

Knows no HTML. Law: a story that broke off says why, and the next one can be played.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.demo.crew import CrewError
from sandbox.demo.visitor import Lost
from sandbox.scenarios.player import Played, play
from sandbox.scenarios.scene import Installation, Refused
from sandbox.scenarios.story import Story


@dataclass
class Playing:
    """One playing of a story: the steps told so far, and how it ended once it did."""

    story: Story
    told: list[tuple[datetime, str]] = field(default_factory=list)
    played: Played | None = None
    trouble: str = ""

    @property
    def is_over(self) -> bool:
        """Tell whether nothing more will come."""
        return self.played is not None or bool(self.trouble)


class Theatre:
    """Plays stories on one place, and remembers the last playing of each."""

    def __init__(self, place: Installation) -> None:
        self._place = place
        self._one_at_a_time = threading.Lock()
        self.playings: dict[str, Playing] = {}

    def begin(self, story: Story) -> bool:
        """Begin a story; returns whether the stage was free."""
        if not self._one_at_a_time.acquire(blocking=False):
            return False
        playing = self.playings[story.name] = Playing(story)
        threading.Thread(target=self._play, args=(playing, self._one_at_a_time.release), daemon=True).start()
        return True

    @property
    def is_busy(self) -> bool:
        """Tell whether a story is under way."""
        return self._one_at_a_time.locked()

    def _play(self, playing: Playing, leave: Callable[[], None]) -> None:
        try:
            playing.played = play(playing.story, self._place, lambda at, said: playing.told.append((at, said)))
        except (CrewError, Refused, Lost, OSError) as error:
            playing.trouble = str(error)
        except Exception as error:  # the page must not wait for ever
            playing.trouble = f"{type(error).__name__}: {error}"
            raise
        finally:
            leave()
