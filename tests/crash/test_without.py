"""The same end without webhooks, and without Redis: both only make things faster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.plant import Plant

pytestmark = pytest.mark.crash


@pytest.mark.parametrize(("webhooks", "redis"), [(False, True), (True, False)], ids=["no-webhooks", "no-redis"])
def test_a_payment_reaches_the_books(tmp_path: Path, database_url: str, webhooks: bool, redis: bool) -> None:
    plant = Plant(tmp_path, database_url, webhooks=webhooks, redis=redis)
    try:
        plant.start_web()
        if redis:
            plant.start_worker()
        plant.start_scheduler()
        invoice = plant.house.open_invoices(plant.house.customer("Blue Mesa Ranch"))[0]
        browser, page = plant.pay_page(invoice.qbo_id)
        plant.confirm(plant.press(browser, page))
        plant.world.advance(30)  # to the sweep's next look

        plant.wait_until_booked()
        plant.assert_booked_once(invoice.balance_minor)
    finally:
        plant.close()
