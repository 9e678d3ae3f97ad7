"""Dana at a till, who pays for Blue Mesa Ranch; the till's own fixtures are those of paying."""

from __future__ import annotations

import pytest

from connector.store.access import ContactCustomerRow, ContactRow
from tests.sync.collect.conftest import (  # noqa: F401  # fixtures, and the hook that leaves engines out
    _no_pauses,
    pytest_collection_modifyitems,
    till,
)
from tests.sync.collect.test_saved import DANA
from tests.sync.settle.till import Till


@pytest.fixture
def dana(till: Till) -> Till:  # noqa: F811  # the fixture
    """Let Dana pay for Blue Mesa Ranch, signed in."""
    row = ContactRow(id=DANA, company_id=till.company_id, email="dana@bluemesa.example", created_at=till.clock.now())
    with till.db.write("dana") as session:
        session.add(row)
        session.flush()
        role = {"company_id": till.company_id, "contact_id": DANA, "customer_id": till.blue_mesa, "role": "pay"}
        session.add(ContactCustomerRow(**role))
    return till
