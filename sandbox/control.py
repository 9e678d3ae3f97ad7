"""The control plane under `/_control/`: the clock, the faults, and what a person or a test does to the books from
outside.

JSON in, JSON out, for loopback callers that know the control token. Law: it reaches the stand-ins through the same
doors as everyone, so what it changes obeys the same bookkeeping.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify, request

from sandbox.clock import SandboxClock
from sandbox.faults import Faults
from sandbox.qbo.control import QuickBooksControl


class StripeSide(Protocol):
    """What the control plane asks of the Stripe stand-in."""

    def control(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked by name. Raises KeyError or ValueError for what cannot be done."""
        ...


class Steered(Protocol):
    """The world as the control plane sees it."""

    clock: SandboxClock
    faults: Faults
    control_token: str
    quickbooks: Any
    stripe: Any

    def advance(self, seconds: float) -> int:
        """Move the clock and do what fell due."""
        ...

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until nothing is on its way."""
        ...


def build_control(world: Steered) -> Blueprint:
    """Return the control plane of a world."""
    web = Blueprint("control", __name__, url_prefix="/_control")

    @web.before_request
    def guard() -> tuple[Response, int] | None:
        if not ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback:
            return jsonify({"error": "loopback only"}), 403
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), world.control_token.encode()):
            return jsonify({"error": "the control token is missing or wrong"}), 401
        return None

    @web.errorhandler(ValueError)
    @web.errorhandler(KeyError)
    def refuse(error: Exception) -> tuple[Response, int]:
        return jsonify({"error": str(error.args[0]) if error.args else type(error).__name__}), 400

    _add_world(web, world)
    _add_standins(web, world)
    return web


def _add_world(web: Blueprint, world: Steered) -> None:
    """Add the clock, the faults and the wait for rest."""

    @web.post("/clock/advance")
    def advance() -> Response:
        sent = _payload()
        entries = world.advance(float(sent.get("seconds", 0)) + float(sent.get("days", 0)) * 86400)
        return jsonify({**_clock(world), "ran": entries})

    @web.get("/faults")
    def show_faults() -> Response:
        return jsonify({"rules": world.faults.listing(), "carried_out": world.faults.carried_out})

    @web.put("/faults")
    def load_faults() -> Response:
        sent = request.get_json(silent=True)
        programme = sent.get("rules", sent) if isinstance(sent, dict) else sent
        if not isinstance(programme, list) and not (isinstance(programme, dict) and "rate" in programme):
            raise ValueError("send a list of rules, or {seed, rate, kinds}")
        world.faults.load(programme)
        return jsonify({"rules": world.faults.listing()})

    @web.delete("/faults")
    def clear_faults() -> Response:
        world.faults.load([])
        return jsonify({"rules": []})

    @web.post("/settle")
    def settle() -> Response:
        return jsonify({"settled": world.settle(float(_payload().get("timeout", 10)))})


def _add_standins(web: Blueprint, world: Steered) -> None:
    """Add what each stand-in lets be done to it."""
    quickbooks = QuickBooksControl(world.quickbooks)

    @web.get("/")
    @web.get("/state")
    def state() -> Response:
        return jsonify({"clock": _clock(world), "faults": world.faults.listing(), "quickbooks": quickbooks.state()})

    @web.route("/quickbooks/<name>", methods=["GET", "POST", "PUT", "DELETE"])
    def steer_quickbooks(name: str) -> Response:
        payload = {**request.args.to_dict(), **_payload()} if request.method == "GET" else _payload()
        return jsonify(quickbooks.control(name, payload, reading=request.method == "GET"))

    @web.route("/stripe/<name>", methods=["GET", "POST"])
    def steer_stripe(name: str) -> Response:
        stripe: StripeSide = world.stripe
        payload = {**request.args.to_dict(), **_payload()} if request.method == "GET" else _payload()
        return jsonify(stripe.control(name, payload))


def _payload() -> dict[str, Any]:
    """Return the JSON object of a request, empty where there is none. Raises ValueError for other JSON."""
    if not request.get_data():
        return {}
    sent = request.get_json(silent=True)
    if not isinstance(sent, dict):
        raise ValueError("send a JSON object")
    return sent


def _clock(world: Steered) -> dict[str, Any]:
    return {"now": world.clock.now().isoformat(), "offset_seconds": world.clock.offset}
