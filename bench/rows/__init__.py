"""The rows of the table of goals, one module each, in the order of docs/performance.md."""

from __future__ import annotations

from bench.frame import Row
from bench.rows import (
    api_bound,
    backfill,
    first_sync,
    invoice_list,
    jobs,
    memory,
    page_postgresql,
    page_sqlite,
    pay_page,
    reconcile,
    simulation,
    standin,
    start_up,
    statement,
    unchanged_page,
    webhook,
)

ROWS: tuple[Row, ...] = (
    page_sqlite.ROW,
    page_postgresql.ROW,
    unchanged_page.ROW,
    first_sync.ROW,
    api_bound.ROW,
    memory.ROW,
    backfill.ROW,
    invoice_list.ROW,
    pay_page.ROW,
    jobs.ROW,
    start_up.ROW,
    webhook.ROW,
    statement.ROW,
    reconcile.ROW,
    simulation.ROW,
    standin.ROW,
)
