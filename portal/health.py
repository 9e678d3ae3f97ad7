"""Doors for whoever watches the process: alive, and ready to serve.

Say nothing about a company. Law: alive asks nobody; ready asks the database, and only that: with Redis, Stripe or
QuickBooks away the portal still serves.
"""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.here import runtime

doors = Blueprint("health", __name__)


@doors.get("/healthz")
def live() -> ResponseReturnValue:
    """Say that the process answers."""
    return jsonify(status="live")


@doors.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say whether the database answers and has its tables."""
    try:
        with runtime().db.read() as session:
            session.connection().execute(text("SELECT 1 FROM company LIMIT 1"))
    except SQLAlchemyError:
        return jsonify(status="database does not answer"), 503
    return jsonify(status="ready")
