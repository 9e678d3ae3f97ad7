"""Statement PDF: 37 pages against WeasyPrint. The product prints receipts so far; statements come with the reports."""

from __future__ import annotations

from bench.frame import Goal, Row

_WAITS = "statements"

ROW = Row(
    name="statement",
    area="statement PDF, 37 pages",
    floor="reportlab",
    peer="WeasyPrint",
    goals=(
        Goal("against WeasyPrint", 10, at_most=False, waits_for=_WAITS),
        Goal("size", 400, at_most=True, unit=" KB", waits_for=_WAITS),
    ),
)
