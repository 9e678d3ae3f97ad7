"""The main job, headless: pull, pay, post back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.world import World
from sync.push import push_company
from sync.settle import settle_payment
from tests.house import House


@pytest.fixture
def house(world: World, database_url: str) -> Iterator[House]:
    house = House(world, database_url)
    yield house
    house.close()


def test_one_card_payment_reaches_the_books(house: House) -> None:
    customer = house.customer("Blue Mesa Ranch")
    invoice = house.open_invoices(customer)[0]
    payment = house.press(customer, {invoice.qbo_id: invoice.balance_minor})
    house.confirm(payment.payment_id, card="4242424242424242")
    house.world.advance(3)

    settle_payment(house.rt, payment.payment_id)
    push_company(house.rt, house.company_id)

    [booked] = house.ours_in_books("Payment", "PaymentRefNum")
    assert round(booked["TotalAmt"] * 100) == invoice.balance_minor
    [paid] = [body for body in house.in_books("Invoice") if body["Id"] == invoice.qbo_id]
    assert paid["Balance"] == 0
    assert [row.state for row in house.postings()] == ["posted", "posted"]
