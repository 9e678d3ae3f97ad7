"""The demo's first page: where everything is, a clock to move, and the stories to play with one click.

Serves on loopback beside the processes of the demo. Law: a page of another origin can press nothing here.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox.demo import arrival
from sandbox.demo.on_stage import OnStage
from sandbox.demo.playing import Theatre
from sandbox.host import Host
from sandbox.scenarios.ending import dollars
from sandbox.scenarios.table import BY_NAME, STORIES

if TYPE_CHECKING:
    from sandbox.demo.stage import Stage

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
MOVES = {"hour": 3600, "day": 86_400, "week": 7 * 86_400}


def raise_board(stage: Stage, arrived: arrival.Arrived) -> Host:
    """Serve the board of a running demo."""
    host = Host(build(stage, arrived, Theatre(OnStage(stage))), stage.ports.board)
    host.start()
    return host


def build(stage: Stage, arrived: arrival.Arrived, theatre: Theatre) -> Flask:
    """Return the board as a web application."""
    web = Flask(__name__)
    web.add_template_filter(said_at, "said_at")
    web.add_template_filter(dollars, "dollars")
    quickbooks, stripe = (stage.standins[one]["api_base"] for one in ("quickbooks", "stripe"))

    @web.before_request
    def refuse_foreign_page() -> None:
        origin = request.headers.get("Origin", "").rstrip("/")
        if request.method == "POST" and origin != request.host_url.rstrip("/"):
            abort(403)

    @web.after_request
    def guard(answer: Response) -> Response:
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "same-origin"  # without it a form's Origin would be null
        return answer

    @web.get("/")
    def board() -> str:
        links = _links(stage, arrived)
        busy = next((one.story for one in theatre.playings.values() if not one.is_over), None)
        return render_template("board.html", links=links, stories=STORIES, now=_now(stage), moves=MOVES, busy=busy)

    @web.get("/console")
    def console() -> AnyResponse:
        return redirect(arrival.owner_link(stage), 303)

    @web.post("/clock")
    def clock() -> AnyResponse:
        seconds = MOVES.get(request.form.get("move", "")) or abort(400)
        stage.control("clock/advance", {"seconds": seconds})
        return redirect(url_for("board"), 303)

    @web.get("/stories/<name>")
    def story(name: str) -> str:
        found = BY_NAME.get(name) or abort(404)
        playing = theatre.playings.get(name)
        places = {"quickbooks": quickbooks, "stripe": stripe, "account": stage.account}
        return render_template("story.html", story=found, playing=playing, busy=theatre.is_busy, **places)

    @web.post("/stories/<name>")
    def play(name: str) -> AnyResponse:
        theatre.begin(BY_NAME.get(name) or abort(404))
        return redirect(url_for("story", name=name), 303)

    return web


def said_at(at: datetime) -> str:
    """Return an instant as people say it: Sat 28 November, 09:36."""
    return f"{at:%a} {at.day} {at:%B, %H:%M}"


def _now(stage: Stage) -> datetime:
    return datetime.fromisoformat(stage.control("state")["clock"]["now"])


def _links(stage: Stage, arrived: arrival.Arrived) -> list[dict[str, Any]]:
    quickbooks = stage.standins["quickbooks"]["api_base"]
    rows = (
        ("Pay an invoice", stage.web_url + arrived.path, f"invoice {arrived.invoice} of {arrived.customer}"),
        ("Staff console", "/console", "signs Olivia, the owner, in"),
        ("Mailbox", stage.mailbox_url, "every mail of the demo: sign-in links, receipts"),
        ("QuickBooks stand-in", quickbooks, "invoices, payments, customers, accounts; edit, void, close the books"),
        ("Stripe stand-in", stage.stripe_url, "payments, balance, payouts; refund, dispute, fail a debit"),
    )
    return [{"name": name, "url": url, "said": said} for name, url, said in rows]
