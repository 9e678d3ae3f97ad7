"""The floors and the peer of the invoice list: a hello, a bare template, and the page as a tutorial writes it.

The bare template is a table of 50 ready rows and nothing else: no session, no scope, no frame. The peer loads SQLModel
objects and formats them in the template, behind no session either.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from bench.peers.invoices import PeerInvoice

ROWS = 50
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Invoices</title></head><body>
<table><thead>
<tr><th>Invoice</th><th>Issued</th><th>Due</th><th>Total</th><th>Left to pay</th><th>State</th></tr></thead>
<tbody>
{% for row in rows %}
<tr><th><a href="/i/{{ row.id }}">{{ row.number }}</a></th><td>{{ row.issued }}</td><td>{{ row.due }}</td>
<td>{{ row.total }}</td><td>{{ row.left }}</td><td><span class="mark">{{ row.state }}</span></td></tr>
{% endfor %}
</tbody></table></body></html>"""
_READY = [
    {
        "id": str(n),
        "number": f"{1000 + n}",
        "issued": "Nov 3",
        "due": "in 12 days",
        "total": f"{n},204.50",
        "left": f"{n},204.50",
        "state": "Open",
    }
    for n in range(ROWS)
]


def create_app(engine: Engine) -> Flask:
    """Return an application with `/hello`, `/bare` and `/orm`."""
    app = Flask(__name__)
    page = app.jinja_env.from_string(_PAGE)  # compiled once, as a file would be

    @app.get("/hello")
    def hello() -> str:
        return "hello"

    @app.get("/bare")
    def bare() -> str:
        return render_template(page, rows=_READY)

    @app.get("/orm")
    def orm() -> str:
        with Session(engine) as session:
            found = select(PeerInvoice).order_by(col(PeerInvoice.issued_day).desc()).limit(ROWS)
            return render_template(page, rows=[_worded(row) for row in session.exec(found)])

    return app


def _worded(row: PeerInvoice) -> dict[str, Any]:
    return {
        "id": row.qbo_id,
        "number": row.number,
        "issued": row.issued_day.strftime("%b %d"),
        "due": row.due_day.isoformat() if row.due_day else "",
        "total": f"{row.total_minor / 100:,.2f}",
        "left": f"{row.balance_minor / 100:,.2f}",
        "state": "Open" if row.balance_minor else "Paid",
    }
