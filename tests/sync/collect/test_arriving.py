"""What was posted a moment ago is asked of nobody, though the cached balance does not show it yet."""

from __future__ import annotations

from sqlmodel import select

from connector.store.cache import InvoiceRow
from sync.pull import pull_company
from sync.reminding.asking import Asked, asked_of
from tests.sync.settle.till import Till


def asked(till: Till, invoice_id: str) -> Asked:
    with till.db.read() as session:
        row = session.exec(select(InvoiceRow).where(InvoiceRow.qbo_id == invoice_id)).one()
        return asked_of(session, till.company_id, [row])[invoice_id]


def test_a_payment_that_was_posted_is_asked_for_no_more_before_it_is_pulled(till: Till) -> None:
    invoice = till.open_invoice(20000, "1068")
    pull_company(till.rt, till.company_id, None)
    assert asked(till, invoice).amount.minor == 20000
    till.settle(till.paid({invoice: 15000}))
    assert asked(till, invoice).amount.minor == 5000
    till.push()
    assert asked(till, invoice).amount.minor == 5000
    till.later(60)
    pull_company(till.rt, till.company_id, None)
    assert asked(till, invoice).amount.minor == 5000, "nor is it taken off twice"
