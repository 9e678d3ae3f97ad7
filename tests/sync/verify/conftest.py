"""A company that took a payment all the way to its books, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import update

from connector.store.companies import ConnectionRow
from connector.store.session import Database
from oauth import connections
from sandbox.world import World
from tests.sync.settle.till import Till


@pytest.fixture
def till(db: Database, world: World) -> Iterator[Till]:
    """Return the company with one payment of 120.00 recorded, a receipt owed, and nothing under way."""
    till = Till(db, world)
    cipher = connections.sealed(till.rt, till.company_id, "quickbooks", connections.SECRET, "a refresh token")
    with db.write("token") as session:
        session.exec(update(ConnectionRow).where(ConnectionRow.which == "quickbooks").values(secret_cipher=cipher))
    payment_id = till.paid({till.open_invoice(120_00, "1068"): 120_00})
    till.settle(payment_id)
    till.push()
    yield till
    till.close()
