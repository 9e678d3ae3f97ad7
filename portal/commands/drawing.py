"""What is drawn on a terminal: progress bars with rate and time left, tables with aligned figures.

Loads rich, so only commands that draw import it. Law: it draws for a person; what a program reads never passes here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.engine import Progress as Pulled


@contextmanager
def bars(title: str) -> Iterator[Callable[[Pulled], None]]:
    """Draw a bar for each entity that is pulled; gives the listener to hand to the pull."""
    console = Console(stderr=True)
    console.print(title, style="bold")
    columns = (
        TextColumn("{task.description:>16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.speed:.0f}/s"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console, transient=False) as drawn:

        def listen(progress: Pulled) -> None:
            if progress.entity not in tasks:
                tasks[progress.entity] = drawn.add_task(progress.entity, total=progress.expected)
            drawn.update(tasks[progress.entity], completed=progress.pulled, total=progress.expected)

        yield listen


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, figures: Sequence[int] = ()) -> None:
    """Print a table; the columns numbered in `figures` are aligned to the right."""
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    for n, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if n in figures else "left", no_wrap=n in figures)
    for row in rows:
        drawn.add_row(*row)
    Console().print(drawn)
