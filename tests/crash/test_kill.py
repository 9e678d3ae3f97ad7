"""kill -9 of web and worker at named points of a payment's life: nothing is lost, nothing is doubled."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox.demo.visitor import Lost
from sync.pushing.claims import LEASE_SECONDS
from tests.crash.plant import Plant

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
def plant(tmp_path: Path, database_url: str) -> Iterator[Plant]:
    plant = Plant(tmp_path, database_url)
    yield plant
    plant.close()


@pytest.mark.parametrize("point", WEB_POINTS)
def test_the_web_dies(plant: Plant, point: str) -> None:
    plant.start_web(crash_at=point)
    plant.start_worker()
    plant.start_scheduler()
    invoice = plant.house.open_invoices(plant.house.customer("Blue Mesa Ranch"))[0]
    browser, page = plant.pay_page(invoice.qbo_id)

    if point.startswith("inbox"):
        plant.confirm(plant.press(browser, page))
        assert plant.wait_for_kill("web") == signal.SIGKILL
        plant.stop("web")
        plant.start_web()
    else:
        with pytest.raises((requests.RequestException, Lost)):
            plant.press(browser, page)
        assert plant.wait_for_kill("web") == signal.SIGKILL
        plant.stop("web")
        plant.start_web()
        plant.confirm(plant.press(browser, page))  # the same form again, as a person presses again

    plant.wait_until_booked()
    assert len(plant.payments()) == 1
    plant.assert_booked_once(invoice.balance_minor)


@pytest.mark.parametrize("point", WORKER_POINTS)
def test_the_worker_dies(plant: Plant, point: str) -> None:
    plant.start_web()
    plant.start_worker(crash_at=point)
    invoice = plant.house.open_invoices(plant.house.customer("Blue Mesa Ranch"))[0]
    browser, page = plant.pay_page(invoice.qbo_id)
    plant.confirm(plant.press(browser, page))

    assert plant.wait_for_kill("worker") == signal.SIGKILL
    plant.start_worker()
    plant.start_scheduler()
    plant.world.advance(LEASE_SECONDS + 1)  # past every lease of the dead one

    plant.wait_until_booked()
    plant.assert_booked_once(invoice.balance_minor)
