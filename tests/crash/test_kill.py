"""kill -9 of web and worker at named points of a payment's life: nothing is lost, nothing is doubled.

And the same end without webhooks, and without Redis: both only make things faster.
"""

from __future__ import annotations

import signal

import pytest
import requests

from connector.store.cache import InvoiceRow
from sandbox.demo.visitor import Lost
from sync.pushing.claims import LEASE_SECONDS
from tests.crash.plant import Plant, wait_for

pytestmark = pytest.mark.crash

# Where the process dies, and what stands at that instant.
WEB_POINTS = (
    "pay.after_commit",  # the payment row stands, Stripe knows nothing
    "stripe.intent.create.after_send",  # the intent stands at Stripe, its id is not ours yet
    "inbox.after_commit",  # the webhook is stored, Stripe has no answer
)
WORKER_POINTS = (
    "settle.before_commit",  # the charge was read, nothing is written
    "claim.after_commit",  # the posting is claimed, nothing was sent
    "qbo.payment.create.after_send",  # the Payment is in QuickBooks, we do not know it
    "push.before_commit",  # the answer is read, not kept
)


@pytest.fixture
def invoice(plant: Plant) -> InvoiceRow:
    """An open invoice that no test has paid."""
    return next(one for one in plant.all_open_invoices() if not plant.payments_of(one.qbo_id))


@pytest.mark.parametrize("point", WEB_POINTS)
def test_the_web_dies(plant: Plant, invoice: InvoiceRow, point: str) -> None:
    browser, page = plant.pay_page(invoice.qbo_id)
    if point.startswith("inbox"):
        pressed = plant.press(browser, page)
        plant.lay_trap(point)
        plant.confirm(pressed)
        assert plant.wait_for_kill("web") == signal.SIGKILL
    else:
        plant.lay_trap(point)
        with pytest.raises((requests.RequestException, Lost)):
            plant.press(browser, page)
        assert plant.wait_for_kill("web") == signal.SIGKILL
        wait_for("the next web worker", plant.is_up)
        plant.confirm(plant.press(browser, page))  # the same form again, as a person presses again

    wait_for("the next web worker", plant.is_up)
    plant.world.advance(30)  # to the sweep's next look
    plant.wait_until_booked(invoice)
    plant.assert_booked_once(invoice)


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_the_worker_dies(plant: Plant, invoice: InvoiceRow, point: str) -> None:
    plant.kill("scheduler")  # so that nobody but the worker passes the point
    browser, page = plant.pay_page(invoice.qbo_id)
    plant.lay_trap(point)
    plant.confirm(plant.press(browser, page))

    assert plant.wait_for_kill("worker") == signal.SIGKILL
    plant.start_worker()
    plant.start_scheduler()
    plant.world.advance(LEASE_SECONDS + 1)  # past every lease of the dead one

    plant.wait_until_booked(invoice)
    plant.assert_booked_once(invoice)


def test_a_payment_reaches_the_books_without_webhooks(plant: Plant, invoice: InvoiceRow) -> None:
    plant.world.stripe.control("webhooks", {"mode": "drop"})
    try:
        browser, page = plant.pay_page(invoice.qbo_id)
        plant.confirm(plant.press(browser, page))
        plant.world.advance(30)  # to the sweep's next look
        plant.wait_until_booked(invoice)
    finally:
        plant.world.stripe.control("webhooks", {"mode": "deliver"})
    plant.assert_booked_once(invoice)


def test_a_payment_reaches_the_books_without_redis(plant: Plant, invoice: InvoiceRow) -> None:
    plant.stop("redis")
    try:
        browser, page = plant.pay_page(invoice.qbo_id)
        plant.confirm(plant.press(browser, page))
        plant.world.advance(30)
        plant.wait_until_booked(invoice)
    finally:
        plant.start_redis()
    plant.assert_booked_once(invoice)
