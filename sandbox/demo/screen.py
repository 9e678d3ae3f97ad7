"""What a person at the terminal sees: a line for each step, and at the end a short list of links.

Colour only on a terminal. Law: it says what is true at that moment and nothing before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

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
    console.print(text)


def links(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print links with what they are for."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, url, said in rows:
        table.add_row(f"[bold]{name}[/]", f"[link={url}]{url}[/link]" if console.is_terminal else url)
        table.add_row("", f"[dim]{said}[/]")
    console.print()
    console.print(title, style="bold")
    console.print()
    console.print(table, soft_wrap=True)
    console.print()


def sorry(text: str) -> None:
    """Say what went wrong."""
    Console(stderr=True, highlight=False).print(f"[red]✗[/] {text}", soft_wrap=True)
