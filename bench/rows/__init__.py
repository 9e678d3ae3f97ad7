"""The rows of the table of goals, one module each, in the order of docs/performance.md."""

from __future__ import annotations

from bench.frame import Row
from bench.rows import start_up

ROWS: tuple[Row, ...] = (start_up.ROW,)
