"""What a person at the terminal sees: a line for each step, and at the end a short list of links.

Colour only on a terminal. Law: it says what is true at that moment and nothing before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show that something is under way, and how long it took once it is done."""
    began = time.monotonic()
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        yield
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - began:.1f} s[/]")


def say(text: str) -> None:
    """Print a sentence."""
    console.print(text, soft_wrap=True)


def links(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print links with what they are for; an address stands whole on its line, so that it can be copied."""
    width = max(len(name) for name, _, _ in rows) + 2
    say(f"\n[bold]{title}[/]\n")
    for name, url, said in rows:
        say(f"  [bold]{name:<{width}}[/]{url}")
        say(f"  {'':{width}}[dim]{said}[/]\n")


def sorry(text: str) -> None:
    """Say what went wrong."""
    Console(stderr=True, highlight=False).print(f"[red]✗[/] {text}", soft_wrap=True)
