"""A story at the terminal: its steps as they begin, its end beside the one it must have.

Law: the exit code is 0 only when the end came true.
"""

from __future__ import annotations

from datetime import datetime

from sandbox.demo import screen
from sandbox.demo.on_stage import OnStage
from sandbox.demo.stage import Stage
from sandbox.scenarios.ending import dollars
from sandbox.scenarios.player import play
from sandbox.scenarios.story import End, Story


def play_one(stage: Stage, story: Story) -> int:
    """Play a story and print it; returns the exit code."""
    screen.say(f"\n[bold]{story.title}[/]\n{story.shows}\n")
    played = play(story, OnStage(stage), _step)
    screen.say("")
    for line in lines_of(played.end):
        screen.say(f"  {line}")
    for sentence in played.said:
        screen.say(f"  [dim]{sentence}[/]")
    for difference in played.differences:
        screen.sorry(difference)
    screen.say("" if played.differences else "\nIt ended as it must.")
    return int(not played.came_true)


def _step(at: datetime, said: str) -> None:
    screen.say(f"  [dim]{at:%a} {at.day} {at:%B, %H:%M}[/]  {said}")


def lines_of(end: End) -> list[str]:
    """Return an end in lines: documents, differences, and where the money lies."""
    return [
        f"In the books: {'; '.join(end.documents) or 'nothing'}.",
        f"Differences by name: {'; '.join(end.findings) or 'none'}.",
        f"Moved: {dollars(end.stripe_minor)} on Stripe's balance, {dollars(end.clearing_minor)} on Stripe clearing, "
        f"{dollars(end.bank_minor)} on the bank account.",
        f"The customer owes {dollars(end.owed_minor)}. Unexplained: {dollars(end.unexplained_minor)}.",
    ]
