"""The peer of the webhook row: the SDK's `construct_event`, then a SQLModel get-then-add, one commit for an event.

Its SQLite keeps WAL with synchronous=NORMAL, the usual advice for the web: a power cut may lose what was answered.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import stripe
from sqlalchemy import Engine, event
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, create_engine

SECRET = "whsec_bench"


class PeerModel(SQLModel, registry=registry()):
    """The base of the peer's tables."""


class PeerEvent(PeerModel, table=True):
    """An event, as the peer keeps it."""

    __tablename__ = "peer_event"

    id: str = Field(primary_key=True)
    kind: str
    body: str


def open_engine(path: Path) -> Engine:
    """Open a file with the peer's table."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    PeerModel.metadata.create_all(engine)
    return engine


def signed(body: bytes, at: float) -> str:
    """Sign a body as Stripe does."""
    moment = str(int(at))
    digest = hmac.new(SECRET.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def accept(engine: Engine, body: bytes) -> None:
    """Take one event in."""
    happened = stripe.Webhook.construct_event(body, signed(body, time.time()), SECRET)
    with Session(engine) as session:
        if session.get(PeerEvent, happened.id) is None:
            session.add(PeerEvent(id=happened.id, kind=happened.type, body=body.decode()))
        session.commit()
